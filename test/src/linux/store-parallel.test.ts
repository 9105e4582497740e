/** Importers beside each other, and beside a garbage collection. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { verifyStore } from "../../../src/image/store-check.node.ts";
import { objectDigestsOfFile } from "../../../src/image/store-image.node.ts";
import { ObjectStore } from "../../../src/linux/store.node.ts";
import { collectGarbage } from "../../../src/linux/store-gc.node.ts";
import { listImages, removeImage } from "../../../src/linux/store-roots.node.ts";
import { snapshot, someFiles, writeImage } from "../../support/store.ts";
import { emptyFolder, start } from "../cli/run.ts";

const LENGTHS = [100, 5000];
const ROUNDS = 2;
/** Many processes, on a machine that may be busy. */
const TIMEOUT_MS = 300_000;

/** Two images that share most of their objects. */
function twoImages(cwd: string): string[] {
  const shared = someFiles("usr/lib", 100, LENGTHS);
  return ["a", "b"].map((name, i) =>
    writeImage(cwd, [shared, someFiles(`usr/${name}`, 50, LENGTHS, 1000 * (i + 1))], `${name}.oci`),
  );
}

/** Starts an importer. */
function importer(cwd: string, image: string) {
  const args = ["store", "import", image, "--repo", "repo", "--no-verity", "--json", "--cache", "cache"];
  const { child, ended } = start("composefs", args, cwd);
  let stdout = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  return ended.then(({ exitCode, stderr }) => {
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return JSON.parse(stdout) as { image: string; written: number; repaired: number };
  });
}

describe.skipIf(process.platform !== "linux")("at the same time (needs Linux)", () => {
  test(
    "importers of the same and of other images leave what they would leave one after the other",
    async () => {
      const cwd = emptyFolder();
      const [a, b] = twoImages(cwd) as [string, string];
      for (const image of [a, b]) await importer(cwd, image);
      const expected = snapshot(join(cwd, "repo"));
      for (let round = 0; round < ROUNDS; round++) {
        rmSync(join(cwd, "repo"), { recursive: true });
        const done = await Promise.all([a, b, a].map((image) => importer(cwd, image)));
        // Whoever was faster: each object has got its name once, and nobody took another's for damaged.
        expect(done.reduce((sum, { written }) => sum + written, 0)).toBe(100 + 2 * 50 + 2);
        expect(done.map(({ repaired }) => repaired)).toEqual([0, 0, 0]);
        expect(snapshot(join(cwd, "repo"))).toEqual(expected);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a garbage collection takes nothing that an importer counts on",
    async () => {
      const cwd = emptyFolder();
      const [a, b] = twoImages(cwd) as [string, string];
      for (const image of [a, b]) await importer(cwd, image);
      const store = ObjectStore.open(join(cwd, "repo"));
      for (let round = 0; round < ROUNDS; round++) {
        // All objects are there and garbage: an importer takes them as they are, or they go before it looks.
        for (const { digest } of listImages(store)) await removeImage(store, Buffer.from(digest));
        let isOver = false;
        const importers = Promise.all([a, b].map((image) => importer(cwd, image))).finally(() => {
          isOver = true;
        });
        const collecting = (async () => {
          let collected = 0;
          for (; !isOver; collected++) {
            await collectGarbage(store, objectDigestsOfFile, { temporaryAgeMs: -1 });
            // Longer than an importer waits between two tries for the lock.
            await setTimeout(100);
          }
          return collected;
        })();
        const [images, collected] = await Promise.all([importers, collecting]);
        expect(collected).toBeGreaterThan(0);
        expect(listImages(store).map(({ digest }) => digest)).toEqual(images.map(({ image }) => image).sort());
        expect(await verifyStore(store)).toMatchObject({ computed: 202, problems: [] });
      }
    },
    TIMEOUT_MS,
  );
});
