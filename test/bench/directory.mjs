/**
 * The rows of directories: the whole process against C mkcomposefs, two threads each, the same warm cache.
 */

import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { inTurn, ratioRow, runSeconds, scratch } from "./measure.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const reference = at("../../.oracles/bin/mkcomposefs");
const mkcomposefs = [process.execPath, at("../../build/src/cli/mkcomposefs.js")];

/** Files of a small system, and bytes of all of them. */
const FILES = 6800;
const BYTES = 200e6;
/** Files in one directory. */
const FILES_PER_DIRECTORY = 9;
const LARGE_FILES = 5;
const LARGE_BYTES = 4e9;
const CHUNK_BYTES = 1 << 23;

/** Bytes that no file system stores in less room. */
function noise(length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i, 2654435761) >>> 24;
  return bytes;
}

/** As in a Debian base system: most files have a few kilobytes, a few make most of the bytes. */
function smallSystem() {
  const root = join(scratch, "small-system");
  const random = new SplitMix64(1);
  const source = noise(1 << 25);
  const sizes = Array.from({ length: FILES }, () => {
    random.next();
    return 32 + (random.low % 2 ** (6 + (random.high % 13)));
  });
  // Eight files hold what the others leave of the bytes.
  const rest = BYTES - sizes.reduce((sum, size) => sum + size, 0);
  for (let i = 0; i < 8; i++) sizes[i * 800] = Math.floor((rest * 2 ** i) / 255);
  sizes.forEach((size, i) => {
    const directory = join(root, `d${Math.floor(i / 400)}`, `e${Math.floor(i / FILES_PER_DIRECTORY)}`);
    mkdirSync(directory, { recursive: true });
    const from = Math.imul(i, 4099) & 0xfffff;
    writeFileSync(
      join(directory, `file-${i}`),
      size > source.length ? noise(size) : source.subarray(from, from + size),
    );
  });
  return root;
}

function largeFiles() {
  const root = join(scratch, "large-files");
  mkdirSync(root);
  const chunk = noise(CHUNK_BYTES);
  for (let i = 0; i < LARGE_FILES; i++) {
    const fd = openSync(join(root, `${i}`), "w");
    for (let bytes = 0; bytes < LARGE_BYTES / LARGE_FILES; bytes += chunk.length) {
      chunk.writeDoubleLE(bytes, 8 * i);
      writeSync(fd, chunk);
    }
    closeSync(fd);
  }
  return root;
}

/** Yields the rows. @param rounds runs of each */
export async function* directory(rounds) {
  const digest = (command, root) => runSeconds([...command, "--print-digest-only", "--threads=2", root]);
  const small = smallSystem();
  const both = (root, count) =>
    inTurn(
      () => digest(mkcomposefs, root),
      () => digest([reference], root),
      count,
    );
  yield ratioRow(
    "mkcomposefs of a directory, 6,800 files, 200 MB, two threads",
    await both(small, rounds),
    "ms",
    2,
    1.2,
  );
  const large = largeFiles();
  try {
    yield ratioRow(
      "mkcomposefs of a directory, 4 GB in 5 files, two threads",
      await both(large, Math.min(rounds, 3)),
      "s",
      1.2,
      0.9,
    );
  } finally {
    rmSync(large, { recursive: true });
  }
}
