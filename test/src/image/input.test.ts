/** Every kind of byte source, and how each ends early. */
import { describe, expect, test } from "vitest";
import { type ByteSource, chunksOf, Pace, type Progress } from "../../../src/image/input.ts";

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
