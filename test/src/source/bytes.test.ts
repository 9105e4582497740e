/** Every kind of byte source, and how each ends early. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type ByteSource, chunksOf, Pace, type Progress } from "../../../src/source/bytes.ts";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
const parts = [bytes.subarray(0, 1), new Uint8Array(0), bytes.subarray(1, 999), bytes.subarray(999)];

async function collect(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* later(chunks: readonly Uint8Array[]) {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

describe("chunksOf", () => {
  test.each<[string, () => ByteSource]>([
    ["an array of bytes", () => bytes],
    ["a view into a larger buffer", () => new Uint8Array([9, ...bytes, 9]).subarray(1, 1001)],
    ["a Buffer", () => Buffer.from(bytes)],
    ["an array of chunks", () => parts],
    ["a generator", () => parts.values()],
    ["an async generator", () => later(parts)],
    ["a web stream", () => streamOf(parts)],
  ])("reads %s", async (_, source) => {
    expect(await collect(source())).toEqual(Buffer.from(bytes));
  });

  test("cuts a large array into parts", async () => {
    const lengths: number[] = [];
    for await (const chunk of chunksOf(new Uint8Array(2_500_000))) lengths.push(chunk.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1 << 20);
    expect(lengths.reduce((a, b) => a + b)).toBe(2_500_000);
  });

  test.each([
    ["a string", "text"],
    ["null", null],
    ["undefined", undefined],
    ["an ArrayBuffer", new ArrayBuffer(8)],
    ["an array of numbers", [1, 2, 3]],
    ["a stream of strings", streamOf(["x" as unknown as Uint8Array])],
  ])("refuses %s", async (_, source) => {
    await expect(collect(source as ByteSource)).rejects.toThrowError(TypeError);
  });

  test("cancels a stream that its reader leaves", async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const _ of chunksOf(stream)) break;
    expect(cancelled).toBe(true);
  });

  test.each<[string, ByteSource]>([
    ["stream", new ReadableStream<Uint8Array>({})],
    ["iterator", { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }],
  ])("stops waiting for a silent %s when the signal says so", async (_, source) => {
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of chunksOf(source, controller.signal));
    })();
    setTimeout(() => controller.abort(new Error("enough")), 5);
    await expect(reading).rejects.toThrowError("enough");
  });
});

/** What the heap grows by, in bytes, for each of many tiny chunks that arrive later. */
const GROWTH = `
const { chunksOf } = await import(process.argv[1]);
const COUNT = 300_000;
const chunk = new Uint8Array(1);
let heap = 0;
async function* source() {
  for (let i = 0; i < COUNT; i++) {
    if (i === 1000) { gc(); heap = process.memoryUsage().heapUsed; }
    yield chunk;
  }
  gc();
  heap = process.memoryUsage().heapUsed - heap;
}
const signal = process.argv[2] === "signal" ? new AbortController().signal : undefined;
let bytes = 0;
for await (const part of chunksOf(source(), signal)) bytes += part.length;
console.log(JSON.stringify({ bytes, perChunk: heap / COUNT }));
`;

test.each(["signal", "none"])("nothing is kept for each chunk, signal: %s", (kind) => {
  const module = new URL("../../../build/src/source/bytes.js", import.meta.url).href;
  const args = ["--expose-gc", "--input-type=module", "--eval", GROWTH, module, kind];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { bytes: read, perChunk } = JSON.parse(stdout);
  expect(read).toBe(300_000);
  // A reaction that stays costs some hundred bytes; what else moves is a few hundred kilobytes in all.
  expect(perChunk).toBeLessThan(10);
});

test("a signal that is over before the next wait ends it, and a late error of the iterator hurts nobody", async () => {
  const controller = new AbortController();
  let fail: (reason: Error) => void = () => {};
  let asked = 0;
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        asked++ === 0
          ? Promise.resolve({ done: false, value: new Uint8Array(1) })
          : new Promise((_, reject) => {
              fail = reject;
            }),
    }),
  };
  const reading = (async () => {
    for await (const _ of chunksOf(source, controller.signal)) setTimeout(() => controller.abort(new Error("enough")));
  })();
  await expect(reading).rejects.toThrowError("enough");
  fail(new Error("too late"));
  await new Promise((resolve) => setTimeout(resolve));
  const early = (async () => {
    for await (const _ of chunksOf(later(parts), controller.signal));
  })();
  await expect(early).rejects.toThrowError("enough");
});

describe("Pace", () => {
  test("reports now and then, and lets timers run", async () => {
    const seen: Progress[] = [];
    const pace = new Pace({ onProgress: (progress) => seen.push(progress) });
    let fired = false;
    setTimeout(() => {
      fired = true;
    });
    const until = performance.now() + 120;
    while (performance.now() < until) await pace.turn({ phase: "read", bytes: 5 });
    expect(fired).toBe(true);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(4);
  });

  test("a job whose signal is over does not begin", () => {
    expect(() => new Pace({ signal: AbortSignal.abort(new Error("no")) })).toThrowError("no");
  });
});
