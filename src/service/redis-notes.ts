/**
 * Notes that a job is to be done once more, for keys that were added while they were worked on: fields of one hash in Redis.
 *
 * Each note has a field of its own, so that whoever removes one that was heeded removes no other. It is removed after the job was
 * added, and never before: a process that dies in between leaves the note, and the job is done once more than it had to be.
 */

import { randomUUID } from "node:crypto";
import type { Queue as BullQueue } from "bullmq";

/** A note. */
export interface Note<Data> {
  field: string;
  /** Of the job. */
  id: string;
  data: Data;
}

export class RedisNotes<Data> {
  readonly #queue: BullQueue<Data>;
  readonly #key: string;

  constructor(queue: BullQueue<Data>) {
    this.#queue = queue;
    this.#key = queue.toKey("again");
  }

  async write(id: string, data: Data): Promise<void> {
    const client = await this.#queue.backend.client;
    await client.hset(this.#key, { [`${randomUUID()} ${id}`]: JSON.stringify(data) });
  }

  async all(): Promise<Note<Data>[]> {
    const client = await this.#queue.backend.client;
    const notes = Object.entries(await client.hgetall(this.#key));
    return notes.map(([field, data]) => ({ field, id: field.slice(field.indexOf(" ") + 1), data: JSON.parse(data) }));
  }

  async remove({ field }: Note<Data>): Promise<void> {
    const client = await this.#queue.backend.client;
    await client.hdel(this.#key, field);
  }
}
