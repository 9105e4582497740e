/**
 * The tar of a layer, read the slow and obvious way: oci-to-tree.md 2 and 3 word for word, all bytes at once. Names,
 * targets and xattrs are byte strings (one character U+0000 to U+00FF for each byte).
 */

import { fits64, readPax, upTo } from "./pax.ts";
import { refuse } from "./refusal.ts";

export type TarType = "file" | "hardlink" | "symlink" | "chr" | "blk" | "dir" | "fifo";

export interface TarEntry {
  type: TarType;
  /** Components of the name; none for the root. */
  parts: string[];
  /** Of a symlink as it is. */
  target: string;
  /** Of a hardlink, by components. */
  targetParts: string[];
  mode: number;
  uid: number;
  gid: number;
  seconds: bigint;
  nanoseconds: number;
  rdev: bigint;
  xattrs: Map<string, string>;
  content: Buffer;
}

const BLOCK = 512;
const EXTENSIONS_MAX = 1048576;
const NAME_MAX = 255;
const PATH_MAX = 4096;
const SYMLINK_MAX = 4095;
const RDEV_MAX = 2n ** 32n - 1n;

const TYPES: Record<string, TarType> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "chr",
  "4": "blk",
  "5": "dir",
  "6": "fifo",
};

const isZero = (block: Buffer) => block.equals(Buffer.alloc(BLOCK));

// ---- header (2.2) ----------------------------------------------------------------------------------------------------

function octal(field: Buffer): bigint {
  const text = upTo(field.toString("latin1"), "\0").replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "");
  if (text === "") return 0n;
  if (!/^\+?[0-7]+$/.test(text)) refuse("TAR_NUMBER");
  return BigInt(`0o${text.replace("+", "")}`);
}

function number(field: Buffer): bigint {
  if (field[0]! < 0x80) return octal(field);
  if (field[0]! >= 0xc0) refuse("TAR_NUMBER_NEGATIVE");
  const value = BigInt(`0x${field.toString("hex")}`) - (1n << BigInt(8 * field.length - 1));
  return fits64(value) ? value : refuse("TAR_NUMBER_RANGE");
}

class Header {
  readonly #block: Buffer;
  readonly type: string;
  readonly format: "ustar" | "gnu" | "old";

  constructor(block: Buffer) {
    this.#block = block;
    this.#checkSum();
    const magic = block.toString("latin1", 257, 265);
    this.format = magic === "ustar\x0000" ? "ustar" : magic === "ustar  \0" ? "gnu" : "old";
    this.type = block.toString("latin1", 156, 157);
  }

  #field(at: number, length: number): Buffer {
    return this.#block.subarray(at, at + length);
  }

  #checkSum(): void {
    let [unsigned, signed] = [0, 0];
    for (let i = 0; i < BLOCK; i++) {
      const byte = i >= 148 && i < 156 ? 0x20 : this.#block[i]!;
      unsigned += byte;
      signed += byte < 0x80 ? byte : byte - 0x100;
    }
    const stored = octal(this.#field(148, 8));
    if (stored !== BigInt(unsigned) && stored !== BigInt(signed)) refuse("TAR_CHECKSUM");
  }

  text(at: number, length: number): string {
    return upTo(this.#field(at, length).toString("latin1"), "\0");
  }

  number(at: number, length: number): bigint {
    return number(this.#field(at, length));
  }

  /** Device number of the kernel; 0 in an old header. */
  rdev(): bigint {
    if (this.format === "old") return 0n;
    const [major, minor] = [octal(this.#field(329, 8)), octal(this.#field(337, 8))];
    return ((major & 0xfffff000n) << 32n) | ((major & 0xfffn) << 8n) | ((minor & 0xffffff00n) << 12n) | (minor & 0xffn);
  }
}

// ---- names (3) -------------------------------------------------------------------------------------------------------

/** Components of a name, which are also those of the target of a hardlink. */
function partsOf(name: string): string[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) refuse("TAR_NAME_DOTDOT");
  if (parts.some((part) => part.includes("\0"))) refuse("TAR_NAME_NUL");
  if (parts.some((part) => part.length > NAME_MAX)) refuse("TAR_NAME_TOO_LONG");
  if (`/${parts.join("/")}`.length > PATH_MAX) refuse("TAR_PATH_TOO_LONG");
  return parts;
}

// ---- entries (2.1, 2.3, 2.5, 2.6) --------------------------------------------------------------------------------------

class TarReader {
  readonly #bytes: Buffer;
  #at = 0;
  readonly entries: TarEntry[] = [];
  /** Data of the extensions that wait for their entry. */
  #pending = new Map<string, string>();

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
    while (this.#readNext());
  }

  /** The next `length` bytes, and those up to the next block. */
  #take(length: bigint): Buffer {
    const padded = (length + 511n) & ~511n;
    if (!fits64(padded)) refuse("TAR_SIZE_RANGE");
    if (padded > BigInt(this.#bytes.length - this.#at)) refuse("TAR_TRUNCATED_DATA");
    const data = this.#bytes.subarray(this.#at, this.#at + Number(length));
    this.#at += Number(padded);
    return data;
  }

  #end(): boolean {
    if (this.#pending.size > 0) refuse("TAR_EXTENSION_PENDING");
    return false;
  }

  /** @returns whether there is more */
  #readNext(): boolean {
    const left = this.#bytes.length - this.#at;
    if (left === 0) return this.#end();
    if (left < BLOCK) refuse("TAR_TRUNCATED_HEADER");
    const block = this.#take(BigInt(BLOCK));
    if (isZero(block)) {
      if (left === BLOCK) refuse("TAR_LONE_ZERO_BLOCK");
      if (left < 2 * BLOCK) refuse("TAR_TRUNCATED_HEADER");
      if (!isZero(this.#take(BigInt(BLOCK)))) refuse("TAR_STRAY_ZERO_BLOCK");
      return this.#end();
    }
    const header = new Header(block);
    if (header.type === "g") this.#skipGlobal(header);
    else if (["L", "K", "x"].includes(header.type) && header.format !== "old") this.#addExtension(header);
    else this.#addEntry(header);
    return true;
  }

  #skipGlobal(header: Header): void {
    if (this.#pending.size > 0) refuse("TAR_GLOBAL_BETWEEN");
    const size = header.number(124, 12);
    if (size > EXTENSIONS_MAX) refuse("TAR_EXTENSION_TOO_LARGE");
    this.#take(size);
  }

  #addExtension(header: Header): void {
    if (this.#pending.has(header.type)) refuse("TAR_EXTENSION_TWICE");
    const size = header.number(124, 12);
    const before = [...this.#pending.values()].reduce((sum, data) => sum + data.length, 0);
    if (BigInt(before) + size > EXTENSIONS_MAX) refuse("TAR_EXTENSION_TOO_LARGE");
    this.#pending.set(header.type, this.#take(size).toString("latin1"));
  }

  #addEntry(header: Header): void {
    const [long, longLink] = ["L", "K"].map((type) => this.#pending.get(type)?.replace(/\0$/, ""));
    const pax = readPax(this.#pending.get("x") ?? "");
    this.#pending.clear();
    if (header.type === "S") refuse("TAR_SPARSE");
    const type = TYPES[header.type] ?? refuse("TAR_TYPE");

    const mode = Number(header.number(100, 8) & 0o7777n);
    const [uid, gid, size, mtime] = [
      header.number(108, 8),
      header.number(116, 8),
      header.number(124, 12),
      header.number(136, 12),
    ];
    const rdev = header.rdev();
    const isDevice = type === "chr" || type === "blk";
    if (isDevice && header.format === "old") refuse("TAR_DEVICE_FORMAT");
    if (isDevice && rdev > RDEV_MAX) refuse("TAR_DEVICE_RANGE");

    const prefix = header.format === "ustar" ? header.text(345, 155) : "";
    const plain = (prefix === "" ? "" : `${prefix}/`) + header.text(0, 100);
    const name = pax.path ?? long ?? plain;
    if (name === "") refuse("TAR_NAME_EMPTY");
    const parts = partsOf(name);
    if (parts.length === 0 && type !== "dir") refuse("TAR_ROOT_TYPE");

    const target = pax.linkpath ?? longLink ?? header.text(157, 100);
    if (type === "hardlink" && target === "") refuse("TAR_LINK_EMPTY");
    if (type === "symlink") {
      if (target === "") refuse("TAR_SYMLINK_EMPTY");
      if (target.length > SYMLINK_MAX) refuse("TAR_SYMLINK_TOO_LONG");
      if (target.includes("\0")) refuse("TAR_SYMLINK_NUL");
    }

    const seconds = pax.seconds ?? mtime;
    if (seconds >= 2n ** 63n) refuse("TAR_MTIME_RANGE");
    const contentSize = pax.size ?? size;
    if (type !== "file" && contentSize !== 0n) refuse("TAR_TYPE_SIZE");
    this.entries.push({
      type,
      parts,
      target,
      targetParts: type === "hardlink" ? partsOf(target) : [],
      mode,
      uid: Number(BigInt.asUintN(32, pax.uid ?? uid)),
      gid: Number(BigInt.asUintN(32, pax.gid ?? gid)),
      seconds,
      nanoseconds: pax.nanoseconds ?? 0,
      rdev: isDevice ? rdev : 0n,
      xattrs: pax.xattrs,
      content: this.#take(contentSize),
    });
  }
}

/**
 * The entries of a layer, in the order of its tar.
 *
 * @throws Refusal TAR_*
 */
export function readTarNaively(tar: Uint8Array): TarEntry[] {
  return new TarReader(tar).entries;
}
