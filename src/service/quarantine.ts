/**
 * The quarantine: what was given up, of images and, in a fleet, of layers. An image that is tried again has the layer that it
 * failed for tried again, too, which would else fail at once, as it did before.
 */

import type { ServiceQueues } from "./open-queues.ts";
import type { DeadJob, Queue } from "./queue.ts";

/** A job that was given up, and the queue that it is in. */
export interface QuarantinedJob extends DeadJob<unknown> {
  queue: keyof ServiceQueues;
}

/** Queues that are looked at. */
export type ShownQueues = Record<"images", Shown> & Record<"layers", Shown | null>;
type Shown = Pick<Queue<unknown>, "counts" | "dead">;

/** Lists what was given up, the oldest first. */
export async function listDead({ images, layers }: ShownQueues): Promise<QuarantinedJob[]> {
  const deadImages = await images.dead();
  const deadLayers = (await layers?.dead()) ?? [];
  const all = [
    ...deadImages.map((job) => ({ queue: "images" as const, ...job })),
    ...deadLayers.map((job) => ({ queue: "layers" as const, ...job })),
  ];
  return all.sort((a, b) => a.atMs - b.atMs);
}

/** Gives jobs all their tries again. @param key of an image or a layer @returns false when there is none */
export async function retryDead(queues: ServiceQueues, key: string): Promise<boolean> {
  return retryAll(
    queues,
    (await listDead(queues)).filter((job) => job.key === key),
  );
}

/** @param jobs of {@link listDead} @returns whether there were some */
export async function retryAll({ images, layers }: ServiceQueues, jobs: readonly QuarantinedJob[]): Promise<boolean> {
  let isThere = false;
  for (const { queue, key, reason } of jobs) {
    // The reason of an image that failed for a layer begins with the key of that, layerKey(): fleetKeeper().
    const [, layer = ""] = /^(sha256-[0-9a-f]{64}\.\S*): /.exec(reason) ?? [];
    if (queue === "images" && layer !== "") await layers?.retry(layer);
    if (await (queue === "images" ? images : layers!).retry(key)) isThere = true;
  }
  return isThere;
}
