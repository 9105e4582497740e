/** Tar itself: formats of headers, names, numbers, extensions. */
import { mod } from "../content.mjs";
import { Names, Xoshiro256 } from "../random.mjs";
import { dir, entry, file, gnuLong, hardlink, pax, paxRecord, rawPax, symlink } from "../tar.mjs";
import { CAP_NET_RAW, image, skeleton } from "./common.mjs";

const GNU = { format: "gnu" };

/** What every tar reader should agree on. */
export function formats(seed) {
  const random = new Xoshiro256(0xf0f0f000 + seed);
  const names = new Names(random);
  const time = 1400000000 + random.below(100000000);
  const at = (offset) => ({ mtime: time + offset });
  const deep = names.take(6).map((_, i, parts) => `usr/share/${parts.slice(0, i + 1).join("/")}`);
  const longDir = `usr/share/${"d".repeat(100)}`;
  const longName = "n".repeat(120);
  const [japanese, german, crab] = ["日本語", "äöü", "🦀"].map((text) => `usr/share/${text}-${names.make()}`);
  const latin = Buffer.from(`usr/share/F\xf5tan\xfas\xedtv\xe1ny-${names.make()}`, "latin1");
  const latinPax = Buffer.concat([latin, Buffer.from("-pax")]);
  const first = [
    dir("./", { mode: 0o700, uid: 3, gid: 4, mtime: 7 }),
    dir("./usr/", at(0)),
    dir("/usr/bin", at(1)),
    dir("usr//lib///", at(2)),
    dir("usr/./share", at(3)),
    dir("etc/", { ...at(4), ...GNU }),
    dir("var", { ...at(5), format: "v7" }),
    dir("dev", at(6)),
  ];
  const numbers = [
    entry("v7file", `etc/v7-${names.make()}`, { ...at(0), mode: 0o640, uid: 1, gid: 2, data: "v7\n", format: "v7" }),
    file("etc/gnu", mod(66, 5), { ...at(9), ...GNU }),
    file("etc/b256", mod(300, 11), {
      ...{ ...at(10), ...GNU, uid: 3000000 + random.below(1000), gid: 70000 },
      base256: ["uid", "gid", "size", "mtime"],
    }),
    file("etc/far-future", "2300\n", { ...GNU, mtime: 8589934592 + random.below(600000000) }),
    file("etc/uid-2097151", "", { uid: 2097151, gid: 2097150 }),
  ];
  const overrides = [
    file("etc/wrong-name", "pax\n", {
      ...{ uid: 1, gid: 1, mtime: 1 },
      pax: Object.entries({ path: "etc/pax-named", uid: "4294967294", gid: "65536", mtime: "1234567890" }),
    }),
    file("etc/pax-size", mod(777, 13), { pax: Object.entries({ size: "777", mtime: String(time) }) }),
    file("etc/pax-ignored", "x", {
      pax: Object.entries({
        comment: "c",
        atime: "1.5",
        ctime: "2.5",
        uname: "root",
        gname: "wheel",
        "LIBARCHIVE.xattr.user.a": "dGVzdA==",
        "SCHILY.acl.access": "user::rw-",
        hdrcharset: "BINARY",
      }),
    }),
  ];
  const long = [
    ...deep.map((name) => dir(name, at(0))),
    file(`${deep[5]}/${"p".repeat(60)}`, "prefix field\n", { ...at(0), long: "prefix" }),
    dir(`${longDir}/`, { ...at(0), ...GNU, long: "gnu" }),
    file(`${longDir}/${longName}`, mod(500, 17), { ...at(0), ...GNU, long: "gnu" }),
    file(`${longDir}/pax-${longName}`, "pax path\n", { ...at(0), long: "pax" }),
    symlink("usr/share/longlink-gnu", `${longDir}/${longName}`, { ...GNU, linkLong: "gnu" }),
    symlink("usr/share/longlink-pax", `${longDir}/pax-${longName}`, { linkLong: "pax" }),
    hardlink("usr/share/hard-gnu", `${longDir}/${longName}`, { ...GNU, linkLong: "gnu" }),
    hardlink("usr/share/hard-pax", `${longDir}/pax-${longName}`, { linkLong: "pax" }),
    // PAX header first, GNU long name second: both apply.
    pax([["SCHILY.xattr.user.mixed", "1"]]),
    file(`usr/share/${"m".repeat(110)}`, "mixed\n", { ...GNU, long: "gnu" }),
  ];
  const unusual = [
    file(japanese, "utf8\n"),
    file(german, mod(65, 2)),
    dir(crab),
    file(`${crab}/x`, ""),
    file(latin, "latin1\n"),
    file(latinPax, "latin1 pax\n", { pax: [["path", latinPax]] }),
    ...Object.entries({ "with space": "a b\n", "back\\slash": "\\\n", "new\nline": "\n", "tab\there": "\t" }),
    ...Object.entries({ "eq=sign": "=", "-": "-", "-dash": "--", "#hash": "#", "\x7fdel": "", "..dots": ".." }),
    ["...", "..."],
    symlink("usr/share/link space", "a b\\c\nd"),
    symlink("usr/share/link-dash", "-"),
    file(`usr/share/${"b".repeat(90)}`, "exactly 100 bytes of name\n"),
    file(`usr/share/${"c".repeat(245)}`, "a 245 byte component\n", { long: "pax" }),
  ].map((one) => (Array.isArray(one) ? file(`usr/share/${one[0]}`, one[1]) : one));
  const special = [
    entry("chr", "dev/null", { mode: 0o666, dev: [1, 3] }),
    entry("chr", "dev/tty", { mode: 0o620, gid: 5, dev: [5, 0] }),
    entry("blk", "dev/sda", { mode: 0o660, gid: 6, dev: [8, 0] }),
    entry("blk", "dev/big", { mode: 0o660, dev: [259, 70000] }),
    entry("fifo", "dev/initctl", { mode: 0o600 }),
    file("usr/bin/suid", mod(80, 4), { mode: 0o4755 }),
    file("usr/bin/sgid", "", { mode: 0o2755 }),
    dir("var/tmp", { mode: 0o1777 }),
    file("usr/bin/none", "", { mode: 0 }),
  ];
  return image([[...first, ...numbers, ...overrides, ...long, ...unusual, ...special]], { record: 10240 });
}

/** Details on which readers differ. */
export function oddformats(seed) {
  const random = new Xoshiro256(0x0ddf0000 + seed);
  const time = 1410000000 + random.below(1000000);
  return image(
    [
      [
        ...skeleton(random),
        entry("contiguous", "etc/contiguous", { mtime: time, data: mod(100, 9) }),
        file("usr/bin/typed", "mode field with type bits\n", { mode: 0o100755 }),
        dir("usr/typed", { mode: 0o040711 }),
        // A V7 file whose name ends in a slash is a file, not a directory.
        entry("v7file", "etc/slash/", { mtime: time, data: "file\n", format: "v7" }),
        // Numbers with spaces, without a terminator, without digits.
        file("etc/spaces", "s", {
          patch: [
            [108, "   17 \0 "],
            [116, "0000017 "],
            [136, " 7654321   \0"],
          ],
        }),
        file("etc/full", "f", { patch: [[136, "011234567012"]] }),
        file("etc/blank", "", {
          patch: [
            [108, "        "],
            [116, Buffer.alloc(8)],
          ],
        }),
        // Records after a malformed length are not read.
        rawPax(Buffer.concat([paxRecord("uid", "5"), Buffer.from("x".repeat(20))])),
        file("etc/x", "x"),
        // PAX values win over GNU long names whatever the order.
        gnuLong("L", "etc/from-gnu"),
        pax([["path", "etc/from-pax"]]),
        file("etc/y", "y"),
        pax([["path", "etc/from-pax2"]]),
        gnuLong("L", "etc/from-gnu2"),
        file("etc/z", "z"),
        // Of two values the last counts.
        file("etc/twice", "t", {
          pax: [
            ["uid", "1"],
            ["uid", "2"],
            ["mtime", "10"],
            ["mtime", "20"],
          ],
        }),
        // A user id wider than 32 bits is cut.
        file("etc/wide", "w", { pax: Object.entries({ uid: "4294967297", gid: "8589934592" }) }),
      ],
    ],
    // Nothing behind the last entry but the end of the stream.
    { end: 0 },
  );
}

/** PAX global headers, which are skipped and never applied. */
export function global(seed) {
  const random = new Xoshiro256(0x610ba000 + seed);
  const time = 1420000000 + random.below(1000000);
  const records = [
    ["mtime", "5"],
    ["uid", "77"],
    ["gid", "78"],
    ["path", "etc/wrong"],
    ["SCHILY.xattr.security.capability", CAP_NET_RAW],
  ];
  return image([
    [
      dir("usr", { mtime: time, global: records }),
      dir("etc", { mtime: time + 1 }),
      file("etc/one", "1\n", { mtime: time + 2 }),
      file("etc/two", mod(65, 5), { mtime: time + 3, global: records.slice(0, 1) }),
      file("etc/three", "3\n", { pax: [["mtime", `${time}.5`]] }),
    ],
  ]);
}
