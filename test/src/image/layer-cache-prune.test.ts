/** What leaves a layer cache, and what stays. */
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryCache } from "../../../src/image/layer-cache.node.ts";
import { cacheKey } from "../../../src/image/layer-cache.ts";
import { pruneCache } from "../../../src/image/layer-cache-prune.node.ts";
import { composefs, emptyFolder } from "../cli/run.ts";

const DAY_MS = 86_400_000;
const keyOf = (n: number) => cacheKey(`sha256:${`${n}`.repeat(64)}`, ["sha512"]);

/** A cache whose entry `n` has 100 bytes and was used `n` days ago, with strangers in it. */
async function makeCache(): Promise<string> {
  const folder = emptyFolder();
  const cache = new DirectoryCache(folder);
  const age = (name: string, days: number) => {
    const at = new Date(Date.now() - days * DAY_MS);
    utimesSync(join(folder, name), at, at);
  };
  for (const n of [1, 2, 3, 4]) {
    await cache.put(keyOf(n), new Uint8Array(100));
    age(keyOf(n), n);
  }
  const temporary = [`${keyOf(1)}.${"a".repeat(12)}.tmp`, `${keyOf(1)}.${"b".repeat(12)}.tmp`];
  for (const name of ["mine.txt", `${keyOf(1)}.bak`, ...temporary]) writeFileSync(join(folder, name), "x");
  for (const name of ["mine.txt", `${keyOf(1)}.bak`, temporary[0]!]) age(name, 100);
  return folder;
}

test("what was not used for long goes, and what a killed process has left; strangers stay", async () => {
  const folder = await makeCache();
  expect(await pruneCache(folder, { maxAgeMs: 2.5 * DAY_MS })).toEqual({
    ...{ entries: 2, bytes: 200, removedEntries: 3, removedBytes: 201 },
  });
  const left = [keyOf(1), keyOf(2), "mine.txt", `${keyOf(1)}.bak`, `${keyOf(1)}.${"b".repeat(12)}.tmp`];
  expect(readdirSync(folder).sort()).toEqual(left.sort());
});

test.each([
  [400, 4],
  [399, 3],
  [100, 1],
  [99, 0],
  [0, 0],
])("of at most %i bytes the %i used last stay", async (maxBytes, entries) => {
  const folder = await makeCache();
  expect((await pruneCache(folder, { maxBytes })).entries).toBe(entries);
  expect([1, 2, 3, 4].filter((n) => existsSync(join(folder, keyOf(n))))).toEqual([1, 2, 3, 4].slice(0, entries));
});

test("to read an entry is to use it", async () => {
  const folder = await makeCache();
  await new DirectoryCache(folder).get(keyOf(4));
  expect(Date.now() - statSync(join(folder, keyOf(4))).mtimeMs).toBeLessThan(DAY_MS);
  await pruneCache(folder, { maxBytes: 100 });
  expect(existsSync(join(folder, keyOf(4)))).toBe(true);
});

test("by the command", async () => {
  const folder = await makeCache();
  const { exitCode, stdout } = composefs(["cache", "prune", "--cache", folder, "--max-age", "2", "--json"]);
  expect([exitCode, JSON.parse(stdout).entries]).toEqual([0, 1]);
  const none = composefs(["cache", "prune", "--cache", join(folder, "none"), "--max-bytes", "0"]);
  expect(none).toMatchObject({ exitCode: 0, stdout: "removed 0 files, 0 bytes; stay 0 files, 0 bytes\n" });
  for (const wrong of [[], ["--max-age", "x"], ["--max-bytes", "-1"], ["--cache", "s3://b", "--max-age", "1"]]) {
    expect(composefs(["cache", "prune", ...wrong]).exitCode).toBe(2);
  }
});
