/**
 * Writes tar archives byte by byte, the odd and the wrong ones too: every field of a header can be what a test wants.
 *
 * A layer is a list of entries; an entry is what `dir`, `file`, … make, or a `Uint8Array` that is copied as it is.
 * Names, link targets, keys and values are text (UTF-8) or bytes.
 */
import { contentBytes, toBytes } from "./content.mjs";

export const BLOCK_BYTES = 512;

const TYPES = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  chr: "3",
  blk: "4",
  dir: "5",
  fifo: "6",
  contiguous: "7",
  v7file: "\0",
};
const WITH_CONTENT = new Set(["file", "contiguous", "v7file"]);

/** Magic and version at offset 257. */
const MAGIC = { ustar: "ustar\x0000", gnu: "ustar  \0", v7: "" };

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const CHECKSUM_AT = 148;

/** A number as octal text, or in base 256 when it must be or does not fit. */
function numberField(value, width, base256 = false) {
  const digits = width - 1;
  if (!base256 && value >= 0 && value < 8 ** digits) return Buffer.from(`${value.toString(8).padStart(digits, "0")}\0`);
  const bits = BigInt.asUintN(8 * width, BigInt(value)) | (1n << BigInt(8 * width - 1));
  return Buffer.from(bits.toString(16).padStart(2 * width, "0"), "hex");
}

/**
 * One header block.
 *
 * @param {string | Uint8Array} name
 * @param {string} type one byte
 * @param {object} fields those of `entry`, with `size`, `link` and `prefix`
 */
export function header(name, type, fields = {}) {
  const { mode = 0, uid = 0, gid = 0, size = 0, mtime = 0, link = "", prefix = "", dev = [0, 0] } = fields;
  const { format = "ustar", base256 = [], patch = [], checksumError = 0 } = fields;
  const block = Buffer.alloc(BLOCK_BYTES);
  const put = (at, bytes, most = BLOCK_BYTES) => {
    if (bytes.length > most) throw new RangeError(`${bytes.length} bytes in a field of ${most}`);
    block.set(bytes, at);
  };
  put(0, toBytes(name), NAME_BYTES);
  put(100, numberField(mode, 8));
  put(108, numberField(uid, 8, base256.includes("uid")));
  put(116, numberField(gid, 8, base256.includes("gid")));
  put(124, numberField(size, 12, base256.includes("size")));
  put(136, numberField(mtime, 12, base256.includes("mtime")));
  put(156, Buffer.from(type, "latin1"), 1);
  put(157, toBytes(link), NAME_BYTES);
  put(257, Buffer.from(MAGIC[format]));
  if (format !== "v7" && (type === TYPES.chr || type === TYPES.blk)) {
    put(329, numberField(dev[0], 8));
    put(337, numberField(dev[1], 8));
  }
  if (format === "ustar") put(345, toBytes(prefix), PREFIX_BYTES);
  for (const [at, bytes] of patch) put(at, toBytes(bytes));
  return withChecksum(block, checksumError);
}

/** Writes the checksum into a header block, `wrong` more than it should be. */
export function withChecksum(block, wrong = 0) {
  block.fill(" ", CHECKSUM_AT, CHECKSUM_AT + 8);
  const sum = block.reduce((total, byte) => total + byte, wrong);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM_AT, "latin1");
  return block;
}

/** Zero bytes up to the next block. */
const padding = (length) => Buffer.alloc(-length & (BLOCK_BYTES - 1));

/** `LEN KEY=VALUE LF`, where LEN counts itself. */
export function paxRecord(key, value) {
  const body = Buffer.concat([toBytes(" "), toBytes(key), toBytes("="), toBytes(value), toBytes("\n")]);
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

/** A PAX header with `data` as it is, well-formed or not. */
export function rawPax(data, type = "x", name = "PaxHeaders.0/x") {
  const bytes = toBytes(data);
  return Buffer.concat([header(name, type, { mode: 0o644, size: bytes.length }), bytes, padding(bytes.length)]);
}

/** A PAX header with `records`, a list of [key, value]. */
export function pax(records, type, name) {
  return rawPax(Buffer.concat(records.map(([key, value]) => paxRecord(key, value))), type, name);
}

/** A long name (type L) or link target (K) as GNU tar writes it. */
export function gnuLong(type, value) {
  const data = Buffer.concat([toBytes(value), Buffer.alloc(1)]);
  const head = header("././@LongLink", type, { size: data.length, format: "gnu" });
  return Buffer.concat([head, data, padding(data.length)]);
}

const DEFAULT_MODES = { dir: 0o755, symlink: 0o777 };

/**
 * An entry.
 *
 * @param {keyof typeof TYPES} kind
 * @param {string | Uint8Array} name
 * @param {object} [options]
 *   mode, uid, gid, mtime, data, target, dev ([major, minor]), xattrs and pax (lists of [key, value]);
 *   format: "ustar", "gnu" or "v7"; long, linkLong: how a name or target over 100 bytes is stored, "prefix", "gnu" or
 *   "pax" (by default as the format suggests); base256: names of fields; global: records of a global header before it;
 *   and for wrong ones: size, type, patch (list of [offset, bytes] in the header), checksumError
 */
export function entry(kind, name, options = {}) {
  return { kind, name, mode: DEFAULT_MODES[kind] ?? 0o644, ...options };
}

export const dir = (name, options) => entry("dir", name, options);
export const file = (name, data, options) => entry("file", name, { ...options, data });
export const symlink = (name, target, options) => entry("symlink", name, { ...options, target });
export const hardlink = (name, target, options) => entry("hardlink", name, { ...options, target });
/** The empty file of a whiteout; `path` is the whole name with its `.wh.`. */
export const whiteout = (path) => file(path, "");
/** Directories with nothing but names. */
export const dirs = (...names) => names.map((name) => dir(name));

/** The pieces of one entry: extensions, header, content. */
export function* entryPieces(one) {
  if (one instanceof Uint8Array) {
    yield one;
    return;
  }
  if (one.global !== undefined) yield pax(one.global, "g", "pax_global_header");
  const records = [
    ...(one.pax ?? []),
    ...(one.xattrs ?? []).map(([key, value]) => [Buffer.concat([toBytes("SCHILY.xattr."), toBytes(key)]), value]),
  ];
  const usual = one.format === "gnu" ? "gnu" : "pax";
  let name = toBytes(one.name);
  let link = toBytes(one.target ?? "");
  let prefix = Buffer.alloc(0);
  const long = one.long ?? (name.length > NAME_BYTES ? usual : undefined);
  if (long === "prefix") {
    const cut = name.lastIndexOf("/", PREFIX_BYTES);
    prefix = name.subarray(0, cut);
    name = name.subarray(cut + 1);
  } else if (long !== undefined) {
    if (long === "gnu") yield gnuLong("L", name);
    else records.push(["path", name]);
    name = name.subarray(0, NAME_BYTES);
  }
  const linkLong = one.linkLong ?? (link.length > NAME_BYTES ? usual : undefined);
  if (linkLong !== undefined) {
    if (linkLong === "gnu") yield gnuLong("K", link);
    else records.push(["linkpath", link]);
    link = link.subarray(0, NAME_BYTES);
  }
  if (records.length > 0) yield pax(records);
  const content = WITH_CONTENT.has(one.kind) ? contentBytes(one.data ?? "") : Buffer.alloc(0);
  // A PAX size is there to be believed, so the header does not help it.
  const size = (one.pax ?? []).some(([key]) => key === "size") ? 0 : (one.size ?? content.length);
  yield header(name, one.type ?? TYPES[one.kind], { ...one, size, link, prefix });
  yield content;
  yield padding(content.length);
}

/** Entries and what ends an archive, piece by piece, for layers that memory should not hold. */
export function* layerPieces(entries, { end = 2 * BLOCK_BYTES, record = 1 } = {}) {
  let length = 0;
  for (const one of entries) {
    for (const piece of entryPieces(one)) {
      length += piece.length;
      yield piece;
    }
  }
  length += end;
  yield Buffer.alloc(end + ((record - (length % record)) % record));
}

/**
 * A whole archive.
 *
 * @param {Iterable<object | Uint8Array>} entries
 * @param {{ end?: number, record?: number }} [options] zero bytes at the end, and what the length is a multiple of
 */
export function tarball(entries, options) {
  return Buffer.concat([...layerPieces(entries, options)]);
}
