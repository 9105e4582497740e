/**
 * One object: whether it is what its name says.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Accelerator } from "../engine/calibrate.ts";
import { VerityPool } from "../engine/parallel.node.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { ioError, type SystemError, systemText } from "../source/files.node.ts";
import type { Path } from "./path.node.ts";
import { hashOfDigest } from "./repo-layout.ts";
import { type MeasuredDigest, type VerityEnableOptions, verityEnable, verityState } from "./verity.node.ts";

/** fs-verity of the kernel, or of a test. */
export interface VerityCalls {
  enable(fd: number, options: VerityEnableOptions): void;
  state(fd: number): MeasuredDigest | "off" | "unknown";
}

/** That of the kernel. */
export const KERNEL_VERITY: VerityCalls = { enable: verityEnable, state: verityState };

/** log2 of the Merkle tree block size of objects, in bytes (oci-to-tree.md 4). */
const OBJECT_BLOCK_BITS = 12;

/** What an object turned out to be. */
export type ObjectState =
  /** @param by whether the kernel measured it, or it was read and computed */
  | { state: "good"; by: "measured" | "computed"; size: number }
  /** @param reason in words */
  | { state: "damaged"; reason: string }
  | { state: "missing" };

/** How an object is looked at. */
export interface CheckOptions {
  verity?: VerityCalls;
  /** Read it also where the kernel measures it, so that every block is held against that digest. Default false. */
  recompute?: boolean;
  accelerator?: Accelerator;
}

/** Digests of files, computed on this thread alone. */
const pool = new VerityPool(1);

/**
 * Holds a file against the digest that is its name.
 *
 * @throws {ComposefsError} VERITY_* for what says nothing about the file; IO_OPEN for a file that may not be read
 */
export function checkObject(path: Path, digest: string, options: CheckOptions = {}): ObjectState {
  const { verity = KERNEL_VERITY, recompute = false, accelerator = "auto" } = options;
  const opened = openObject(path);
  if (typeof opened !== "number") return opened;
  try {
    const stats = fstatSync(opened);
    if (!stats.isFile()) return { state: "damaged", reason: "it is not a regular file" };
    const measured = verity.state(opened);
    const wanted = `${hashOfDigest(digest)}:${digest}`;
    if (typeof measured === "object") {
      const found = `${measured.hash}:${measured.digest}`;
      if (found !== wanted) return { state: "damaged", reason: `the kernel measures ${found}` };
      if (!recompute) return { state: "good", by: "measured", size: stats.size };
    }
    const computed = computeDigest(opened, stats.size, hashOfDigest(digest)!, accelerator);
    if (computed instanceof Error) return { state: "damaged", reason: computed.message };
    if (computed !== digest) return { state: "damaged", reason: `its content has ${computed}` };
    return { state: "good", by: typeof measured === "object" ? "measured" : "computed", size: stats.size };
  } finally {
    closeSync(opened);
  }
}

/**
 * Opens an object for reading; a link in its place is not followed.
 *
 * @returns its descriptor, or how it is without one
 * @throws {ComposefsError} IO_OPEN
 */
export function openObject(path: Path): number | Exclude<ObjectState, { state: "good" }> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync(path as string, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  } catch (cause) {
    const { code } = cause as SystemError;
    if (code === "ENOENT") return { state: "missing" };
    if (code === "ELOOP" || code === "ENXIO") return { state: "damaged", reason: "it is not a regular file" };
    if (code === "EIO") return { state: "damaged", reason: systemText(cause as SystemError) };
    throw ioError("IO_OPEN", Buffer.from(path as string).toString(), cause);
  }
}

/** The digest of an open file in hex; an error when it cannot be read to its end. */
export function computeDigest(fd: number, size: number, hash: HashName, accelerator: Accelerator): string | Error {
  const parameters = { hash, blockBits: OBJECT_BLOCK_BITS, salt: new Uint8Array(0) };
  const read = (target: Uint8Array, position: number | null) => readSync(fd, target, 0, target.length, position);
  try {
    const digest = pool.digest(fd, size, read, parameters, accelerator);
    return digest === null ? new Error("it was cut while it was read") : Buffer.from(digest).toString("hex");
  } catch (error) {
    if (error instanceof ComposefsError || (error as SystemError).syscall === undefined) throw error;
    return new Error(systemText(error as SystemError));
  }
}
