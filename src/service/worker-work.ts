/** How a worker process does what it is asked for. */

import { type CacheStore, findCached } from "../image/layer-cache.ts";
import { readLayers } from "../image/layers.ts";
import { readHere } from "../image/read-here.ts";
import { LayeredImage } from "../image/view.ts";
import { SealDigests } from "../seal/digests.ts";
import { computeSeals } from "../seal/seal.ts";
import { checkLimit } from "./image-limits.ts";
import { hashesOf, type WorkerAnswer, type WorkerTask } from "./worker-tasks.ts";

/** Does a task. @throws {ComposefsError} SERVICE_LIMIT, and all that reading and merging give */
export async function workOn(task: WorkerTask, cache: CacheStore): Promise<WorkerAnswer> {
  if (task.kind === "look") {
    const records = await findCached(cache, task.diffId, task.hashes, task.digest);
    return { read: 0, storedBytes: 0, isKept: records !== undefined, placed: [] };
  }
  const layers = task.kind === "layer" ? [task.layer] : task.layers;
  const hashes = task.kind === "layer" ? task.hashes : hashesOf(task.algorithms);
  const images = await readLayers(layers, { hashes, read: readHere, workers: 1, cache, limits: task.limits });
  const fresh = new Set(images.flatMap(({ isCached, blob }) => (isCached ? [] : [blob!])));
  const storedBytes = [...fresh].reduce((sum, { size }) => sum + (size ?? 0), 0);
  const answer: WorkerAnswer = { read: fresh.size, storedBytes, isKept: true, placed: [] };
  if (task.kind === "layer") return answer;
  const { name, manifest, config, algorithms, roles, imageEntries } = task;
  const entries = images.reduce((sum, { records }) => sum + records.entries, 0);
  checkLimit(name, { imageEntries }, "imageEntries", entries);
  const digests = new SealDigests({ trees: new LayeredImage(images, "auto"), manifest, config });
  return { ...answer, placed: await computeSeals(digests, { algorithms, roles, signer: null }) };
}
