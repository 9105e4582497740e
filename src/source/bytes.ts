/**
 * Everything that may stand for a stream of bytes, as one async iteration; and the pace at which long jobs let
 * others have a turn.
 */

/** A stream of bytes: all at once, in pieces, or in pieces that arrive later. Chunks may have any length. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** How a long job talks to its caller. */
export interface JobControl {
  /** Ends the job early: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called now and then, at most about twenty times a second. */
  onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** `read`: the input is coming in; `write`: the image is going out. */
  phase: "read" | "write";
  /** Bytes so far in this phase. */
  bytes: number;
  /** Bytes that the phase will have in all, where known. */
  totalBytes?: number;
}

/** Pieces of at most this many bytes are handed on, so that a large array does not block the thread. */
const PART_BYTES = 1 << 20;
/** Milliseconds between two turns for others. */
const TURN_MS = 50;

/**
 * Iterates over the chunks of `source`; stops waiting for the next one when `signal` says so.
 *
 * @throws {TypeError} when the source, or a chunk of it, is something else
 */
export async function* chunksOf(source: ByteSource, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) {
    yield* partsOf(source);
  } else if (source instanceof ReadableStream) {
    yield* streamChunks(source, signal);
  } else if (typeof source === "object" && source !== null && Symbol.asyncIterator in source) {
    yield* iteratorChunks(source[Symbol.asyncIterator](), signal);
  } else if (typeof source === "object" && source !== null && Symbol.iterator in source) {
    for (const chunk of source) yield* partsOf(chunk);
  } else {
    throw new TypeError(`expected bytes, an iterable of bytes or a ReadableStream, got ${describe(source)}`);
  }
}

/** Through a reader: not every browser's streams are async iterable, and a reader can be told to stop waiting. */
async function* streamChunks(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  const cancel = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", cancel);
  try {
    while (true) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield* partsOf(value);
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

async function* iteratorChunks(
  iterator: AsyncIterator<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  // A promise of its own for each wait: reactions on one that never settles would pile up, one for each chunk.
  let stopWaiting: (reason: unknown) => void = () => {};
  const abort = () => stopWaiting(signal?.reason);
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      stopWaiting = reject;
      if (signal?.aborted) abort();
      else Promise.resolve(iterator.next()).then(resolve, reject);
    });
  signal?.addEventListener("abort", abort);
  let ended = false;
  try {
    while (true) {
      const { done, value } = await (signal === undefined ? iterator.next() : next());
      ended = done === true;
      if (ended) return;
      yield* partsOf(value);
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    // Not awaited: an iterator that waits for its next chunk answers only when that has come.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function* partsOf(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
  if (!(chunk instanceof Uint8Array)) throw new TypeError(`expected chunks of Uint8Array, got ${describe(chunk)}`);
  for (let start = 0; start < chunk.length; start += PART_BYTES) yield chunk.subarray(start, start + PART_BYTES);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}

/** Gives the event loop a turn every TURN_MS, reports progress there and notices that the job was called off. */
export class Pace {
  readonly #control: JobControl;
  #last = performance.now();

  constructor(control: JobControl) {
    this.#control = control;
    control.signal?.throwIfAborted();
  }

  /** To be awaited between pieces; does nothing most of the time. */
  async turn(progress: Progress): Promise<void> {
    this.#control.signal?.throwIfAborted();
    if (performance.now() - this.#last < TURN_MS) return;
    this.#control.onProgress?.(progress);
    await new Promise((resolve) => setTimeout(resolve));
    this.#control.signal?.throwIfAborted();
    this.#last = performance.now();
  }
}
