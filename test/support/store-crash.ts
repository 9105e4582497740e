/**
 * Importers that are killed at random moments, and what they leave behind.
 *
 * The moments are spread over the time in which an import is at work in the repository, which is measured first. After
 * each kill nothing may be damaged, and no image may lack an object; now and then an import has to complete what the
 * killed ones left.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { verifyStore } from "../../src/image/store-check.node.ts";
import { objectDigestsOfFile } from "../../src/image/store-image.node.ts";
import { ObjectStore } from "../../src/linux/store.node.ts";
import { collectGarbage } from "../../src/linux/store-gc.node.ts";
import { listImages } from "../../src/linux/store-roots.node.ts";
import { start } from "../src/cli/run.ts";
import { SplitMix64 } from "./splitmix64.mjs";
import { snapshot, someFiles, writeImage } from "./store.ts";

/** Files of the image: most of the time goes into their objects. */
const FILES = 200;
const LENGTHS = [65, 100, 4097, 9000];
/** An import from the beginning to the end after so many kills. */
const KILLS_UNTIL_COMPLETE = 5;

/** What happened. */
export interface CrashCounts {
  /** Importers that were killed, and those that were faster. */
  killed: number;
  ended: number;
  /** Of the killed: how many left something half done, which is files under temporary names or objects without image. */
  interrupted: number;
  /** Imports that completed what was left. */
  completed: number;
}

/**
 * Kills importers.
 *
 * @param cwd an empty folder
 * @param kills how many
 * @returns counts
 * @throws when a repository is not what it must be; the message has the seed
 */
export async function killImporters(cwd: string, kills: number, seed: bigint): Promise<CrashCounts> {
  const random = new SplitMix64(seed);
  writeImage(cwd, [someFiles("usr/a", FILES, LENGTHS), someFiles("usr/b", FILES / 2, LENGTHS, FILES)]);
  const repo = join(cwd, "repo");
  const args = ["store", "import", "image.oci", "--repo", "repo", "--no-verity", "--cache", join(cwd, "cache"), "-q"];
  const run = () => start("composefs", [...args, "--name", "web"], cwd);
  const whole = async () => {
    const began = performance.now();
    const { child, ended } = run();
    while (child.exitCode === null && (objectCount(repo) ?? 0) === 0) await setTimeout(5);
    const working = performance.now();
    const { exitCode, stderr } = await ended;
    if (exitCode !== 0) throw new Error(`an import ended with ${exitCode}: ${stderr}`);
    return { start: working - began, length: performance.now() - working };
  };
  // The first one fills the cache, the second one is timed.
  await whole();
  rmSync(repo, { recursive: true });
  const time = await whole();
  const expected = snapshot(repo);
  rmSync(repo, { recursive: true });

  const counts: CrashCounts = { killed: 0, ended: 0, interrupted: 0, completed: 0 };
  const check = (condition: boolean, what: string) => {
    if (!condition) throw new Error(`seed ${seed}, after ${counts.killed + counts.ended} importers: ${what}`);
  };
  for (let i = 1; i <= kills; i++) {
    const { child, ended } = run();
    // A little more at both ends: before it begins, and when it has ended.
    const share = random.below(1000) / 1000;
    await setTimeout(0.9 * time.start + 1.2 * time.length * share);
    child.kill("SIGKILL");
    if ((await ended).signal === "SIGKILL") counts.killed++;
    else counts.ended++;

    // Some are killed before there is a repository.
    if (objectCount(repo) !== undefined) {
      const store = ObjectStore.open(repo);
      const { problems } = await verifyStore(store);
      check(problems.length === 0, JSON.stringify(problems[0]));
      const isWhole = listImages(store).length > 0;
      if (!isWhole || store.names("objects/.tmp").length > 0) counts.interrupted++;
      // Another one goes on where this one was stopped, or from the beginning.
      const isAgain = i % KILLS_UNTIL_COMPLETE !== 0 && (isWhole || random.below(2) === 0);
      if (isAgain) rmSync(repo, { recursive: true });
    }
    if (i % KILLS_UNTIL_COMPLETE !== 0) continue;
    await whole();
    counts.completed++;
    await collectGarbage(ObjectStore.open(repo), objectDigestsOfFile, { temporaryAgeMs: -1 });
    const found = snapshot(repo);
    check(found.size === expected.size, `${found.size} files and directories, expected ${expected.size}`);
    for (const [path, value] of expected) {
      const same = Buffer.isBuffer(value) ? value.equals(found.get(path) as Buffer) : found.get(path) === value;
      check(same, `${path} is not what it must be`);
    }
    rmSync(repo, { recursive: true });
  }
  return counts;
}

/** Directories of objects, which come before the objects; undefined where there is no repository yet. */
function objectCount(repo: string): number | undefined {
  try {
    const store = ObjectStore.open(repo);
    return store.names("objects/.tmp").length + store.names("objects").length - 1;
  } catch {
    return undefined;
  }
}
