/**
 * The fs-verity digest of an image before it is mounted: the kernel's own where it has one, else computed.
 */

import { closeSync, fstatSync, readSync } from "node:fs";
import type { Accelerator } from "../engine/calibrate.ts";
import { defaultThreads, VerityPool } from "../engine/parallel.node.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { changedError, ioError } from "../source/files.node.ts";
import { type Path, pathBytes, showPath } from "./path.node.ts";
import { openFile, verityState } from "./verity.node.ts";

/** What an image is held against. */
export interface ExpectedDigest {
  hash: HashName;
  /** log2 of the Merkle tree block size in bytes, for a digest that must be computed. */
  blockBits: number;
  /** Lower-case hex. */
  digest: string;
}

/**
 * Holds an image against its digest.
 *
 * A digest of the kernel holds from then on; a computed one tells what the file was while it was read. Whoever may
 * rename files in the directory of the image can put another one there before it is mounted.
 *
 * @returns `measured` by the kernel, or `computed`
 * @throws {ComposefsError} LINUX_IMAGE_DIGEST when it is another one; IO_OPEN, IO_READ, IO_CHANGED, VERITY_*
 */
export function checkImageDigest(
  image: Path,
  expected: ExpectedDigest,
  accelerator: Accelerator = "auto",
): "measured" | "computed" {
  const fd = openFile(image);
  try {
    const state = verityState(fd);
    if (typeof state === "object") {
      compare(image, expected, `${state.hash}:${state.digest}`);
      return "measured";
    }
    const { hash, blockBits } = expected;
    const stats = fstatSync(fd);
    const path = pathBytes(image).toString();
    if (!stats.isFile())
      throw new ComposefsError("IO_OPEN", `cannot open ${showPath(image)}: expected a file`, { path });
    const read = (target: Uint8Array, position: number | null) => {
      try {
        return readSync(fd, target, 0, target.length, position);
      } catch (cause) {
        throw ioError("IO_READ", path, cause);
      }
    };
    const parameters = { hash, blockBits, salt: new Uint8Array(0) };
    const digest = new VerityPool(defaultThreads()).digest(fd, stats.size, read, parameters, accelerator);
    if (digest === null) throw changedError(path, stats.size, fstatSync(fd).size);
    compare(image, expected, `${hash}:${Buffer.from(digest).toString("hex")}`);
    return "computed";
  } finally {
    closeSync(fd);
  }
}

function compare(image: Path, { hash, digest }: ExpectedDigest, found: string): void {
  if (found === `${hash}:${digest}`) return;
  const message = `${showPath(image)}: expected the fs-verity digest ${hash}:${digest}, it has ${found}`;
  throw new ComposefsError("LINUX_IMAGE_DIGEST", message, { path: pathBytes(image).toString() });
}
