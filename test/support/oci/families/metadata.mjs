/** Xattrs, sizes and times. */
import { lin, mod, zeros } from "../content.mjs";
import { Names, Xoshiro256 } from "../random.mjs";
import { dir, file, symlink } from "../tar.mjs";
import { CAP_NET_RAW, image, skeleton } from "./common.mjs";

const SHARED = ["user.shared", "the same value on many files"];
const SELINUX = ["security.selinux", "system_u:object_r:container_file_t:s0:c1,c2\0"];
const ACL = ["system.posix_acl_access", Buffer.from("0200000001000600ffffffff04000400ffffffff20000400ffffffff", "hex")];

/** Extended attributes and what the two filters leave of them. */
export function xattrs(seed) {
  const random = new Xoshiro256(0x7a77a000 + seed);
  const names = new Names(random);
  const time = 1450000000;
  const user = Array.from({ length: 6 }, () => {
    const key = `user.${names.make()}`;
    return [key, random.data(random.between(1, 40))];
  });
  const capability = ["security.capability", CAP_NET_RAW];
  const config = (data, ...list) => file(`etc/${names.make()}`, data, { xattrs: list });
  const binary = (data, ...list) => file(`usr/bin/${names.make()}`, data, { mode: 0o755, xattrs: list });
  const lower = [
    dir("usr", { uid: 10, gid: 20, mtime: time, xattrs: [user[0], SELINUX] }),
    dir("usr/bin", { mtime: time }),
    dir("etc", { mtime: time, xattrs: [SELINUX, ["trusted.overlay.opaque", "y"]] }),
    binary(mod(4096, 251), capability, SELINUX, user[1]),
    binary("caps inline\n", user[2], capability),
    config("x\n", ["user.empty", ""], ["user.nul", "a\0b\0"], ["user.eq", "k=v\n"], ["user.dash", "-"]),
    config("acl\n", ACL, user[3]),
    symlink(`etc/${names.make()}`, "somewhere", { xattrs: [["trusted.x", "1"], user[4]] }),
    config("dup\n", ["user.twice", "first"], ["user.twice", "last"]),
    config(
      "overlay\n",
      ["trusted.overlay.redirect", "/evil"],
      ["trusted.overlay.metacopy", ""],
      ["user.overlay.redirect", "/x"],
    ),
    config(
      "other\n",
      ["security.ima", "\x03\x02"],
      ["security.evm", "\x02"],
      ["lustre.lov", "1"],
      ["USER.case", "1"],
      ["users.x", "1"],
      ["security.capability.x", "1"],
    ),
    config(mod(129, 77), SHARED, user[5]),
    ...[0, 1, 2, 3, 4].map((i) => file(`etc/shared${i}`, `s${i}\n`, { xattrs: [SHARED] })),
  ];
  // Of a directory that an upper layer brings again the xattrs are replaced as a whole.
  const upper = [dir("etc", { mode: 0o750, mtime: time + 5, xattrs: [["user.upper", "2"], capability] })];
  return image([lower, upper]);
}

const SIZES = [
  ...[0, 1, 2, 63, 64, 65, 66, 127, 128, 255, 256, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097],
  ...[8191, 8192, 8193, 65535, 65536, 65537, 131072, 4096 * 128, 4096 * 128 + 1, 4096 * 129],
];

/** Sizes around the inline limit and the block of the hash. */
export function sizes(seed) {
  const random = new Xoshiro256(0x51e50000 + seed);
  return image([
    [
      ...skeleton(random),
      ...SIZES.map((size) => file(`var/size-${size}`, lin(size, 1 + 2 * (seed % 100), seed % 256), { mtime: size })),
      file("var/same-a", mod(300, 9)),
      file("var/same-b", mod(300, 9), { mode: 0o600, uid: 5 }),
      file("var/zero-a", zeros(70)),
    ],
  ]);
}

const FRACTIONS = [
  ...["", ".", ".5", ".25", ".000000001", ".999999999", ".1234567891", ".0", ".000000000", ".12345678"],
  ...[".00000000099", ".50000000000000000001"],
];

/** Modification times with fractions. */
export function times(seed) {
  const random = new Xoshiro256(0x713e5000 + seed);
  const base = 1000000000 + random.below(500000000);
  const at = (text) => ({ mtime: 1, pax: [["mtime", text]] });
  return image([
    [
      dir("usr", { ...at(`${base}.${String(random.below(1000000000)).padStart(9, "0")}`), mtime: base }),
      dir("usr/lib", { mtime: base }),
      dir("var"),
      ...FRACTIONS.map((fraction, i) =>
        file(`var/t${String(i).padStart(2, "0")}`, "t\n", at(`${base + i}${fraction}`)),
      ),
      file("var/header-only", "h\n", { mtime: base + 100 }),
      file("var/zero", "z\n"),
      symlink("var/link", "t00", at(`${base}.75`)),
      dir("run", { ...at("77.5"), mtime: 0 }),
      file("run/x", "x"),
    ],
  ]);
}
