/**
 * fs-verity by the kernel: enabling it for a file, and the digest that the kernel holds the file against from then on.
 *
 * Computing a digest needs none of this: image/verity.ts.
 */

import { closeSync, constants, openSync } from "node:fs";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { ioError } from "../source/files.node.ts";
import { HASH_NUMBERS, ioctlEnable, ioctlMeasure } from "./ioctl.node.ts";
import { requirePlatform } from "./libc.node.ts";
import { type Path, pathBytes, showPath } from "./path.node.ts";
import { verityErrno, verityError } from "./verity-errno.node.ts";

/** Options of {@link verityEnable}. What the kernel does not take is refused by the kernel, whose limits differ. */
export interface VerityEnableOptions {
  /** Default `sha256`. */
  hash?: HashName;
  /** Merkle tree block size in bytes: a power of two from 1024 to 4096, on some machines more. Default 4096. */
  blockSize?: number;
  /** 0 to 32 bytes. Default none; composefs never uses one. */
  salt?: Uint8Array;
  /** PKCS#7 in DER, detached, of the formatted digest: at most 16128 bytes. Default none. */
  signature?: Uint8Array;
}

/** What the kernel reports of a file. */
export interface MeasuredDigest {
  hash: HashName;
  /** Lower-case hex. */
  digest: string;
}

/**
 * Enables fs-verity for a file, for good: from then on nobody can write to it, and reads of damaged blocks fail.
 *
 * The kernel reads the whole file once, and this thread waits for it.
 *
 * @param file a path; or a descriptor, open for reading only, of a file that nobody has open for writing
 * @throws {TypeError | RangeError} when an option is not as described
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI, IO_OPEN, and by errno (verity-errno.node.ts) VERITY_ALREADY,
 *   VERITY_BUSY, VERITY_FILE_TYPE, VERITY_KEY, VERITY_PERMISSION, VERITY_REFUSED, VERITY_SIGNATURE,
 *   VERITY_SIGNATURE_FORMAT, VERITY_TOO_LONG, VERITY_UNSUPPORTED, VERITY_CALL
 */
export function verityEnable(file: number | Path, options: VerityEnableOptions = {}): void {
  const { hash = "sha256", blockSize = 4096, salt, signature } = options;
  if (!Object.hasOwn(HASH_NUMBERS, hash)) {
    throw new RangeError(`hash: expected sha256 or sha512, got ${String(hash)}`);
  }
  if (!Number.isInteger(blockSize) || blockSize < 0 || blockSize > 0xffffffff) {
    throw new RangeError(`blockSize: expected a number of bytes, got ${String(blockSize)}`);
  }
  for (const [name, value] of Object.entries({ salt, signature })) {
    if (value !== undefined && !(value instanceof Uint8Array)) throw new TypeError(`${name}: expected a Uint8Array`);
  }
  const fields = {
    hashAlgorithm: HASH_NUMBERS[hash],
    blockSize,
    ...(salt && { salt }),
    ...(signature && { signature }),
  };
  withFile(file, (fd) => {
    const errno = ioctlEnable(fd, fields);
    if (errno !== 0) throw verityError("enable", errno, pathOf(file));
  });
}

/**
 * The digest of a file with fs-verity, as the kernel reports it. Its content is not read.
 *
 * @param file a path, or a descriptor
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI, IO_OPEN, and by errno VERITY_NOT_ENABLED, VERITY_UNSUPPORTED,
 *   when a file is opened also VERITY_PERMISSION, VERITY_KEY, VERITY_SIGNATURE, VERITY_SIGNATURE_FORMAT; VERITY_CALL
 */
export function verityMeasure(file: number | Path): MeasuredDigest {
  return withFile(file, (fd) => {
    const { errno, hashAlgorithm, digest } = ioctlMeasure(fd);
    if (errno !== 0) throw verityError("measure", errno, pathOf(file));
    const [hash] = Object.entries(HASH_NUMBERS).find(([, number]) => number === hashAlgorithm) ?? [];
    if (hash === undefined) {
      const name = typeof file === "number" ? "a file" : showPath(file);
      const message = `cannot measure fs-verity of ${name}: expected sha256 (1) or sha512 (2), it has hash ${hashAlgorithm}`;
      throw new ComposefsError("VERITY_CALL", message, { actual: hashAlgorithm });
    }
    return { hash: hash as HashName, digest: Buffer.from(digest).toString("hex") };
  });
}

/** Codes that mean: the kernel knows no digest of this file, so compute it (fsverity.md 4). */
const UNKNOWN_CODES: ReadonlySet<string> = new Set(["VERITY_NOT_ENABLED", "VERITY_UNSUPPORTED"]);
/** Codes that mean: the kernel cannot be asked. */
const UNASKED_CODES: ReadonlySet<string> = new Set(["LINUX_PLATFORM", "LINUX_KOFFI"]);

/**
 * Like {@link verityMeasure}, for those who can do without.
 *
 * @returns the digest; `off` when fs-verity is not enabled, `unknown` when the kernel cannot be asked
 * @throws {ComposefsError} all that does not mean one of the two
 */
export function verityState(file: number | Path): MeasuredDigest | "off" | "unknown" {
  try {
    return verityMeasure(file);
  } catch (error) {
    const code = error instanceof ComposefsError ? error.code : "";
    if (UNKNOWN_CODES.has(code)) return "off";
    if (UNASKED_CODES.has(code)) return "unknown";
    throw error;
  }
}

function pathOf(file: number | Path): Path | undefined {
  return typeof file === "number" ? undefined : file;
}

function withFile<T>(file: number | Path, use: (fd: number) => T): T {
  requirePlatform();
  if (typeof file === "number") return use(file);
  const fd = openFile(file);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Opens a file for reading, not waiting for the other end of a named pipe.
 *
 * @returns its descriptor
 * @throws {ComposefsError} IO_OPEN, and by errno VERITY_PERMISSION, VERITY_KEY, VERITY_SIGNATURE, VERITY_SIGNATURE_FORMAT
 */
export function openFile(file: Path): number {
  const path = pathBytes(file);
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    const errno = -((cause as { errno?: number }).errno ?? 0);
    if (verityErrno("open", errno) !== undefined) throw verityError("open", errno, file);
    throw ioError("IO_OPEN", path.toString(), cause);
  }
}
