/**
 * SHA-256 of blobs and layers on a thread of its own, beside the engine that hashes the files in them: the one takes about as
 * long as the other (measured: test/bench, inspector).
 *
 * Bytes are gathered in buffers that go to the thread and come back. There are few of them, so that who reads faster than
 * the thread hashes has to wait.
 */

import type { Sha256 } from "../../source/host.ts";

export type HashTask =
  | { kind: "begin"; id: number }
  /** Only the first `length` bytes count. */
  | { kind: "bytes"; id: number; buffer: Uint8Array<ArrayBuffer>; length: number }
  | { kind: "end"; id: number };

export type HashAnswer =
  | { kind: "free"; buffer: Uint8Array<ArrayBuffer> }
  | { kind: "digest"; id: number; digest: string };

const BUFFER_BYTES = 1 << 20;
/** Buffers that may be on their way at once, of all hashes together. */
const ON_THE_WAY_MAX = 4;

export class HashThread {
  readonly #port: MessagePort;
  /** Buffers that came back. One that a hash had begun to fill when it was given up is not among them. */
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #onTheWay = 0;
  readonly #digests = new Map<number, (digest: string) => void>();
  #onFree: Array<() => void> = [];
  #last = 0;

  /** @param port leads to hash-worker.web.ts */
  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<HashAnswer>) => {
      if (data.kind === "digest") {
        this.#digests.get(data.id)?.(data.digest);
        this.#digests.delete(data.id);
        return;
      }
      this.#onTheWay--;
      this.#free.push(data.buffer);
      const waiting = this.#onFree;
      this.#onFree = [];
      for (const go of waiting) go();
    };
  }

  /** Begins a hash. */
  readonly begin = (): Sha256 => {
    const id = ++this.#last;
    this.#post({ kind: "begin", id });
    let buffer: Uint8Array<ArrayBuffer> | undefined;
    let filled = 0;
    const send = () => {
      if (buffer === undefined) return;
      this.#onTheWay++;
      this.#post({ kind: "bytes", id, buffer, length: filled }, [buffer.buffer]);
      [buffer, filled] = [undefined, 0];
    };
    const take = async (bytes: Uint8Array): Promise<void> => {
      for (let start = 0; start < bytes.length; ) {
        buffer ??= await this.#buffer();
        const part = bytes.subarray(start, start + BUFFER_BYTES - filled);
        buffer.set(part, filled);
        filled += part.length;
        start += part.length;
        if (filled === BUFFER_BYTES) send();
      }
    };
    return {
      update(bytes) {
        // Most pieces find room.
        if (buffer === undefined || bytes.length >= BUFFER_BYTES - filled) return take(bytes);
        buffer.set(bytes, filled);
        filled += bytes.length;
        return undefined;
      },
      digest: () => {
        send();
        return new Promise<string>((resolve) => {
          this.#digests.set(id, resolve);
          this.#post({ kind: "end", id });
        });
      },
    };
  };

  /** A buffer, as soon as few enough are on their way. */
  async #buffer(): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#onTheWay >= ON_THE_WAY_MAX) await new Promise<void>((resolve) => this.#onFree.push(resolve));
    return this.#free.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  #post(task: HashTask, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(task, transfer);
  }
}
