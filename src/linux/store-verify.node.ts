/**
 * Holding many objects against their names, on several threads.
 *
 * Digests go out to the threads in portions, and only what is not good comes back by name, so that memory does not grow
 * with the repository.
 */

import { Worker } from "node:worker_threads";
import type { Accelerator } from "../engine/calibrate.ts";
import { engineModuleSync } from "../engine/load.ts";
import { ComposefsError, type ComposefsErrorCode, type ComposefsErrorData } from "../error.ts";
import type { ObjectStore } from "./store.node.ts";
import { checkObject, type ObjectState } from "./store-object.node.ts";

/** Objects of a portion: some milliseconds of work where the kernel measures, some hundred where it does not. */
const PORTION_OBJECTS = 64;

/** An object that is not what its name says. */
export interface BadObject {
  digest: string;
  kind: "damaged" | "missing";
  /** In words. */
  reason: string;
}

/** What was found of some objects. */
export interface ObjectsReport {
  /** Good ones, measured by the kernel, and read and computed. */
  measured: number;
  computed: number;
  bytes: number;
  bad: BadObject[];
}

/** How they are looked at. */
export interface VerifyObjectsOptions {
  /** This one included; default 1. */
  threads?: number;
  recompute?: boolean;
  accelerator?: Accelerator;
}

/** What a thread is asked, once for each portion. */
export interface VerifyTask {
  /** Digests, and the path of each. */
  objects: ReadonlyArray<{ digest: string; path: Uint8Array }>;
  recompute: boolean;
  accelerator: Accelerator;
}

/** What it answers. */
export type VerifyAnswer =
  | { report: ObjectsReport }
  | { error: { code: ComposefsErrorCode; message: string; data: ComposefsErrorData } };

/** Looks at one portion. @throws {ComposefsError} what `checkObject` gives */
export function verifyPortion({ objects, recompute, accelerator }: VerifyTask): ObjectsReport {
  const report: ObjectsReport = { measured: 0, computed: 0, bytes: 0, bad: [] };
  for (const { digest, path } of objects) {
    const found: ObjectState = checkObject(path, digest, { recompute, accelerator });
    if (found.state === "good") {
      report[found.by]++;
      report.bytes += found.size;
    } else {
      report.bad.push({
        digest,
        kind: found.state,
        reason: found.state === "damaged" ? found.reason : "it is not there",
      });
    }
  }
  return report;
}

/**
 * Holds objects against their names.
 *
 * @param digests each once
 * @throws {ComposefsError} IO_OPEN, VERITY_* for what says nothing about the object
 */
export async function verifyObjects(
  store: ObjectStore,
  digests: Iterable<string>,
  options: VerifyObjectsOptions = {},
): Promise<ObjectsReport> {
  const { threads = 1, recompute = false, accelerator = "auto" } = options;
  const total: ObjectsReport = { measured: 0, computed: 0, bytes: 0, bad: [] };
  const portions = portionsOf(store, digests, recompute, accelerator);
  const work = async (check: (task: VerifyTask) => ObjectsReport | Promise<ObjectsReport>) => {
    for (const task of portions) {
      const { measured, computed, bytes, bad } = await check(task);
      total.measured += measured;
      total.computed += computed;
      total.bytes += bytes;
      total.bad.push(...bad);
    }
  };
  if (threads === 1) {
    await work(verifyPortion);
    return total;
  }
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./store-verify-worker.node.js", import.meta.url), { workerData: engineModuleSync() }),
  );
  try {
    await Promise.all(workers.map((worker) => work((task) => ask(worker, task))));
    return total;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Shared by all threads: each takes the next one. */
function* portionsOf(
  store: ObjectStore,
  digests: Iterable<string>,
  recompute: boolean,
  accelerator: Accelerator,
): Generator<VerifyTask, void, undefined> {
  let objects: Array<{ digest: string; path: Uint8Array }> = [];
  for (const digest of digests) {
    objects.push({ digest, path: store.objectPath(digest) });
    if (objects.length < PORTION_OBJECTS) continue;
    yield { objects, recompute, accelerator };
    objects = [];
  }
  if (objects.length > 0) yield { objects, recompute, accelerator };
}

function ask(worker: Worker, task: VerifyTask): Promise<ObjectsReport> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      worker.off("message", onMessage).off("error", onError);
      end();
    };
    const onMessage = (answer: VerifyAnswer) =>
      settle(() => {
        if ("report" in answer) return resolve(answer.report);
        const { code, message, data } = answer.error;
        reject(new ComposefsError(code, message, data));
      });
    const onError = (error: unknown) => settle(() => reject(error));
    worker.on("message", onMessage).on("error", onError);
    worker.postMessage(task);
  });
}
