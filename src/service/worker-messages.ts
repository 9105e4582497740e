/** What worker processes and the process that starts them say to each other, one task at a time. */

import type { WorkerFailure } from "../engine/worker-failure.ts";
import type { WorkerAnswer, WorkerTask } from "./worker-tasks.ts";

/** To a worker process, `begin` first. */
export type WorkerRequest =
  /** @param cache place of the layer cache, as `openCache` takes it; null for that of this user */
  { kind: "begin"; cache: string | null } | { kind: "task"; task: WorkerTask };

/** From a worker process: how its task ended, and in between what it has to tell. */
export type WorkerMessage =
  | { kind: "done"; answer: WorkerAnswer }
  | WorkerFailure
  /** The layer cache cannot be used. */
  | { kind: "cache"; reason: string }
  /** Its memory, where others cannot see it. */
  | { kind: "memory"; bytes: number };
