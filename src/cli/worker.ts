/**
 * `composefs worker --queue redis://…`: one of any number of processes, on any number of machines, that work on what
 * `composefs serve --queue redis://…` hears of and finds. It runs until a signal ends it; running work is finished or put back.
 * Writes JSON lines to standard error, and prints its address when it is told to `--listen` for probes and for Prometheus.
 *
 * Layers are read once in the whole fleet, and had from the layer cache, which all workers share: `--cache s3://…`, or a directory
 * on shared storage. Configuration, key and credentials are those of this machine; no job carries any.
 */

import { readCount } from "../service/config.ts";
import { isFleet } from "../service/open-queues.ts";
import { usageError } from "./common.ts";
import { configOf, readOption } from "./precompute.ts";
import { runService, type ServeOptions } from "./serve.ts";
import { keepHeapSmall } from "./small-heap.ts";

export interface WorkerOptions extends Omit<ServeOptions, "interval" | "parallel"> {
  concurrency?: string;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SERVICE_*, IO_* */
export async function run({ concurrency, ...options }: WorkerOptions): Promise<number> {
  keepHeapSmall();
  const config = await configOf([], options);
  // What was given is not repeated: it may hold a password.
  if (!isFleet(config)) throw usageError("expected --queue redis://HOST[:PORT][/DATABASE][?prefix=NAME]");
  if (config.cache === null) throw usageError("expected --cache: the layer cache that all workers share");
  if (concurrency !== undefined) config.parallel = config.workers = readOption("--concurrency", concurrency, readCount);
  return runService(config, options, { secret: null, listen: options.listen ?? null, isWorker: true });
}
