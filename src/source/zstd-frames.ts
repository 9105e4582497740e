/**
 * The framing of zstd data: frames and skippable frames, one after the other, and nothing else.
 *
 *   frame      magic 28 b5 2f fd | descriptor | window? | dictionary id? | content size? | blocks | checksum?
 *   block      3 bytes: last (1 bit), type (2), size (21) | size bytes, 1 byte for a block of one repeated byte
 *   skippable  magic 5? 2a 4d 18 | size, 4 bytes | size bytes
 *
 * RFC 8878, 3.1. Decoders differ in what they make of several frames, of bytes after the last one, of an end in the
 * middle and of frames that want gigabytes of window; so all of that is judged here, before a decoder sees the bytes.
 */

import { ComposefsError } from "../error.ts";
import type { SourceLimits } from "./limits.ts";

const FRAME_MAGIC = 0xfd2fb528;
/** The low four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Types of blocks. */
const BLOCK_REPEATED = 1;
const BLOCK_RESERVED = 3;
/** Bytes of dictionary id and content size, by their bits in the descriptor. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
/** Block_Maximum_Size. */
const BLOCK_BYTES = 128 * 1024;

/** Follows the framing through a stream of chunks. */
export class ZstdFrames {
  readonly #where: string;
  readonly #limits: Pick<SourceLimits, "zstdWindowBytes" | "zstdFrames">;
  /** What the field at hand is taken for when it is complete. */
  #take: () => void = this.#takeMagic;
  /** Bytes of the field at hand, and how many it will have. */
  readonly #field = new Uint8Array(16);
  #fieldLength = 0;
  #wanted = 4;
  /** Bytes of data to pass over. */
  #skip = 0;
  /** Frames and skippable frames so far, the one at hand included. */
  #frames = 0;
  #descriptor = 0;

  /** @param where for people: which data this is */
  constructor(where: string, limits: Pick<SourceLimits, "zstdWindowBytes" | "zstdFrames">) {
    this.#where = where;
    this.#limits = limits;
  }

  /**
   * Looks at the next bytes, and cuts them where frames end: the decoder of Node leaves alone what is behind a frame,
   * unless it comes as a piece of its own.
   *
   * @throws {ComposefsError} BLOB_ZSTD, BLOB_LIMIT
   */
  *pieces(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let start = 0;
    for (let i = 0; i < chunk.length; ) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - i);
        this.#skip -= passed;
        i += passed;
      } else {
        this.#field[this.#fieldLength++] = chunk[i++]!;
        if (this.#fieldLength === this.#wanted) this.#take();
      }
      if (this.#isBetweenFrames || i === chunk.length) {
        yield chunk.subarray(start, i);
        start = i;
      }
    }
  }

  /** The data has ended. @throws {ComposefsError} BLOB_ZSTD in the middle of a frame, or when there was none */
  end(): void {
    if (this.#frames === 0 || !this.#isBetweenFrames) throw this.#fault("the data ends in the middle of a frame");
  }

  get #isBetweenFrames(): boolean {
    return this.#take === this.#takeMagic && this.#fieldLength === 0 && this.#skip === 0;
  }

  #expect(take: () => void, bytes: number): void {
    this.#take = take;
    this.#wanted = bytes;
    this.#fieldLength = 0;
  }

  #takeMagic(): void {
    const magic = this.#number(0, 4);
    if (magic === FRAME_MAGIC) this.#expect(this.#takeDescriptor, 1);
    else if (magic - (magic % 16) === SKIPPABLE_MAGIC) this.#expect(this.#takeSkippableSize, 4);
    else if (this.#frames === 0) throw this.#fault("the data does not begin with a frame");
    else throw this.#fault("after the last frame there are bytes that begin none");
    this.#checkLimit("zstdFrames", ++this.#frames);
  }

  #takeSkippableSize(): void {
    this.#skip = this.#number(0, 4);
    this.#expect(this.#takeMagic, 4);
  }

  #takeDescriptor(): void {
    const descriptor = this.#field[0]!;
    if ((descriptor & 0x08) !== 0) throw this.#fault("a reserved bit of a frame header is set");
    this.#descriptor = descriptor;
    const isSingle = (descriptor & 0x20) !== 0;
    const sizeBytes = CONTENT_SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3] || (isSingle ? 1 : 0);
    const idBytes = DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
    this.#expect(this.#takeHeader, (isSingle ? 0 : 1) + idBytes + sizeBytes);
    // The window descriptor and a content size cannot both be missing, so that there is a field to wait for.
  }

  #takeHeader(): void {
    const isSingle = (this.#descriptor & 0x20) !== 0;
    const idStart = isSingle ? 0 : 1;
    const sizeStart = idStart + DICTIONARY_ID_BYTES[(this.#descriptor & 3) as 0 | 1 | 2 | 3];
    if (this.#number(idStart, sizeStart) !== 0) throw this.#fault("a frame wants a dictionary");
    // A single segment is its own window; a size of two bytes counts from 256.
    const size = this.#number(sizeStart, this.#wanted) + (this.#wanted - sizeStart === 2 ? 256 : 0);
    const window = isSingle ? size : windowBytes(this.#field[0]!);
    this.#checkLimit("zstdWindowBytes", window);
    this.#expect(this.#takeBlock, 3);
  }

  #takeBlock(): void {
    const header = this.#number(0, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === BLOCK_RESERVED) throw this.#fault("a block is of the reserved type");
    if (size > BLOCK_BYTES) throw this.#fault("a block is larger than 128 KiB");
    this.#skip = type === BLOCK_REPEATED ? 1 : size;
    const isLast = (header & 1) !== 0;
    const hasChecksum = (this.#descriptor & 0x04) !== 0;
    if (!isLast) this.#expect(this.#takeBlock, 3);
    else if (hasChecksum) this.#expect(this.#takeChecksum, 4);
    else this.#expect(this.#takeMagic, 4);
  }

  #takeChecksum(): void {
    this.#expect(this.#takeMagic, 4);
  }

  #checkLimit(name: "zstdWindowBytes" | "zstdFrames", actual: number): void {
    const limit = this.#limits[name];
    if (actual <= limit) return;
    const what =
      name === "zstdFrames" ? `there are ${actual} zstd frames or more` : `a window of ${actual} bytes is needed`;
    const message = `${this.#where}: ${what}, at most ${limit} are allowed (${name})`;
    throw new ComposefsError("BLOB_LIMIT", message, { actual, limit });
  }

  #fault(what: string): ComposefsError {
    return new ComposefsError("BLOB_ZSTD", `${this.#where}: not zstd: ${what}`);
  }

  /** Bytes `start` to `end` of the field, little endian. */
  #number(start: number, end: number): number {
    let value = 0;
    for (let i = end - 1; i >= start; i--) value = value * 256 + this.#field[i]!;
    return value;
  }
}

/** Window_Size: RFC 8878, 3.1.1.1.2. */
function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
