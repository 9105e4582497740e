/**
 * A walk as text, made for eyes and for `diff`: a line for each structure with its offset in the image, then a line for
 * each field with its offset in the structure, the value as stored and what it means. At most 110 columns.
 *
 *   0x000480  compact inode  /  nid 36
 *     000  i_format               0x0000              flat plain, compact
 *     …
 *   0x0004a0  xattrs  /
 *     000  h_name_filter          0xffefffff
 *     004  h_shared_count         0x00                0
 *     00c  erofs_xattr_entry      index 4             trusted.overlay.opaque = y
 *
 * Reserved fields that are zero are left out. Runs of stubs that differ in their numbers only are told once, as inodes
 * and as directory entries. What is too long is cut and gets a checksum, so that no difference is lost.
 */

import { toHex } from "../image/hex.ts";
import { crc32, crcText } from "./crc32.ts";
import { displayBytes } from "./display.ts";
import { BLOCK_BYTES, SLOT_BYTES } from "./structures.ts";
import type { BytesField, DirentField, Field, NumberField, PadField, Structure, XattrField } from "./walk-data.ts";
import { offsetText } from "./walk-fields.ts";

const COLUMNS = 110;
const NAME_COLUMNS = 21;
const RAW_COLUMNS = 18;
/** Of the longest file type. */
const TYPE_COLUMNS = 16;
/** What an offset takes at the beginning of a line. */
const INDENT = " ".repeat(7);
const MEANING_COLUMNS = COLUMNS - INDENT.length - NAME_COLUMNS - RAW_COLUMNS - 4;
/** No more bytes are spelled, since they would not fit anyhow. */
const SPELLED_BYTES = 4096;
const BACKSLASH = 0x5c;
/** Fewest neighbours that make a run. */
const RUN_MIN = 3;

/** Cuts text that is too long for its columns; `bytes` is what it shows. */
function fit(text: string, columns: number, bytes: Uint8Array): string {
  if (text.length <= columns) return text;
  const remark = `… ${bytesOf(bytes.length)}, crc32 ${crcText(crc32(bytes))}`;
  // Not through the middle of a surrogate pair.
  return text.slice(0, Math.max(columns - remark.length, 0)).replace(/[\ud800-\udbff]$/, "") + remark;
}

/** Bytes as they read; in hexadecimal digits when there is a zero among them, but for one at their end. */
function spell(bytes: Uint8Array): string {
  const head = bytes.subarray(0, SPELLED_BYTES);
  const zero = head.indexOf(0);
  if (zero >= 0 && zero < head.length - 1) return `0x${toHex(head)}`;
  return isPlain(head) ? String.fromCharCode.apply(null, head as unknown as number[]) : displayBytes(head);
}

/** Whether `displayBytes` shows bytes as they are. Nearly all are, and a TextDecoder takes ten times as long. */
function isPlain(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return false;
  return true;
}

/** The same cut to `columns`. */
function show(bytes: Uint8Array, columns: number): string {
  return fit(spell(bytes).replace(/^ | $/g, "\\x20"), columns, bytes);
}

/** Such as `1 byte`. */
function bytesOf(count: number): string {
  return `${count} byte${count === 1 ? "" : "s"}`;
}

/** The line of a field. */
function line(offset: number, name: string, raw: string, meaning: string): string {
  const head = `  ${offset.toString(16).padStart(3, "0")}  ${name.padEnd(NAME_COLUMNS)}  `;
  return meaning === "" ? `${(head + raw).trimEnd()}\n` : `${head}${raw.padEnd(RAW_COLUMNS)}  ${meaning}\n`;
}

function numberText({ offset, bytes, name, value, meaning, isReserved }: NumberField): string {
  if (isReserved && value === 0n) return "";
  return line(offset, name, `0x${value.toString(16).padStart(bytes * 2, "0")}`, isReserved ? "expected 0" : meaning);
}

function bytesText({ offset, name, bytes, data, isReserved }: BytesField): string {
  const isAll = (value: number) => data.every((byte) => byte === value);
  const hex = () => fit(toHex(data.subarray(0, MEANING_COLUMNS)), MEANING_COLUMNS, data);
  if (isReserved) return isAll(0) ? "" : line(offset, name, "expected 0", hex());
  if (name === "content") return line(offset, name, bytesOf(bytes), show(data, MEANING_COLUMNS));
  if (name === "chunk pointers" && isAll(0xff)) {
    return line(offset, name, `${bytes / 4} x 0xffffffff`, "holes: the content is an object");
  }
  return line(offset, name, bytesOf(bytes), isAll(0) ? "zero" : hex());
}

/** Such as `992 bytes`. */
function padding({ bytes, used, checksum }: PadField): string {
  return used === 0 ? bytesOf(bytes) : `${bytesOf(bytes)}, ${used} of them not zero, crc32 ${crcText(checksum)}`;
}

function xattrText({ offset, name, index, key, value, target, reference }: XattrField): string {
  const raw = reference === undefined ? `index ${index}` : `0x${reference.toString(16).padStart(8, "0")}`;
  const where = target === undefined ? "" : `${offsetText(target)} `;
  const text = `${where}${spell(key)} = ${spell(value)}`.trimEnd();
  if (text.length <= MEANING_COLUMNS) return line(offset, name, raw, text);
  const head = line(offset, name, raw, where + show(key, MEANING_COLUMNS - where.length));
  return `${head}${INDENT}= ${show(value, COLUMNS - INDENT.length - 2)}\n`;
}

function direntText(dirent: DirentField, nid: string, name: string): string {
  const reserved = dirent.reserved === 0 ? "" : `  reserved 0x${dirent.reserved.toString(16).padStart(2, "0")}`;
  return line(dirent.offset, "dirent", nid, `${dirent.type.padEnd(TYPE_COLUMNS)}  ${name}${reserved}`);
}

/** The name of a stub as a number; undefined for what is none. */
function stubNumber({ type, entry }: DirentField): number | undefined {
  if (type !== "character device" || entry.length !== 2) return undefined;
  const name = String.fromCharCode(...entry);
  return /^[0-9a-f]{2}$/.test(name) ? Number.parseInt(name, 16) : undefined;
}

/** How many entries from `at` on are stubs with ascending names whose inodes are at equal distances. */
function stubRun(fields: readonly Field[], at: number): number {
  const first = fields[at] as DirentField;
  let number = stubNumber(first);
  let last = first;
  let step: bigint | undefined;
  let end = at;
  while (number !== undefined) {
    const next = fields[++end];
    if (next?.kind !== "dirent" || stubNumber(next) !== ++number || next.reserved !== first.reserved) break;
    step ??= next.nid - last.nid;
    if (next.nid - last.nid !== step) break;
    last = next;
  }
  return end - at;
}

/** The fields from `at` on that make one line, or a few. */
function direntsText(fields: readonly Field[], at: number, run: number): string {
  const first = fields[at] as DirentField;
  if (run < RUN_MIN) {
    return direntText(first, `nid ${first.nid}`, show(first.entry, MEANING_COLUMNS - TYPE_COLUMNS - 2));
  }
  const last = fields[at + run - 1] as DirentField;
  const names = `${displayBytes(first.entry)} to ${displayBytes(last.entry)}, ${run} names`;
  return direntText(first, `nid ${first.nid} to ${last.nid}`, names);
}

function fieldText(field: Field): string {
  switch (field.kind) {
    case "number":
      return numberText(field);
    case "bytes":
      return bytesText(field);
    case "xattr":
      return xattrText(field);
    case "pad":
      return line(field.offset, field.name, padding(field), "");
    case "dirent":
      return direntsText([field], 0, 1);
  }
}

function fieldsText(fields: readonly Field[]): string {
  let text = "";
  for (let at = 0; at < fields.length; ) {
    const field = fields[at]!;
    const run = field.kind === "dirent" ? stubRun(fields, at) : 0;
    text += run < RUN_MIN ? fieldText(field) : direntsText(fields, at, run);
    at += run < RUN_MIN ? 1 : run;
  }
  return text;
}

/** The line of a structure and those of its fields. */
function structureText({ kind, offset, path, fields }: Structure): string {
  if (kind === "padding") return `${offsetText(offset)}  padding  ${padding(fields[0] as PadField)}\n`;
  const isInode = kind === "compact inode" || kind === "extended inode" || kind === "stub";
  const isBlock = kind === "dirents" && offset % BLOCK_BYTES === 0;
  const head = `${offsetText(offset)}  ${kind}`;
  const tail = isInode ? `  nid ${offset / SLOT_BYTES}` : isBlock ? `  block ${offset / BLOCK_BYTES}` : "";
  const where = path === undefined ? "" : `  ${show(path, COLUMNS - head.length - tail.length - 2)}`;
  return `${head}${where}${tail}\n${fieldsText(fields)}`;
}

/** Neighbouring stubs, and the padding behind each of them. */
class StubRun {
  readonly #stubs: Structure[] = [];
  readonly #pads: Array<Structure | undefined> = [];

  /** Takes the next structure. @returns false when it does not go on with the run */
  take(structure: Structure): boolean {
    if (structure.kind === "padding") {
      const isBehind = this.#stubs.length > 0 && this.#pads.at(-1) === undefined;
      if (isBehind) this.#pads[this.#pads.length - 1] = structure;
      return isBehind;
    }
    if (structure.kind !== "stub" || !this.#fits(structure)) return false;
    this.#stubs.push(structure);
    this.#pads.push(undefined);
    return true;
  }

  /** Ends the run. @returns its text */
  end(): string {
    const stubs = this.#stubs.splice(0);
    const pads = this.#pads.splice(0);
    const padText = (i: number) => (pads[i] === undefined ? "" : structureText(pads[i]));
    if (stubs.length >= RUN_MIN) return runText(stubs) + padText(stubs.length - 1);
    return stubs.map((stub, i) => structureText(stub) + padText(i)).join("");
  }

  #fits(stub: Structure): boolean {
    const [first, second] = this.#stubs;
    const last = this.#stubs.at(-1);
    if (first === undefined || last === undefined) return true;
    const isNext = inoOf(stub) === inoOf(last) + 1n && numberOf(stub) === numberOf(last) + 1;
    const isRegular = second === undefined || stub.offset - last.offset === second.offset - first.offset;
    const pad = this.#pads.at(-1)?.fields[0] as PadField | undefined;
    return isNext && isRegular && (pad === undefined || pad.used === 0) && commonText(first) === commonText(stub);
  }
}

function inoOf({ fields }: Structure): bigint {
  const ino = fields.find(({ name }) => name === "i_ino");
  return ino?.kind === "number" ? ino.value : 0n;
}

function numberOf({ path }: Structure): number {
  return Number.parseInt(String.fromCharCode(...path!.subarray(1)), 16);
}

/** What the stubs of a run have in common. */
function commonText(stub: Structure): string {
  return fieldsText(stub.fields.filter(({ name }) => name !== "i_ino"));
}

function runText(stubs: readonly Structure[]): string {
  const [first, second, last] = [stubs[0]!, stubs[1]!, stubs.at(-1)!];
  const names = `${displayBytes(first.path!)} to ${displayBytes(last.path!)}`;
  const nids = `nid ${first.offset / SLOT_BYTES} to ${last.offset / SLOT_BYTES}`;
  const pad = second.offset - first.offset - first.bytes;
  const sizes = `${first.bytes} bytes each${pad === 0 ? "" : ` and ${pad} of padding`}`;
  const fields = first.fields.map((field) =>
    field.name === "i_ino" ? { ...field, meaning: `${inoOf(first)} to ${inoOf(last)}` } : field,
  );
  const head = `${offsetText(first.offset)}  stubs  ${names}  ${nids}  ${stubs.length} inodes, ${sizes}`;
  return `${head}\n${fieldsText(fields)}`;
}

/**
 * Makes text of a walk.
 *
 * @param structures as `walkImage` gives them
 * @returns lines with their ends, those of a structure or of a run at a time
 */
export function* walkText(structures: Iterable<Structure>): Generator<string, void, undefined> {
  const run = new StubRun();
  for (const structure of structures) {
    if (run.take(structure)) continue;
    yield run.end();
    if (!run.take(structure)) yield structureText(structure);
  }
  yield run.end();
}
