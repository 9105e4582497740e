/**
 * Dumpfiles for the benchmarks: an operating system's tree of any size, and the shapes that punish a writer which is
 * quadratic somewhere.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { generateDump } from "../support/generate-dump.mjs";
import { scratch } from "./measure.mjs";

const ROOT = "/ 0 40755 2 0 0 0 1700000000.0 - - -\n";

/** Writes a tree of `entries` like an operating system's to a file; returns its path. */
export function distroFile(entries, seed = 1) {
  const path = join(scratch, `distro-${entries}.dump`);
  const fd = openSync(path, "w");
  for (const chunk of generateDump("distro", entries, seed)) writeSync(fd, chunk);
  closeSync(fd);
  return path;
}

function lines(count, line) {
  const parts = [];
  for (let i = 0; i < count; i++) parts.push(line(i));
  return parts.join("");
}

const digits = (number, length) => String(number).padStart(length, "0");

/** One file and `count` hardlinks to it, in directories of a thousand. */
export function hardlinks(count) {
  const directories = Math.ceil(count / 1000);
  return Buffer.from(
    ROOT +
      `/target 3 100644 ${count + 1} 0 0 0 1700000000.0 - abc -\n` +
      lines(directories, (i) => `/d${digits(i, 5)} 0 40755 2 0 0 0 1700000000.0 - - -\n`) +
      lines(count, (i) => `/d${digits(Math.floor(i / 1000), 5)}/l${i} 0 @100644 - - - - 0.0 /target - -\n`),
  );
}

/** One directory with `count` files in reverse order of their names. */
export function reversedDirectory(count) {
  return Buffer.from(
    `${ROOT}/d 0 40755 2 0 0 0 1700000000.0 - - -\n${lines(count, (i) => `/d/file-${digits(count - i, 8)} 0 100644 1 0 0 0 1700000000.0 - - -\n`)}`,
  );
}

/** `count` files with four xattrs each whose values occur only once. */
export function uniqueXattrs(count) {
  return Buffer.from(
    ROOT +
      lines(
        count,
        (i) =>
          `/f${digits(i, 8)} 0 100644 1 0 0 0 1700000000.0 - - - user.a=${i} user.b=b${i} user.c=c${i} security.x=${i * 7}\n`,
      ),
  );
}
