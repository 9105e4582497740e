/** The part of the configuration that is about the queue: the file, the environment above it, and what is refused. */
import { expect, test } from "vitest";
import { readConfig } from "../../../src/service/config-file.ts";
import { isFleet, journalDirectory } from "../../../src/service/open-queues.ts";

const read = (text: string, environment = {}) => readConfig(text, "file.yaml", environment);

test("the queue is a journal in the state directory, in another one, or on Redis", () => {
  const alone = read("state: /var/lib/composefs");
  expect([isFleet(alone), journalDirectory(alone)]).toEqual([false, "/var/lib/composefs/serve"]);
  expect(journalDirectory(read(""))).toBeNull();
  const elsewhere = read("{state: /var/lib/composefs, queue: /srv/queue}");
  expect([isFleet(elsewhere), journalDirectory(elsewhere)]).toEqual([false, "/srv/queue"]);
  expect(isFleet(read("queue: rediss://h/1"))).toBe(true);
  const above = read("queue: /srv/queue", { COMPOSEFS_QUEUE: "redis://h?prefix=x" });
  expect([isFleet(above), above.queue]).toEqual([true, "redis://h?prefix=x"]);
});

test("limits of a fleet are numbers from 1 on, and others are refused with their line", () => {
  const text = "fleet: {images: 16, layers: 8, imagesPerSecond: 50, layersPerSecond: 20, lockSeconds: 2}";
  expect(read(text).fleet).toEqual({ images: 16, layers: 8, imagesPerSecond: 50, layersPerSecond: 20, lockSeconds: 2 });
  expect(read("").fleet).toEqual({});
  for (const wrong of ["fleet: {images: 0}", "fleet: {lockSeconds: soon}", "fleet: {other: 1}", "fleet: 3"]) {
    expect(() => read(`bootable: true\n${wrong}`)).toThrow(
      expect.objectContaining({ code: "SERVICE_CONFIG", data: expect.objectContaining({ line: 2 }) }),
    );
  }
});
