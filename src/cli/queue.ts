/**
 * `composefs queue list`: what was given up, with the reason, and how many jobs there are; of the queue that `serve` has with the
 * same options: a fleet's on Redis, or the journal in a directory, which a running service may have open:
 *
 *   image  registry.example/app@sha256:52a1…  TAR_CHECKSUM: sha256-9f1c….sha512.v3@sha256:07c1…: …
 *   layer  sha256-9f1c….sha512.v3@sha256:07c1…  TAR_CHECKSUM: …
 *   images: 3 waiting, 1 worked on, 1 given up
 *   layers: 0 waiting, 1 worked on, 1 given up
 *
 * `composefs queue retry KEY...` gives what was given up all its tries again, `--all` all of it; a layer that an image failed for
 * is tried again with it. With `--json` an object for each job, and one with the counts:
 *
 *   {"queue": "images", "key": "registry.example/app@sha256:52a1…", "data": {…}, "failures": 3, "code": "TAR_CHECKSUM",
 *    "reason": "…", "atMs": 1795888800000}
 *   {"images": {"waiting": 3, "running": 1, "dead": 1}, "layers": {…}}
 *
 * `retry` prints the keys; it exits with 1 when one was not given up.
 */

import { ComposefsError } from "../error.ts";
import type { ServiceConfig } from "../service/config.ts";
import { JournalQueue } from "../service/journal-queue.ts";
import { isFleet, journalDirectory, openQueues, type ServiceQueues } from "../service/open-queues.ts";
import { listDead, retryAll, type ShownQueues } from "../service/quarantine.ts";
import { quote } from "../source/files.node.ts";
import { EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { type ConfigOptions, configOf } from "./precompute.ts";
import { print, printable, printError } from "./text.ts";

export interface QueueOptions extends Pick<ConfigOptions, "config" | "queue" | "state"> {
  all?: boolean;
  json?: boolean;
}

/** Milliseconds that Redis may take to be there: somebody waits. */
const REACH_MS = 5_000;

/** Runs `queue list`. @returns the exit code @throws {ComposefsError} USAGE, SERVICE_*, IO_* */
export async function list(options: QueueOptions): Promise<number> {
  const config = await configOf([], options);
  if (isFleet(config)) return withQueues(config, (queues) => show(queues, options));
  return show({ images: JournalQueue.look(directoryOf(config)), layers: null }, options);
}

/** Runs `queue retry`. @returns the exit code @throws {ComposefsError} USAGE, SERVICE_*, IO_* */
export async function retry(keys: readonly string[], options: QueueOptions): Promise<number> {
  if (keys.length === 0 && !options.all) throw usageError("expected KEY..., or --all");
  if (keys.length > 0 && options.all) throw usageError("expected KEY..., or --all, not both");
  const config = await configOf([], options);
  // A directory without a queue stays without one.
  if (!isFleet(config)) JournalQueue.look(directoryOf(config));
  return withQueues(config, async (queues) => {
    const dead = await listDead(queues);
    const wanted = options.all ? dead : dead.filter(({ key }) => keys.includes(key));
    await retryAll(queues, wanted);
    for (const { queue, key } of wanted) {
      print(options.json ? `${JSON.stringify({ queue, key })}\n` : `${printable(key)}\n`);
    }
    const missing = keys.filter((key) => !dead.some((job) => job.key === key));
    for (const key of missing) printError(`${quote(key)} was not given up\n`);
    return missing.length > 0 ? EXIT_NO : EXIT_OK;
  });
}

async function show(queues: ShownQueues, { json }: QueueOptions): Promise<number> {
  for (const job of await listDead(queues)) {
    const { queue, key, code, reason } = job;
    const text = `${queue.slice(0, -1)}  ${printable(key)}  ${code}: ${printable(reason)}`;
    print(`${json ? JSON.stringify(job) : text}\n`);
  }
  const counts = {
    images: await queues.images.counts(),
    ...(queues.layers && { layers: await queues.layers.counts() }),
  };
  if (json) print(`${JSON.stringify(counts)}\n`);
  else {
    for (const [name, { waiting, running, dead }] of Object.entries(counts)) {
      print(`${name}: ${waiting} waiting, ${running} worked on, ${dead} given up\n`);
    }
  }
  return EXIT_OK;
}

/** Opens the queues for one thing. @throws {ComposefsError} USAGE, SERVICE_QUEUE, IO_* */
async function withQueues(config: ServiceConfig, work: (queues: ServiceQueues) => Promise<number>): Promise<number> {
  const queues = await openQueues(config).catch((error) => {
    if (!(error instanceof ComposefsError && error.code === "IO_LOCKED")) throw error;
    const what = "a service has this queue open; it takes POST /v1/quarantine/retry?key=KEY";
    throw new ComposefsError("IO_LOCKED", what, error.data, { cause: error });
  });
  try {
    await queues.layers?.reach(REACH_MS);
    return await work(queues);
  } finally {
    await queues.images.close(0);
    await queues.layers?.close(0);
  }
}

/** @throws {ComposefsError} USAGE */
function directoryOf(config: ServiceConfig): string {
  const directory = journalDirectory(config);
  if (directory === null) throw usageError("expected --queue redis://…, --queue DIR or --state DIR");
  return directory;
}
