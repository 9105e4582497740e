/**
 * One instance of the WebAssembly engine, with its calls as methods. The only file that touches linear memory.
 *
 * The engine speaks numbers: calls give a status, and what does not fit a number lies in fixed records and windows
 * (assembly/abi.ts draws them). This class turns statuses into ComposefsError, records into plain objects and windows
 * into views. Two rules keep it safe:
 *
 *   - a view is made anew after every call, since a call may grow memory and detach it; what `imageRead` and
 *     `verityBlocks` return is valid until the next call only, everything else is copied out;
 *   - an instance that trapped is `broken` and must be thrown away: its memory may hold anything.
 *
 * All methods are synchronous. One job at a time; `reset` begins the next.
 */

import * as abi from "../../assembly/abi.ts";
import { ComposefsError, errorFromRecord } from "../error.ts";
import type { ImageLayout, RecordPage, StoredImage, TreeCounts } from "./records.ts";

/** The functions of the module that this host uses. */
type EngineCall =
  | "abiVersion"
  | "controlPtr"
  | "errorPtr"
  | "digestPtr"
  | "inputPtr"
  | "outputPtr"
  | "reset"
  | "setLimit"
  | "dumpBegin"
  | "dumpWrite"
  | "dumpEnd"
  | "scanBegin"
  | "scanWrite"
  | "scanEnd"
  | "scanBytes"
  | "layerBegin"
  | "layerWrite"
  | "layerEnd"
  | "mergeBegin"
  | "mergeLayer"
  | "mergeWrite"
  | "mergeEnd"
  | "labelBegin"
  | "labelText"
  | "labelEntries"
  | "labelEnd"
  | "printOpen"
  | "printRead"
  | "infoOpen"
  | "infoRead"
  | "regionOpen"
  | "regionRead"
  | "regionPath"
  | "cursorOpen"
  | "cursorRead"
  | "cursorChildren"
  | "cursorFind"
  | "imageOpen"
  | "imageRead"
  | "verityOpen"
  | "verityWrite"
  | "verityWriteDigests"
  | "verityBlocks"
  | "verityClose";

/** What `@assemblyscript/loader` hands over. */
export type EngineExports = { memory: WebAssembly.Memory } & Record<EngineCall, (...args: number[]) => number>;

export class Engine {
  /** True after a trap. */
  broken = false;
  readonly #exports: EngineExports;
  readonly #controlPtr: number;
  readonly #errorPtr: number;
  readonly #digestPtr: number;
  readonly #inputPtr: number;
  readonly #outputPtr: number;
  #input: Uint8Array<ArrayBuffer>;

  constructor(exports: EngineExports) {
    this.#exports = exports;
    this.#controlPtr = exports.controlPtr() >>> 0;
    this.#errorPtr = exports.errorPtr() >>> 0;
    this.#digestPtr = exports.digestPtr() >>> 0;
    this.#inputPtr = exports.inputPtr() >>> 0;
    this.#outputPtr = exports.outputPtr() >>> 0;
    this.#input = this.#view(this.#inputPtr, abi.INPUT_WINDOW_BYTES);
  }

  /** Linear memory in bytes; it never shrinks. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Bytes of the arena that the current job uses. */
  get arenaBytes(): number {
    return this.#control(abi.CONTROL_ARENA_BYTES);
  }

  /** The input window, INPUT_WINDOW_BYTES long. Fetch it again after every call. */
  get input(): Uint8Array<ArrayBuffer> {
    if (this.#input.buffer !== this.#exports.memory.buffer) {
      this.#input = this.#view(this.#inputPtr, abi.INPUT_WINDOW_BYTES);
    }
    return this.#input;
  }

  /** Begins a job: frees the arena, closes all verity slots, seeds the hash tables with two u32. */
  reset(seedLow: number, seedHigh: number): void {
    this.#call("reset", seedLow, seedHigh);
  }

  /** Sets the limit LIMIT_* (assembly/abi.ts) to `value`, a u32. */
  setLimit(index: number, value: number): void {
    this.#check(this.#call("setLimit", index, value));
  }

  /** Begins a dumpfile. */
  dumpBegin(strict: boolean): void {
    this.#check(this.#call("dumpBegin", strict ? abi.DUMP_STRICT : 0));
  }

  /** Parses the first `length` bytes of the input window. @throws {ComposefsError} DUMP_*, ENGINE_MEMORY */
  dumpWrite(length: number): void {
    this.#check(this.#call("dumpWrite", length));
  }

  /** Ends the dumpfile and resolves hardlinks. @throws {ComposefsError} DUMP_*, ENGINE_MEMORY */
  dumpEnd(): TreeCounts {
    this.#check(this.#call("dumpEnd"));
    return this.#counts();
  }

  /** Begins an EROFS image. */
  scanBegin(strict: boolean): void {
    this.#check(this.#call("scanBegin", strict ? abi.SCAN_STRICT : 0));
  }

  /** Takes the first `length` bytes of the input window. @throws {ComposefsError} IMAGE_*, ENGINE_MEMORY */
  scanWrite(length: number): void {
    this.#check(this.#call("scanWrite", length));
  }

  /** Ends the image and reads the tree in it. @throws {ComposefsError} IMAGE_*, ENGINE_MEMORY */
  scanEnd(): { counts: TreeCounts; image: StoredImage } {
    this.#check(this.#call("scanEnd"));
    const image = {
      version: this.#control(abi.CONTROL_IMAGE_VERSION),
      size: this.#control(abi.CONTROL_IMAGE_BYTES),
      stubs: this.#control(abi.CONTROL_STUBS),
    };
    return { counts: this.#counts(), image };
  }

  /** Bytes of the image that was read, at most OUTPUT_WINDOW_BYTES; valid until the next call. */
  scanBytes(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("scanBytes", offset, length)));
  }

  /** Begins the tar of a layer. @param flags LAYER_* (assembly/abi.ts) */
  layerBegin(flags: number): void {
    this.#check(this.#call("layerBegin", flags));
  }

  /**
   * Takes `length` bytes at `from` in the input window, or the first of them.
   *
   * @returns how many were taken, and the records that they made (RECORD_*), valid until the next call
   * @throws {ComposefsError} TAR_*
   */
  layerWrite(from: number, length: number): { taken: number; records: Uint8Array<ArrayBuffer> } {
    const bytes = this.#length(this.#call("layerWrite", from, length));
    return { taken: this.#control(abi.CONTROL_LAYER_TAKEN), records: this.#view(this.#outputPtr, bytes) };
  }

  /** Ends the tar. @throws {ComposefsError} TAR_* */
  layerEnd(): void {
    this.#check(this.#call("layerEnd"));
  }

  /** Begins a tree of layers. @param flags MERGE_* */
  mergeBegin(flags: number): void {
    this.#check(this.#call("mergeBegin", flags));
  }

  /** Begins the next layer, base first. */
  mergeLayer(): void {
    this.#check(this.#call("mergeLayer"));
  }

  /** Applies the whole records in the first `length` bytes of the input window. @throws {ComposefsError} LAYER_* */
  mergeWrite(length: number): void {
    this.#check(this.#call("mergeWrite", length));
  }

  /** Ends the last layer. @throws {ComposefsError} LAYER_* */
  mergeEnd(): TreeCounts {
    this.#check(this.#call("mergeEnd"));
    return this.#counts();
  }

  /** Begins to give the entries of a tree of layers their SELinux labels. */
  labelBegin(): void {
    this.#check(this.#call("labelBegin"));
  }

  /** Adds the label in the first `length` bytes of the input window; the first one is number 1. @throws {ComposefsError} LABEL_BUDGET */
  labelText(length: number): void {
    this.#check(this.#call("labelText", length));
  }

  /** Labels the next `count` entries in depth-first order by the u32 in the input window, 0 for none. @throws {ComposefsError} LABEL_BUDGET */
  labelEntries(count: number): void {
    this.#check(this.#call("labelEntries", count));
  }

  /** Ends the labels, when each entry has got its own. */
  labelEnd(): TreeCounts {
    this.#check(this.#call("labelEnd"));
    return this.#counts();
  }

  /** Begins the canonical dumpfile of the tree. */
  printOpen(): void {
    this.#check(this.#call("printOpen"));
  }

  /** The next piece of it, valid until the next call; empty at the end. */
  printRead(): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("printRead")));
  }

  /** Begins what `composefs-info dump` of C prints of the image that was read. */
  infoOpen(): void {
    this.#check(this.#call("infoOpen"));
  }

  /** The next piece of it, valid until the next call; empty at the end. */
  infoRead(): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("infoRead")));
  }

  /** Lists the regions of the image that was read. */
  regionOpen(): void {
    this.#check(this.#call("regionOpen"));
  }

  /** The next region records (assembly/abi.ts, REGION_*), valid until the next call; empty at the end. */
  regionRead(): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("regionRead")));
  }

  /** The absolute path of an entry that a region record names, valid until the next call. */
  regionPath(entry: number): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("regionPath", entry)));
  }

  /** Opens the cursor on the tree. */
  cursorOpen(): void {
    this.#check(this.#call("cursorOpen"));
  }

  /** Records of entries from `first` on in depth-first order, as many as make a page. */
  cursorRead(first: number): RecordPage {
    this.#check(this.#call("cursorRead", first));
    return this.#page();
  }

  /** Records of the entries of directory `index`, from the `from`-th on. */
  cursorChildren(index: number, from: number): RecordPage {
    this.#check(this.#call("cursorChildren", index, from));
    return this.#page();
  }

  /** Index of the entry at an absolute path, -1 when there is none. Overwrites the input window. */
  cursorFind(path: Uint8Array): number {
    if (path.length > abi.INPUT_WINDOW_BYTES) return -1;
    this.input.set(path);
    return this.#call("cursorFind", path.length);
  }

  /** Lays an image out in the format FORMAT_*. May be called again for another one. @throws {ComposefsError} EROFS_* */
  imageOpen(format: number): ImageLayout {
    this.#check(this.#call("imageOpen", format));
    return {
      version: this.#control(abi.CONTROL_IMAGE_VERSION),
      size: this.#control(abi.CONTROL_IMAGE_BYTES),
      inodes: this.#control(abi.CONTROL_IMAGE_INODES),
      sharedXattrs: this.#control(abi.CONTROL_IMAGE_SHARED_XATTRS),
    };
  }

  /**
   * Writes the next piece of the image and feeds it to the verity slots in `verityMask`.
   *
   * @returns the piece, valid until the next call; empty at the end. All but the last are multiples of 65536 bytes.
   */
  imageRead(verityMask: number): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("imageRead", verityMask)));
  }

  /** The first `length` bytes of the output window, which only `imageRead` and `verityBlocks` change. */
  output(length: number): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, length);
  }

  /** Opens slot 0 to 3 for a digest. `salt`: at most 32 bytes, overwrites the input window. */
  verityOpen(slot: number, algorithm: number, blockBits: number, salt: Uint8Array): void {
    this.input.set(salt);
    this.#check(this.#call("verityOpen", slot, algorithm, blockBits, salt.length));
  }

  /** Feeds the first `length` bytes of the input window to a slot. */
  verityWrite(slot: number, length: number): void {
    this.#check(this.#call("verityWrite", slot, length));
  }

  /**
   * Feeds `count` block digests that lie in the input window; together they stand for `dataLength` bytes.
   * Only between whole blocks; only the last call may cover a part of a block.
   */
  verityWriteDigests(slot: number, count: number, dataLength: number): void {
    this.#check(this.#call("verityWriteDigests", slot, count, dataLength));
  }

  /** Hashes the blocks in the first `length` bytes of the input window; returns their digests, valid until the next call. */
  verityBlocks(slot: number, length: number, digestBytes: number): Uint8Array<ArrayBuffer> {
    return this.#view(this.#outputPtr, this.#length(this.#call("verityBlocks", slot, length)) * digestBytes);
  }

  /** Ends a slot and returns its fs-verity digest, 32 or 64 bytes. */
  verityClose(slot: number): Uint8Array<ArrayBuffer> {
    return this.#view(this.#digestPtr, this.#length(this.#call("verityClose", slot))).slice();
  }

  #counts(): TreeCounts {
    const digestBytes = this.#control(abi.CONTROL_DIGEST_BYTES);
    return {
      entries: this.#control(abi.CONTROL_ENTRIES),
      directories: this.#control(abi.CONTROL_DIRECTORIES),
      hardlinks: this.#control(abi.CONTROL_HARDLINKS),
      externalFiles: this.#control(abi.CONTROL_EXTERNAL_FILES),
      inlineFiles: this.#control(abi.CONTROL_INLINE_FILES),
      symlinks: this.#control(abi.CONTROL_SYMLINKS),
      whiteouts: this.#control(abi.CONTROL_WHITEOUTS),
      objectHash: digestBytes === 0 ? null : digestBytes === 32 ? "sha256" : "sha512",
      inputBytes: this.#control(abi.CONTROL_INPUT_BYTES),
      externalBytes: this.#control(abi.CONTROL_EXTERNAL_BYTES),
    };
  }

  #page(): RecordPage {
    const bytes = this.#view(this.#outputPtr, this.#control(abi.CONTROL_CURSOR_BYTES)).slice();
    return { count: this.#control(abi.CONTROL_CURSOR_COUNT), bytes };
  }

  #view(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#exports.memory.buffer as ArrayBuffer, pointer, length);
  }

  #control(offset: number): number {
    return Number(this.#record(this.#controlPtr).getBigUint64(offset, true));
  }

  #record(pointer: number): DataView {
    return new DataView(this.#exports.memory.buffer, pointer);
  }

  /** The one place where the module is entered: whatever it throws is a trap. */
  #call(name: EngineCall, ...values: number[]): number {
    // WebAssembly would take undefined for 0, and 0 is a format.
    if (!values.every(Number.isInteger)) throw new TypeError(`engine: ${name}(${values}): expected integers`);
    if (this.broken) throw new ComposefsError("ENGINE_TRAP", "engine: this instance trapped before");
    try {
      return this.#exports[name](...values);
    } catch (cause) {
      this.broken = true;
      throw new ComposefsError("ENGINE_TRAP", `engine: trap in ${name}: ${(cause as Error).message}`, {}, { cause });
    }
  }

  #length(result: number): number {
    if (result < 0) this.#check(-result);
    return result;
  }

  #check(status: number): void {
    if (status === 0) return;
    const record = this.#record(this.#errorPtr);
    throw errorFromRecord({
      status: record.getUint32(abi.ERROR_STATUS, true) || status,
      field: record.getUint32(abi.ERROR_FIELD, true),
      offset: record.getBigUint64(abi.ERROR_OFFSET, true),
      line: record.getBigUint64(abi.ERROR_LINE, true),
      actual: record.getBigUint64(abi.ERROR_ACTUAL, true),
      limit: record.getBigUint64(abi.ERROR_LIMIT, true),
      text: this.#view(this.#errorPtr + abi.ERROR_TEXT, record.getUint32(abi.ERROR_TEXT_BYTES, true)).slice(),
    });
  }
}
