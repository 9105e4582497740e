/**
 * The queues of a configuration: a journal in a directory, for one process, or two queues on Redis, for the workers of a fleet:
 * `images`, and `layers`, from which an image has what it is merged from.
 */

import { join } from "node:path";
import type { ServiceConfig } from "./config.ts";
import type { LayerJobData } from "./fleet-layers.ts";
import { layerSeconds } from "./image-limits.ts";
import { JournalQueue } from "./journal-queue.ts";
import type { ImageTask } from "./precomputer.ts";
import type { Queue, QueueEvents } from "./queue.ts";
import { isRedisPlace, redisPlace } from "./redis-place.ts";
import { RedisQueue } from "./redis-queue.ts";
import { timerMs } from "./timer.ts";

export interface ServiceQueues {
  images: Queue<ImageTask>;
  /** Null where one process does all. */
  layers: RedisQueue<LayerJobData> | null;
}

/** Told of what happens. */
export interface QueuesEvents {
  images?: QueueEvents<ImageTask>["onFailure"];
  layers?: QueueEvents<LayerJobData>["onFailure"];
  /** Redis cannot be reached, why, in words without secrets. */
  trouble?(reason: string): void;
}

/** Whether the queues are those of a fleet. */
export function isFleet({ queue }: ServiceConfig): boolean {
  return queue !== null && isRedisPlace(queue);
}

/** Where the journal of a service is; null for none, beyond the process. */
export function journalDirectory({ queue, state }: ServiceConfig): string | null {
  return queue ?? (state === null ? null : join(state, "serve"));
}

/** Opens the queues. @throws {ComposefsError} USAGE, IO_*, SERVICE_QUEUE */
export async function openQueues(config: ServiceConfig, events: QueuesEvents = {}): Promise<ServiceQueues> {
  const { images: onImage, layers: onLayer, trouble: onTrouble } = events;
  if (!isFleet(config)) {
    const options = onImage && { onFailure: onImage };
    return { images: await JournalQueue.open<ImageTask>(journalDirectory(config), options), layers: null };
  }
  const place = redisPlace(config.queue!);
  const { images, layers, imagesPerSecond, layersPerSecond, lockSeconds } = config.fleet;
  const common = { ...(lockSeconds !== undefined && { lockMs: timerMs(lockSeconds) }), onTrouble };
  return {
    images: await RedisQueue.open<ImageTask>(place, "images", {
      ...{ ...common, fleetParallel: images, perSecond: imagesPerSecond },
      ...(onImage && { onFailure: onImage }),
    }),
    layers: await RedisQueue.open<LayerJobData>(place, "layers", {
      ...{ ...common, fleetParallel: layers, perSecond: layersPerSecond, repeats: false },
      jobMs: timerMs(layerSeconds(config.limits)),
      ...(onLayer && { onFailure: onLayer }),
    }),
  };
}
