/**
 * Ways to break a layer: by entries, where merging decides, by fields of headers and PAX records, where the reader
 * decides, and by bytes, where it must not fall over.
 */
import {
  BLOCK_BYTES,
  dir,
  entry,
  file,
  gnuLong,
  hardlink,
  pax,
  rawPax,
  symlink,
  withChecksum,
} from "../support/oci/tar.mjs";

/** Parts of which odd names are made. */
const PARTS = ["", ".", "..", "usr", "etc", "var", "run", "bin", "x", "y", ".wh.", ".wh.x", ".wh.usr", ".wh..wh..opq"];
const RARE_PARTS = [
  ".wh..wh.",
  "...",
  "a\0b",
  "n".repeat(255),
  "n".repeat(256),
  "\xff",
  "-",
  " ",
  "é",
  ".wh..",
  ".wh...",
];

const NUMBERS = [
  ...[
    "",
    "0",
    "7",
    "+7",
    "-7",
    "8",
    " 7",
    "7 ",
    "\t7\0",
    "0x7",
    "zzzzzzz",
    "77777777",
    "7777777\0",
    "\0\0\0\0\0\0\0\0",
  ],
  ...["\x80\0\0\0\0\0\0\x07", "\x80\0\0\0\xff\xff\xff\xff", "\xc0\0\0\0\0\0\0\0", "\xff".repeat(8)],
  ...["\x80\0\0\0\0\0\0\0\0\0\x02\0", "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", `\x80\0\0\0${"\xff".repeat(8)}`],
  ...[`\x80\0\0\x01${"\0".repeat(8)}`, "\xff".repeat(12), "77777777777\0", "777777777777", "00000001000\0"],
];

/** Where numbers lie in a header. */
const NUMBER_FIELDS = [100, 108, 116, 124, 124, 124, 136, 136, 329, 337];

const TYPES = ["0", "1", "2", "3", "4", "5", "6", "7", "\0", "L", "K", "x", "g", "S", "A", "D", "V", "X", "\xff"];

const MAGICS = ["ustar\x0000", "ustar  \0", "ustar\0  ", "ustar \x0000", "\0\0\0\0\0\0\0\0", "Ustar\x0000"];

const PAX_KEYS = [
  ...["path", "linkpath", "size", "uid", "gid", "mtime", "mtime", "atime", "comment", "", "é", "\xff"],
  ...["SCHILY.xattr.user.a", "SCHILY.xattr.user.b", "SCHILY.xattr.security.capability", "SCHILY.xattr.trusted.x"],
  ...["SCHILY.xattr.", "SCHILY.xattr.user.a\0", "LIBARCHIVE.xattr.user.a", "GNU.sparse.major", "GNU.sparse.x"],
];

const PAX_VALUES = [
  ...[
    "",
    "0",
    "1",
    "5",
    "64",
    "65",
    "+5",
    "-5",
    " 5",
    "5 ",
    "5.5",
    "5.",
    ".5",
    "5.5.5",
    "5.x",
    "5.123456789012",
    "1e3",
  ],
  ...["512", "513", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615"],
  ...[
    "18446744073709551616",
    "9223372036854775808.5",
    "5.\xff",
    "\xff",
    "a\nb",
    "a\0b",
    "a=b",
    "user",
    "v".repeat(300),
  ],
];

/** PAX records that are malformed, or only just not. */
const BROKEN_RECORDS = [
  ...["", "0 ", "1 ", "5 a=\n", "6 a=b\n", "06 a=b\n", "+6 a=b\n", "4 a\n", "5 a=b\n", "9 a=b\n", "a=b\n", " 6 a=b\n"],
  ...["-6 a=b\n", "x a=b\n", "18446744073709551615 a=b\n", "99999999999999999999 a=b\n"],
];

const bytes = (text) => Buffer.from(text, "latin1");

function name(random) {
  const parts = Array.from({ length: 1 + random.below(4) }, () => random.pick(random.chance(90) ? PARTS : RARE_PARTS));
  return bytes(parts.join("/") + random.pick(["", "", "", "/"]));
}

const paxRecords = (random) =>
  Array.from({ length: 1 + random.below(3) }, () => [bytes(random.pick(PAX_KEYS)), bytes(random.pick(PAX_VALUES))]);

/** A name that the layer has, so that a change meets something. */
function knownName(random, entries) {
  const one = random.pick(entries);
  return one instanceof Uint8Array ? name(random) : Buffer.from(one.name);
}

/** One that it has, one below it, or any. */
function someName(random, entries) {
  if (random.chance(10)) return name(random);
  const known = knownName(random, entries);
  return random.chance(70) ? known : Buffer.concat([known, bytes(`/${random.pick(["x", "y", "bin"])}`)]);
}

/** `.wh.` before the last part of a name. */
function whiteoutOf(path) {
  const text = path.toString("latin1").replace(/\/+$/, "");
  const cut = text.lastIndexOf("/") + 1;
  return bytes(`${text.slice(0, cut)}.wh.${text.slice(cut)}`);
}

const LENGTHS = [0, 1, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 8193];

/** Entries that are well-formed; whether they fit the tree is another matter. */
const NEW_ENTRIES = [
  (random, entries) => file(whiteoutOf(someName(random, entries)), ""),
  (random, entries) => file(whiteoutOf(knownName(random, entries)), ""),
  (random, entries) => file(Buffer.concat([knownName(random, entries), bytes("/.wh..wh..opq")]), ""),
  (random, entries) => hardlink(someName(random, entries), knownName(random, entries)),
  (random, entries) => hardlink(someName(random, entries), knownName(random, entries)),
  (random, entries) => dir(someName(random, entries), { mode: random.below(0o10000), mtime: random.below(1e9) }),
  (random, entries) => file(someName(random, entries), "x".repeat(random.pick(LENGTHS))),
  (random, entries) => symlink(someName(random, entries), random.pick(["x", "..", "/", "t".repeat(150)])),
  (random, entries) => entry(random.pick(["chr", "blk"]), someName(random, entries), { dev: [random.below(2), 0] }),
  (random, entries) => entry("fifo", someName(random, entries)),
  () => pax([["comment", "c"]], "g"),
];

/** What an entry may get and stay well-formed. */
const FIELD_CHANGES = [
  (random, entries) => ({ name: someName(random, entries), long: undefined }),
  (random, entries) => ({ target: knownName(random, entries) }),
  (random) => ({ kind: random.pick(["file", "symlink", "dir", "fifo", "contiguous"]), target: "x", size: undefined }),
  (random) => ({ format: random.pick(["ustar", "gnu"]), long: undefined }),
  (random) => ({ pax: [["mtime", `${random.below(2 ** 37)}${random.pick(["", ".", ".5", ".x", ".123456789"])}`]] }),
  (random) => ({ pax: [random.pick(["uid", "gid"])].map((key) => [key, String(random.below(2 ** 37))]) }),
  (random) => ({ xattrs: [[random.pick(["user.a", "user.b", "security.capability", "trusted.x"]), random.bytes(3)]] }),
  (random) => ({ mode: random.below(0o10000), uid: random.below(2 ** 21), mtime: random.below(2 ** 33) }),
  (random) => ({ base256: ["uid", "gid", "size", "mtime"], mtime: random.pick([0, 2 ** 40]), format: "gnu" }),
];

const ODD_ENTRIES = [
  (random) => hardlink(name(random), name(random)),
  (random) => pax(paxRecords(random), random.pick(["x", "x", "g"])),
  (random) => rawPax(bytes(random.pick(BROKEN_RECORDS) + random.pick(["", "7 uid=5\n"]))),
  (random, entries) => gnuLong(random.pick(["L", "K"]), someName(random, entries)),
  (random, entries) => symlink(someName(random, entries), random.pick(["", "a\0b", "t".repeat(4096)])),
  () => Buffer.alloc(BLOCK_BYTES),
];

const ODD_CHANGES = [
  (random) => ({ name: name(random), long: undefined }),
  (random) => ({ target: name(random) }),
  (random) => ({ kind: random.pick(["hardlink", "chr", "blk", "v7file"]) }),
  () => ({ format: "v7", long: undefined }),
  (random) => ({ pax: paxRecords(random) }),
  (random) => ({ size: random.pick([0, 1, 511, 512, 513, 1024, 2 ** 33]) }),
  (random) => ({ type: random.pick(TYPES) }),
  (random) => ({ patch: [[random.pick(NUMBER_FIELDS), bytes(random.pick(NUMBERS))]] }),
  () => ({ base256: ["mtime"], mtime: -1 }),
];

const removeOne = (random, entries) => entries.splice(random.below(entries.length), 1);
const insert = (random, entries, one) => entries.splice(random.below(entries.length + 1), 0, one);
const insertNew = (makers) => (random, entries) => insert(random, entries, random.pick(makers)(random, entries));
const changeOne = (changes) => (random, entries) => {
  const at = random.below(entries.length);
  if (entries[at] instanceof Uint8Array) return;
  entries[at] = { ...entries[at], ...random.pick(changes)(random, entries) };
};

const GENTLE_CHANGES = [
  removeOne,
  (random, entries) => insert(random, entries, random.pick(entries)),
  (random, entries) => insert(random, entries, ...removeOne(random, entries)),
  ...[1, 2, 3].map(() => insertNew(NEW_ENTRIES)),
  ...[1, 2, 3].map(() => changeOne(FIELD_CHANGES)),
];
const ODD_LIST_CHANGES = [insertNew(ODD_ENTRIES), changeOne(ODD_CHANGES)];

/**
 * Changes a few entries of a layer.
 *
 * @param {import("../support/splitmix64.mjs").SplitMix64} random
 * @param {readonly (object | Uint8Array)[]} layer
 * @param {number} oddPercent of the changes that make what a reader may refuse
 */
export function mutateEntries(random, layer, oddPercent) {
  const entries = [...layer];
  for (let i = random.pick([1, 1, 2, 3, 5]); i > 0 && entries.length > 0; i--) {
    random.pick(random.chance(oddPercent) ? ODD_LIST_CHANGES : GENTLE_CHANGES)(random, entries);
  }
  return entries;
}

/** Starts of the blocks that look like headers. */
function headersOf(tar) {
  const starts = [];
  for (let at = 0; at + BLOCK_BYTES <= tar.length; at += BLOCK_BYTES) {
    if (tar.toString("latin1", at + 257, at + 262) === "ustar") starts.push(at);
  }
  return starts;
}

const HEADER_CHANGES = [
  (random, block) => block.set(bytes(random.pick(NUMBERS)), random.pick(NUMBER_FIELDS)),
  (random, block) => block.set(bytes(random.pick(NUMBERS)), random.pick(NUMBER_FIELDS)),
  (random, block) => block.write(random.pick(TYPES), 156, "latin1"),
  (random, block) => block.write(random.pick(MAGICS), 257, "latin1"),
  (random, block) => block.set(name(random).subarray(0, 100), random.pick([0, 157, 345])),
  (random, block) => block.fill(random.pick(["\0", "x", "/", "\xff"]), random.below(512), random.below(513), "latin1"),
  (random, block) => {
    block[random.below(BLOCK_BYTES)] ^= 1 << random.below(8);
  },
];

/** A checksum as few write it: of signed bytes, or with other white space. */
function oddChecksum(random, block) {
  withChecksum(block);
  const high = block.reduce((count, byte, i) => count + (i < 148 || i >= 156 ? byte >> 7 : 0), 0);
  const sum = Number.parseInt(block.toString("latin1", 148, 154), 8) - 256 * (random.chance(70) ? high : 0);
  if (sum >= 0) block.write(random.pick([" ", "0", "+", ""]) + sum.toString(8).padStart(6, "0"), 148, "latin1");
}

/** Changes fields of headers in an archive; most get a checksum that is right again. */
export function mutateHeaders(random, archive) {
  const tar = Buffer.from(archive);
  const starts = headersOf(tar);
  for (let i = random.pick([1, 1, 2]); i > 0 && starts.length > 0; i--) {
    const at = random.pick(starts);
    const block = tar.subarray(at, at + BLOCK_BYTES);
    random.pick(HEADER_CHANGES)(random, block);
    if (random.chance(85)) withChecksum(block);
    else if (random.chance(80)) oddChecksum(random, block);
  }
  return tar;
}

const splice = (tar, from, to, ...what) => Buffer.concat([tar.subarray(0, from), ...what, tar.subarray(to)]);
/** Mostly at blocks, where it does more. */
const place = (random, tar) => {
  const at = random.below(tar.length + 1);
  return random.chance(75) ? at - (at % BLOCK_BYTES) : at;
};

const BYTE_CHANGES = [
  (random, tar) => {
    const at = random.below(tar.length);
    const out = Buffer.from(tar);
    out[at] ^= 1 << random.below(8);
    return out;
  },
  (random, tar) => tar.subarray(0, place(random, tar)),
  (random, tar) => {
    const at = place(random, tar);
    return splice(tar, at, at + random.pick([1, 511, 512, 512, 1024]));
  },
  (random, tar) => {
    const [at, from] = [place(random, tar), place(random, tar)];
    return splice(tar, at, at, tar.subarray(from, from + random.pick([1, 512, 512, 1024, 1536])));
  },
  (random, tar) => {
    const at = place(random, tar);
    return splice(tar, at, at, Buffer.alloc(random.pick([1, 512, 512, 1024])));
  },
];

/** Changes any bytes at all: flips, cuts, doubles and splices. */
export function mutateBytes(random, archive) {
  let tar = archive;
  for (let i = random.pick([1, 1, 2]); i > 0 && tar.length > 0; i--) tar = random.pick(BYTE_CHANGES)(random, tar);
  return tar;
}
