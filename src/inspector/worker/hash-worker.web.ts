/**
 * A thread that computes SHA-256 of what hash-thread.web.ts sends, several hashes side by side.
 */

import { createSHA256, type IHasher } from "hash-wasm";
import type { HashWorkerStart } from "../threads.web.ts";
import type { HashAnswer, HashTask } from "./hash-thread.web.ts";

self.onmessage = ({ data: { tasks } }: MessageEvent<HashWorkerStart>) => {
  const hashes = new Map<number, IHasher>();
  const answer = (message: HashAnswer, transfer: ArrayBuffer[]) => tasks.postMessage(message, transfer);

  const take = async (task: HashTask): Promise<void> => {
    const { kind, id } = task;
    if (kind === "begin") {
      hashes.set(id, (await createSHA256()).init());
      return;
    }
    const hash = hashes.get(id)!;
    if (kind === "bytes") {
      hash.update(task.buffer.subarray(0, task.length));
      answer({ kind: "free", buffer: task.buffer }, [task.buffer.buffer]);
      return;
    }
    hashes.delete(id);
    answer({ kind: "digest", id, digest: hash.digest("hex") }, []);
  };

  // Tasks one after the other: a hash takes a moment to begin, and what comes next must wait for it.
  let last: Promise<void> = Promise.resolve();
  tasks.onmessage = ({ data }: MessageEvent<HashTask>) => {
    last = last.then(() => take(data));
  };
};
