/**
 * What several parts of the check list need: places, failures by errno, xattrs by the C library, the raw disk.
 */
import assert from "node:assert/strict";
import { closeSync, fsyncSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from "node:fs";
import { ComposefsError } from "../../build/src/error.js";
import { libcFunction } from "../../build/src/linux/libc.node.js";
import { verityErrno } from "../../build/src/linux/verity-errno.node.js";

/** The ext4 with fs-verity. */
export const DATA = "/data";
export const REPO = "/data/repo";
/** The device below it. */
const DATA_DEVICE = "/dev/vdb";
/** Memory, without fs-verity. */
export const TMP = "/tmp";

/** The images of the repository: format, hash, digest. */
export const IMAGES = JSON.parse(readFileSync(`${DATA}/images.json`, "utf8"));

/** The rows of the table of errno that were seen, as `call errno`. */
export const seenRows = new Set();

/** Expects a failure with an errno, and the code that the table has for it. */
export function expectErrno(call, errno, act) {
  const error = failureOf(act);
  assert.ok(error instanceof ComposefsError, `expected a ComposefsError, got ${error?.stack ?? "none"}`);
  assert.equal(error.data.actual, errno, error.message);
  const row = verityErrno(call, errno);
  assert.equal(error.code, row?.code, error.message);
  assert.ok(error.message.includes(row.name), error.message);
  seenRows.add(`${call} ${errno}`);
}

/** What a call throws; undefined when it does not. */
export function failureOf(act) {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Expects a failure of node:fs with a code such as EIO. */
export function expectCode(code, act) {
  assert.equal(failureOf(act)?.code, code);
}

const syncFileSystem = libcFunction("int syncfs(int fd)");

/** Blocks of the file system. */
export const BLOCK_BYTES = 4096;

/** Lets go of all that the kernel keeps of files that nobody has open, so that it reads the disk again. */
export function dropCaches() {
  const fd = openSync(DATA, "r");
  assert.equal(syncFileSystem(fd).result, 0);
  closeSync(fd);
  writeFileSync("/proc/sys/vm/drop_caches", "3");
}

/**
 * Flips one bit in each copy of a block on the disk, behind the back of its file system.
 *
 * @param block the bytes that it holds
 */
export function flipOnDisk(block) {
  dropCaches();
  const fd = openSync(DATA_DEVICE, "r+");
  try {
    const chunk = Buffer.alloc(1 << 22);
    let flipped = 0;
    for (let start = 0, length = -1; length !== 0; start += length) {
      length = readSync(fd, chunk, 0, chunk.length, start);
      for (let at = 0; at + BLOCK_BYTES <= length; at += BLOCK_BYTES) {
        if (block.compare(chunk, at, at + BLOCK_BYTES) !== 0) continue;
        writeSync(fd, Buffer.from([chunk[at + 100] ^ 1]), 0, 1, start + at + 100);
        flipped++;
      }
    }
    fsyncSync(fd);
    assert.ok(flipped > 0, "the block is on the disk");
  } finally {
    closeSync(fd);
  }
  dropCaches();
}
