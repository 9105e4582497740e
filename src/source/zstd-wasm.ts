/**
 * zstd where the host has none: the reference decoder as WebAssembly, out of the package zstddec.
 *
 * Of that package only the module is taken (embed.mjs), and each stream gets an instance of its own. Its own streaming
 * function does not look at error codes, so that corrupt data makes it loop for ever, and after each such stream the
 * shared instance keeps the window of the frame, up to 128 MiB, for good.
 */

/** What the module exports: zstd.h, in addresses and sizes. */
interface ZstdExports {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  ZSTD_createDCtx(): number;
  /** @returns 0 after a whole frame, else a hint; an error as a small negative number */
  ZSTD_decompressStream(context: number, output: number, input: number): number;
  ZSTD_DStreamInSize(): number;
  ZSTD_DStreamOutSize(): number;
}

/** ZSTD_inBuffer and ZSTD_outBuffer: address, size, position, 32 bits each. */
const BUFFER_BYTES = 12;
const POSITION_OFFSET = 8;
/** ZSTD_error_maxCode of zstd_errors.h: a status above -120 and below 0 is an error. */
const ERROR_MAX = 120;

let loading: Promise<WebAssembly.Module> | undefined;

async function loadModule(): Promise<WebAssembly.Module> {
  const { zstdBytes } = await import("#zstd-bytes");
  return WebAssembly.compile(zstdBytes());
}

/**
 * Decompresses zstd frames.
 *
 * @param chunks the data, its framing checked
 * @throws {Error} when it is corrupt
 */
export async function* unzstdWasm(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  loading ??= loadModule();
  const decoder = new Decoder(await loading);
  for await (const chunk of chunks) yield* decoder.push(chunk);
}

/** One stream in an instance of its own. */
class Decoder {
  readonly #zstd: ZstdExports;
  readonly #context: number;
  readonly #input: number;
  readonly #output: number;
  readonly #inputBytes: number;
  readonly #outputBytes: number;
  readonly #inputData: number;
  readonly #outputData: number;

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { emscripten_notify_memory_growth() {} } });
    this.#zstd = exports as unknown as ZstdExports;
    this.#context = this.#zstd.ZSTD_createDCtx();
    this.#inputBytes = this.#zstd.ZSTD_DStreamInSize();
    this.#outputBytes = this.#zstd.ZSTD_DStreamOutSize();
    this.#inputData = this.#zstd.malloc(this.#inputBytes);
    this.#outputData = this.#zstd.malloc(this.#outputBytes);
    this.#input = this.#zstd.malloc(BUFFER_BYTES);
    this.#output = this.#zstd.malloc(BUFFER_BYTES);
  }

  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let start = 0; start < chunk.length; start += this.#inputBytes) {
      yield* this.#decode(chunk.subarray(start, start + this.#inputBytes));
    }
  }

  *#decode(part: Uint8Array): Generator<Uint8Array, void, undefined> {
    new Uint8Array(this.#zstd.memory.buffer).set(part, this.#inputData);
    this.#set(this.#input, this.#inputData, part.length);
    for (let consumed = 0, produced = this.#outputBytes; consumed < part.length || produced === this.#outputBytes; ) {
      this.#set(this.#output, this.#outputData, this.#outputBytes);
      const status = this.#zstd.ZSTD_decompressStream(this.#context, this.#output, this.#input);
      if (status < 0 && status > -ERROR_MAX) throw new Error(`the decoder reports error ${-status}`);
      const before = consumed;
      consumed = this.#position(this.#input);
      produced = this.#position(this.#output);
      if (produced > 0) yield this.#copy(produced);
      else if (consumed === before) return this.#expectAll(consumed, part.length);
    }
  }

  /** A decoder that neither takes nor gives anything has to be done. */
  #expectAll(consumed: number, length: number): void {
    if (consumed < length) throw new Error("the decoder does not get on");
  }

  #set(buffer: number, address: number, size: number): void {
    const view = new DataView(this.#zstd.memory.buffer, buffer, BUFFER_BYTES);
    view.setUint32(0, address, true);
    view.setUint32(4, size, true);
    view.setUint32(POSITION_OFFSET, 0, true);
  }

  #position(buffer: number): number {
    return new DataView(this.#zstd.memory.buffer, buffer, BUFFER_BYTES).getUint32(POSITION_OFFSET, true);
  }

  #copy(length: number): Uint8Array {
    return new Uint8Array(this.#zstd.memory.buffer, this.#outputData, length).slice();
  }
}
