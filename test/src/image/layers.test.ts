/** Layers of an image, in parallel: each read once, the cache asked first, a failure stops the rest. */
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import type { CacheStore } from "../../../src/image/layer-cache.ts";
import { type LayerProgress, type LayerReader, readLayers } from "../../../src/image/layers.ts";
import type { LayerBlob } from "../../../src/source/container.ts";

const DIFF_IDS = ["a", "b", "c", "d"].map((letter) => `sha256:${letter.repeat(64)}`);

/** A layer of which only the reader below knows what is in it. */
function layer(diffId: string | null, size = 1): LayerBlob {
  const place = { kind: "file", path: "/none", offset: 0, length: size } as const;
  return { place, compression: "none", mediaType: "", digest: null, size, diffId, name: "", annotations: {} };
}

/** A reader that notes what it read and gives the number of the layer as records. */
function readerOf(read: LayerBlob[], work: (layer: LayerBlob, signal?: AbortSignal) => Promise<void> = async () => {}) {
  const reader: LayerReader = async (blob, { hashes }, signal, onBytes) => {
    read.push(blob);
    onBytes?.({ bytes: 1, storedBytes: 1 });
    await work(blob, signal);
    const records = { bytes: new Uint8Array([blob.size!]), entries: 1, tarBytes: 9, hashes: [...hashes], contents: [] };
    return { records, totals: { bytes: 9, diffId: blob.diffId ?? "sha256:found" } };
  };
  return reader;
}

class MemoryCache implements CacheStore {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();
  async get(key: string) {
    return this.entries.get(key);
  }
  async put(key: string, entry: Uint8Array<ArrayBuffer>) {
    this.entries.set(key, entry);
  }
}

const hashes = ["sha512"] as const;

describe("readLayers", () => {
  test("keeps the order, begins with the largest, and reads what occurs twice once", async () => {
    const read: LayerBlob[] = [];
    const layers = [
      layer(DIFF_IDS[0]!, 2),
      layer(DIFF_IDS[1]!, 3),
      layer(DIFF_IDS[0]!, 2),
      layer(null, 1),
      layer(null, 1),
    ];
    const found = await readLayers(layers, { hashes, read: readerOf(read), workers: 1 });
    expect(found.map(({ records }) => records.bytes[0])).toEqual([2, 3, 2, 1, 1]);
    expect(found[0]).toBe(found[2]);
    expect(found.map(({ diffId }) => diffId).slice(2)).toEqual([DIFF_IDS[0], "sha256:found", "sha256:found"]);
    // Two layers of which nothing is known may be two.
    expect(read.map(({ size }) => size)).toEqual([3, 2, 1, 1]);
  });

  test("reads as many at a time as there are workers", async () => {
    let open = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
    };
    for (const [workers, expected] of [
      [1, 1],
      [3, 3],
      [9, 4],
    ] as const) {
      most = 0;
      await readLayers(
        DIFF_IDS.map((id) => layer(id)),
        { hashes, read: readerOf([], work), workers },
      );
      expect(most).toBe(expected);
    }
  });

  test("asks the cache first, and fills it", async () => {
    const cache = new MemoryCache();
    const layers = DIFF_IDS.map((id, i) => layer(id, i + 1));
    const read: LayerBlob[] = [];
    const options = { hashes, read: readerOf(read), workers: 2, cache };
    await readLayers(layers.slice(0, 3), options);
    expect([read.length, cache.entries.size]).toEqual([3, 3]);
    const states: LayerProgress[] = [];
    const found = await readLayers(layers, { ...options, onProgress: (progress) => states.push(progress) });
    expect(read.slice(3).map(({ diffId }) => diffId)).toEqual([DIFF_IDS[3]]);
    expect(found.map(({ isCached }) => isCached)).toEqual([true, true, true, false]);
    expect(found.map(({ records }) => records.bytes[0])).toEqual([1, 2, 3, 4]);
    const of = (state: string) =>
      states.filter((progress) => progress.state === state).map((progress) => progress.layer);
    expect([of("cached").sort(), of("reading"), of("done")]).toEqual([[0, 1, 2], [3], [3]]);
    // With another hash nothing fits.
    await readLayers(layers, { ...options, hashes: ["sha256"] });
    expect(read).toHaveLength(8);
  });

  test("believes no blob its diff_id: another one is read, with the right layer in the cache and beside it", async () => {
    const cache = new MemoryCache();
    const [right, wrong] = ["1", "2"].map((digit) => ({
      ...layer(DIFF_IDS[0]!),
      digest: `sha256:${digit.repeat(64)}`,
      name: digit,
    }));
    const read: LayerBlob[] = [];
    const options = { hashes, read: readerOf(read), workers: 1, cache };
    await readLayers([right!], options);
    const found = await readLayers([right!, wrong!, right!, wrong!], options);
    expect(read.map(({ name }) => name)).toEqual(["1", "2"]);
    expect(found.map(({ isCached }) => isCached)).toEqual([true, false, true, false]);
    // Without a cache, too.
    await readLayers([right!, wrong!], { ...options, cache: undefined });
    expect(read.map(({ name }) => name)).toEqual(["1", "2", "1", "2"]);
  });

  test("a layer without diff_id is never looked up, but kept under the one it turned out to have", async () => {
    const cache = new MemoryCache();
    const read: LayerBlob[] = [];
    for (let i = 0; i < 2; i++) await readLayers([layer(null)], { hashes, read: readerOf(read), workers: 1, cache });
    expect([read.length, cache.entries.size]).toEqual([2, 1]);
  });

  test("a layer that fails calls the others off, and no further one is begun", async () => {
    const read: LayerBlob[] = [];
    const failure = new ComposefsError("BLOB_DIFF_ID", "wrong");
    const stopped: unknown[] = [];
    const work = async ({ size }: LayerBlob, signal?: AbortSignal) => {
      if (size === 4) throw failure;
      await new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
    };
    const reader = readerOf(read, async (blob, signal) => {
      try {
        await work(blob, signal);
      } catch (error) {
        stopped.push(error);
        throw error;
      }
    });
    const layers = DIFF_IDS.map((id, i) => layer(id, i + 1));
    await expect(readLayers(layers, { hashes, read: reader, workers: 2 })).rejects.toBe(failure);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(read.map(({ size }) => size)).toEqual([4, 3]);
    expect(stopped).toEqual([failure, failure]);
  });

  test("ends when its signal says so, with its reason", async () => {
    const control = new AbortController();
    const read: LayerBlob[] = [];
    const reader = readerOf(read, async (_, signal) => {
      control.abort(new Error("enough"));
      signal!.throwIfAborted();
    });
    const layers = DIFF_IDS.map((id) => layer(id));
    const job = readLayers(layers, { hashes, read: reader, workers: 1, signal: control.signal });
    await expect(job).rejects.toThrow("enough");
    expect(read).toHaveLength(1);
  });
});
