/**
 * What is just within a limit or a rule of oci-to-tree.md 2 to 4 and 9, and what is just beyond: pairs of items, with the
 * code of the refusal.
 */
import {
  dir,
  dirs,
  type Entry,
  type EntryOptions,
  entry,
  file,
  gnuLong,
  hardlink,
  type Item,
  pax,
  rawPax,
  symlink,
  tarball,
  whiteout,
  withChecksum,
} from "./tar.mjs";

/** A layer with these items behind /usr and /etc. */
export const layerOf = (items: readonly Item[]) => tarball([...dirs("usr", "etc"), ...items]);

const x = (options: EntryOptions): Entry => file("etc/x", "x", options);
const withPax = (key: string, value: string) => x({ pax: [[key, value]] });
const patched = (at: number, bytes: string | Buffer) => x({ patch: [[at, bytes]] });
const hex = (digits: string) => Buffer.from(digits, "hex");
const name = (bytes: number) => "n".repeat(bytes);
/** Directories to a path of `bytes` bytes, its leading slash counted, and a file at it. */
function deep(bytes: number): Item[] {
  const parts = Array.from({ length: 20 }, () => name(199));
  const folders = parts.map((_, i) => dir(`etc/${parts.slice(0, i + 1).join("/")}`));
  const path = `etc/${parts.join("/")}/`;
  return [...folders, file(path + name(bytes - 1 - path.length), "deep")];
}
const xattrs = (...list: [string, string][]) => x({ xattrs: list });
const device = (options: EntryOptions) => entry("chr", "etc/x", options);

/** A header with another text as its mode, and what follows it. */
function withMode(bytes: Buffer, mode: string): Buffer {
  const out = Buffer.from(bytes);
  out.write(mode, 100, "latin1");
  withChecksum(out.subarray(0, 512));
  return out;
}

/** What it is about, items that are taken, items that are refused, the code. */
export const LIMITS: readonly [string, Item[], Item[], string][] = [
  ["octal number in all bytes", [patched(108, "77777777")], [patched(108, "77777778")], "TAR_NUMBER"],
  ["a plus sign before it", [patched(108, "+000017\0")], [patched(108, "++00017\0")], "TAR_NUMBER"],
  ["white space around it", [patched(136, "\t\n\v\f\r 17 \t\0")], [patched(136, "1 7\0")], "TAR_NUMBER"],
  ["what follows a zero byte", [patched(108, "17\0zzzz\0")], [patched(108, "17z\0\0\0\0\0")], "TAR_NUMBER"],
  ["mode that PAX cannot mend", [patched(100, "000644 \0")], [patched(100, "000648 \0")], "TAR_NUMBER"],
  ["device numbers of a file", [patched(329, "0000777\0")], [patched(329, hex("8000000000000001"))], "TAR_NUMBER"],
  ["device numbers of an old header", [x({ format: "v7", patch: [[329, "zz"]] })], [patched(337, "zz")], "TAR_NUMBER"],
  ["mode of an extension, which nobody reads", [withMode(pax([]), "zz"), x({})], [patched(100, "zz")], "TAR_NUMBER"],
  [
    "base 256 of 64 bits",
    [x({ pax: [["mtime", "1"]], patch: [[136, hex("80000000ffffffffffffffff")]] })],
    [x({ pax: [["mtime", "1"]], patch: [[136, hex("800000010000000000000000")]] })],
    "TAR_NUMBER_RANGE",
  ],
  [
    "negative base 256",
    [x({ patch: [[108, hex("bfffffffffffffff")]] })],
    [x({ patch: [[108, hex("c000000000000000")]] })],
    "TAR_NUMBER_NEGATIVE",
  ],
  [
    "mtime of 63 bits",
    [x({ patch: [[136, hex("800000007fffffffffffffff")]] })],
    [x({ patch: [[136, hex("800000008000000000000000")]] })],
    "TAR_MTIME_RANGE",
  ],
  [
    "mtime of 63 bits by PAX",
    [withPax("mtime", "9223372036854775807")],
    [withPax("mtime", "9223372036854775808")],
    "TAR_MTIME_RANGE",
  ],
  [
    "PAX number of 64 bits",
    [withPax("uid", "18446744073709551615")],
    [withPax("uid", "18446744073709551616")],
    "TAR_PAX_NUMBER",
  ],
  ["PAX number with a sign", [withPax("gid", "+5")], [withPax("gid", "-5")], "TAR_PAX_NUMBER"],
  ["PAX number that is empty", [withPax("gid", "0")], [withPax("gid", "")], "TAR_PAX_NUMBER"],
  ["PAX number with white space", [withPax("gid", "007")], [withPax("gid", " 7")], "TAR_PAX_NUMBER"],
  ["mtime without seconds", [withPax("mtime", "0.5")], [withPax("mtime", ".5")], "TAR_PAX_NUMBER"],
  [
    "a wrong number before a right one",
    [
      x({
        pax: [
          ["uid", "7"],
          ["uid", "8"],
        ],
      }),
    ],
    [
      x({
        pax: [
          ["uid", "x"],
          ["uid", "8"],
        ],
      }),
    ],
    "TAR_PAX_NUMBER",
  ],
  [
    "the key alone is UTF-8",
    [pax([[Buffer.from("é"), Buffer.from([0xff])]]), x({})],
    [pax([[Buffer.from([0xc0, 0x80]), ""]]), x({})],
    "TAR_PAX_KEY_UTF8",
  ],
  ["surrogates in a key", [pax([["\u{10ffff}", ""]]), x({})], [pax([[hex("eda080"), ""]]), x({})], "TAR_PAX_KEY_UTF8"],
  ["a PAX record to the end", [rawPax("13 uid=00005\n"), x({})], [rawPax("14 uid=00005\n"), x({})], "TAR_PAX_LENGTH"],
  ["a PAX record without a number", [rawPax("x uid=5\n"), x({})], [rawPax("7 uid=5\n"), x({})], "TAR_PAX_NEWLINE"],
  ["a PAX length with a plus sign", [rawPax("+9 uid=5\n"), x({})], [rawPax("+8 uid=5\n"), x({})], "TAR_PAX_NEWLINE"],
  [
    "a PAX length of 64 bits",
    [rawPax("18446744073709551616 uid=x\n"), x({})],
    [rawPax("18446744073709551615 uid=5\n"), x({})],
    "TAR_PAX_LENGTH",
  ],
  ["a PAX record of nothing", [rawPax("5 a=\n"), x({})], [rawPax("4 a\n"), x({})], "TAR_PAX_EQUALS"],
  [
    "a global header before an extension",
    [pax([["comment", "c"]], "g"), pax([["uid", "5"]]), x({})],
    [pax([["uid", "5"]]), pax([["comment", "c"]], "g"), x({})],
    "TAR_GLOBAL_BETWEEN",
  ],
  [
    "extensions of 1 MiB in all",
    [gnuLong("L", "etc/x"), rawPax(Buffer.alloc(1048576 - 6)), x({ format: "gnu" })],
    [gnuLong("L", "etc/x"), rawPax(Buffer.alloc(1048576 - 5)), x({ format: "gnu" })],
    "TAR_EXTENSION_TOO_LARGE",
  ],
  [
    "a global header of 1 MiB",
    [rawPax(Buffer.alloc(1048576), "g"), x({})],
    [rawPax(Buffer.alloc(1048577), "g"), x({})],
    "TAR_EXTENSION_TOO_LARGE",
  ],
  [
    "two long names",
    [gnuLong("K", "t"), gnuLong("L", "etc/x"), x({})],
    [gnuLong("K", "t"), gnuLong("K", "t"), x({})],
    "TAR_EXTENSION_TWICE",
  ],
  ["a header that ends behind extensions", [pax([]), x({})], [gnuLong("L", "etc/x")], "TAR_EXTENSION_PENDING"],
  ["types of an old header", [x({ format: "v7" })], [x({ format: "v7", type: "x" })], "TAR_TYPE"],
  [
    "a directory with PAX size 0",
    [dir("etc/d", { pax: [["size", "0"]] })],
    [dir("etc/d", { pax: [["size", "1"]] })],
    "TAR_TYPE_SIZE",
  ],
  [
    "device numbers of the kernel",
    [device({ dev: [4095, 1048575] })],
    [device({ dev: [4096, 0] })],
    "TAR_DEVICE_RANGE",
  ],
  ["minor number of the kernel", [device({ dev: [0, 255] })], [device({ dev: [0, 1048576] })], "TAR_DEVICE_RANGE"],
  ["component of 255 bytes", [file(`etc/${name(255)}`, "")], [file(`etc/${name(256)}`, "")], "TAR_NAME_TOO_LONG"],
  [
    "component of 255 bytes in a whiteout",
    [whiteout(`etc/.wh.${name(251)}`)],
    [whiteout(`etc/.wh.${name(252)}`)],
    "TAR_NAME_TOO_LONG",
  ],
  ["zero byte in a name", [gnuLong("L", "etc/x"), x({})], [gnuLong("L", "etc/x\0y"), x({})], "TAR_NAME_NUL"],
  ["zero byte at the end of a PAX name", [withPax("path", "etc/y")], [withPax("path", "etc/y\0")], "TAR_NAME_NUL"],
  ["path of 4096 bytes", deep(4096), deep(4097), "TAR_PATH_TOO_LONG"],
  ["name that is empty by PAX", [withPax("path", "etc/y")], [withPax("path", "")], "TAR_NAME_EMPTY"],
  ["root as a hardlink", [dir("/")], [hardlink("./", "etc")], "TAR_ROOT_TYPE"],
  [
    "hardlink whose target is empty by PAX",
    [x({}), hardlink("etc/l", "/etc//./x/")],
    [x({}), hardlink("etc/l", "etc/x", { pax: [["linkpath", ""]] })],
    "TAR_LINK_EMPTY",
  ],
  [
    "hardlink that is a whiteout",
    [x({}), hardlink("etc/.wh.x", "etc/x")],
    [hardlink("etc/.wh.x", "etc/x")],
    "LAYER_LINK_MISSING",
  ],
  [
    "hardlink through a file",
    [x({}), hardlink("etc/l", "etc/x")],
    [x({}), hardlink("etc/l", "etc/x/y")],
    "LAYER_LINK_MISSING",
  ],
  ["hardlink to the root", [x({}), hardlink("l", "etc/x")], [hardlink("l", "./")], "LAYER_LINK_TO_DIRECTORY"],
  ["symlink with a target", [symlink("etc/l", "/")], [symlink("etc/l", "")], "TAR_SYMLINK_EMPTY"],
  [
    "symlink target of 4095 bytes",
    [symlink("etc/l", name(4095))],
    [symlink("etc/l", name(4096))],
    "TAR_SYMLINK_TOO_LONG",
  ],
  [
    "zero byte in a symlink target",
    [symlink("etc/l", "t", { pax: [["linkpath", "u"]] })],
    [symlink("etc/l", "t", { pax: [["linkpath", "u\0"]] })],
    "TAR_SYMLINK_NUL",
  ],
  [
    "xattr key of 255 bytes",
    [xattrs([`security.${name(246)}`, ""])],
    [xattrs([`user.${name(251)}`, ""])],
    "TAR_XATTR_KEY",
  ],
  ["xattr key with a byte", [xattrs(["u", ""])], [xattrs(["", "v"])], "TAR_XATTR_KEY"],
  ["zero byte in an xattr value", [xattrs(["user.a", "\0"])], [xattrs(["user.a\0", ""])], "TAR_XATTR_KEY"],
  [
    "xattrs of 32767 bytes",
    [xattrs(["security.capability", "v".repeat(32767 - 12 - 7 - 19)])],
    [xattrs(["security.capability", "v".repeat(32767 - 12 - 7 - 18)])],
    "TAR_XATTR_BUDGET",
  ],
  ["parent that is a whiteout's", [whiteout("etc/.wh.d/")], [whiteout("etc/d/.wh.x")], "LAYER_PARENT_MISSING"],
  ["whiteout below a file", [x({}), whiteout("etc/.wh.y")], [x({}), whiteout("etc/x/.wh.y")], "LAYER_PARENT_TYPE"],
  [
    "character device 0 with one name",
    [device({}), hardlink("etc/y", "etc/x"), whiteout("etc/.wh.x")],
    [device({}), hardlink("etc/y", "etc/x")],
    "LAYER_WHITEOUT_LINKED",
  ],
  [
    "a device that is not 0 with two names",
    [device({ dev: [1, 3] }), hardlink("etc/y", "etc/x")],
    [device({ dev: [0, 0] }), hardlink("etc/y", "etc/x")],
    "LAYER_WHITEOUT_LINKED",
  ],
];
