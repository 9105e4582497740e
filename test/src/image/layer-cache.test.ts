/** Entries of the layer cache: what was put in comes out, what is not whole is as if it were not there. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DirectoryCache, defaultCacheDirectory } from "../../../src/image/layer-cache.node.ts";
import { cacheKey, findCached, keepCached } from "../../../src/image/layer-cache.ts";
import type { LayerRecords } from "../../../src/image/layer-records.ts";
import { emptyFolder } from "../cli/run.ts";

const DIFF_ID = `sha256:${"5".repeat(64)}`;
const layer: LayerRecords = {
  bytes: Uint8Array.from({ length: 1000 }, (_, i) => i & 255),
  entries: 7,
  tarBytes: 123456789012,
  hashes: ["sha512"],
  contents: [
    { path: Buffer.from("etc/\xff", "latin1"), bytes: new Uint8Array([1, 2, 3]) },
    { path: Buffer.from("empty"), bytes: new Uint8Array(0) },
  ],
};

/** Plain values, so that kinds of arrays do not matter. */
const plain = ({ bytes, contents, ...rest }: LayerRecords) => ({
  ...rest,
  bytes: [...bytes],
  contents: contents.map(({ path, bytes }) => [[...path], [...bytes]]),
});

const SUM_BYTES = 32;

/** An entry with changed bytes whose sum holds nevertheless. */
function resealed(entry: Uint8Array, change: (entry: Uint8Array) => void): Uint8Array {
  const changed = Uint8Array.from(entry);
  change(changed);
  const end = changed.length - SUM_BYTES;
  changed.set(createHash("sha256").update(changed.subarray(0, end)).digest(), end);
  return changed;
}

describe("an entry", () => {
  test("comes back as it was, for the hashes that it has", async () => {
    const folder = emptyFolder();
    const cache = new DirectoryCache(join(folder, "a/b"));
    expect(await findCached(cache, DIFF_ID, ["sha512"], null)).toBeUndefined();
    await keepCached(cache, DIFF_ID, layer, null);
    expect(plain((await findCached(cache, DIFF_ID, ["sha512"], null))!)).toEqual(plain(layer));
    expect(await findCached(cache, DIFF_ID, ["sha256"], null)).toBeUndefined();
    expect(await findCached(cache, DIFF_ID, ["sha512", "sha256"], null)).toBeUndefined();
    expect(await findCached(cache, DIFF_ID.replace("5", "6"), ["sha512"], null)).toBeUndefined();
  });

  test("stands for the blobs that it was read from, and for no other", async () => {
    const cache = new DirectoryCache(emptyFolder());
    const blobs = ["a", "b", "c"].map((digit) => `sha256:${digit.repeat(64)}`);
    const found = async () => {
      const all = [...blobs, DIFF_ID, null].map((blob) => findCached(cache, DIFF_ID, ["sha512"], blob));
      return (await Promise.all(all)).map((records) => records !== undefined);
    };
    await keepCached(cache, DIFF_ID, layer, blobs[0]!);
    expect(await found()).toEqual([true, false, false, true, true]);
    await keepCached(cache, DIFF_ID, layer, blobs[1]!);
    expect(await found()).toEqual([true, true, false, true, true]);
  });

  test("with both hashes does for either", async () => {
    const cache = new DirectoryCache(emptyFolder());
    await keepCached(cache, DIFF_ID, { ...layer, hashes: ["sha512", "sha256"] }, null);
    for (const hashes of [["sha256"], ["sha512"], ["sha256", "sha512"]] as const) {
      expect(await findCached(cache, DIFF_ID, hashes, null)).toBeDefined();
    }
  });

  test("that is damaged, cut, of another version or of another layer is not there, and is written anew", async () => {
    const folder = emptyFolder();
    const cache = new DirectoryCache(folder);
    await keepCached(cache, DIFF_ID, layer, null);
    const path = join(folder, cacheKey(DIFF_ID, ["sha512"]));
    const entry = readFileSync(path);
    const otherLayer = join(folder, "other");
    await keepCached(new DirectoryCache(otherLayer), DIFF_ID.replace("5", "6"), layer, null);
    const damaged: Record<string, Uint8Array> = {
      empty: new Uint8Array(0),
      "half of it": entry.subarray(0, entry.length / 2),
      "one byte short": entry.subarray(0, -1),
      "one byte more": Buffer.concat([entry, Buffer.alloc(1)]),
      "less than what is fixed": entry.subarray(0, 40),
      "another version": resealed(entry, (bytes) => bytes[8]!++),
      "another magic": resealed(entry, (bytes) => bytes[0]!++),
      "another layer": readFileSync(join(otherLayer, readdirSync(otherLayer)[0]!)),
    };
    for (const at of [0, 8, 20, 400, entry.length - 1]) {
      const flipped = Uint8Array.from(entry);
      flipped[at]! ^= 1;
      damaged[`a bit of byte ${at}`] = flipped;
    }
    for (const [what, bytes] of Object.entries(damaged)) {
      writeFileSync(path, bytes);
      expect(await findCached(cache, DIFF_ID, ["sha512"], null), what).toBeUndefined();
      await keepCached(cache, DIFF_ID, layer, null);
      expect(readFileSync(path).equals(entry), what).toBe(true);
    }
    expect(readdirSync(folder).sort()).toEqual(["other", cacheKey(DIFF_ID, ["sha512"])].sort());
  });
});

describe("the directory", () => {
  test("is the user's alone, and so are its files", async () => {
    const folder = join(emptyFolder(), "cache");
    await keepCached(new DirectoryCache(folder), DIFF_ID, layer, null);
    const modes = [folder, join(folder, readdirSync(folder)[0]!)].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600]);
  });

  test("that is not there, is a file or cannot be written does no harm", async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "closed"));
    chmodSync(join(folder, "closed"), 0o500);
    for (const name of ["file", "file/below", "closed"]) {
      const told: string[] = [];
      const cache = new DirectoryCache(join(folder, name), (reason) => told.push(reason));
      await keepCached(cache, DIFF_ID, layer, null);
      await findCached(cache, DIFF_ID, ["sha512"], null);
      // Root may write everywhere.
      if (name !== "closed") expect(told[0]).toMatch(/^a layer's records cannot be kept \((EEXIST|ENOTDIR)\)$/);
    }
    const told: string[] = [];
    await new DirectoryCache(folder, (reason) => told.push(reason)).get("nothing");
    expect(told).toEqual([]);
  });

  test("by default is below XDG_CACHE_HOME when that is absolute, else below ~/.cache", () => {
    const before = process.env["XDG_CACHE_HOME"];
    try {
      process.env["XDG_CACHE_HOME"] = "/somewhere";
      expect(defaultCacheDirectory()).toBe("/somewhere/composefs-wasm");
      process.env["XDG_CACHE_HOME"] = "relative";
      expect(defaultCacheDirectory()).toMatch(/\/\.cache\/composefs-wasm$/);
    } finally {
      if (before === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = before;
    }
  });
});
