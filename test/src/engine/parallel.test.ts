/**
 * Files on several threads, when the threads do not play along. That they give the right digest when they do is tested
 * from outside, in cli/composefs.test.ts; here, run from source, the worker's file does not exist and no thread comes up.
 */
import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ReadAt, threadsFor, VerityPool } from "../../../src/engine/parallel.node.ts";
import { toHex } from "../../../src/image/hex.ts";
import { verityDigest } from "../../../src/index.ts";
import { emptyFolder } from "../cli/run.ts";

const PARAMETERS = { hash: "sha256", blockBits: 12, salt: new Uint8Array(0) } as const;
const data = Uint8Array.from({ length: (17 << 20) + 1 }, (_, i) => (i * 31 + (i >> 12) * 7) & 255);

function withFile<T>(work: (fd: number, read: ReadAt) => T): T {
  const path = join(emptyFolder(), "data");
  writeFileSync(path, data);
  const fd = openSync(path, "r");
  try {
    return work(fd, (target, position) => readSync(fd, target, 0, target.length, position));
  } finally {
    closeSync(fd);
  }
}

test("without its threads the main one does everything", async () => {
  const digest = withFile((fd, read) => new VerityPool(3).digest(fd, data.length, read, PARAMETERS, "auto"));
  expect(toHex(digest!)).toBe(await verityDigest(data));
});

test.each([
  ["of unknown length", undefined, 8, 1],
  ["below 16 MiB", (1 << 24) - 1, 8, 1],
  ["of 16 chunks, few threads", 1 << 24, 3, 3],
  ["of 16 chunks, many threads", 1 << 24, 1_000_000, 16],
  ["of 17 chunks, the last one short", (1 << 24) + 1, 17, 17],
  ["without end", 2 ** 50, 999_999_999, 64],
])("threads for a file %s", (_, size, wanted, expected) => {
  expect(threadsFor(size, wanted)).toBe(expected);
});

test("a file that became shorter has no digest", () => {
  expect(withFile((fd, read) => new VerityPool(2).digest(fd, data.length + 1, read, PARAMETERS, "auto"))).toBeNull();
  expect(withFile((fd, read) => new VerityPool(1).digest(fd, data.length + 1, read, PARAMETERS, "auto"))).toBeNull();
});

test("what cannot be read ends the job", () => {
  const broken = () => {
    throw new Error("EIO");
  };
  expect(() => withFile((fd) => new VerityPool(2).digest(fd, data.length, broken, PARAMETERS, "auto"))).toThrowError(
    "EIO",
  );
});

test("short reads are read on", async () => {
  const digest = withFile((fd, read) =>
    new VerityPool(2).digest(
      fd,
      data.length,
      (target, at) => read(target.subarray(0, 100_000), at),
      PARAMETERS,
      "auto",
    ),
  );
  expect(toHex(digest!)).toBe(await verityDigest(data));
});
