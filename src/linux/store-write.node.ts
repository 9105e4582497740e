/**
 * Writing objects: under a temporary name, checked, on the disk, and only then under the digest that names them.
 *
 *   begin  write…  end     a file of objects/.tmp, with fs-verity if wanted, held against its digest
 *   commit                 one syncfs(2) for all that have ended, then a link(2) for each
 *
 * Whoever sees a name sees the whole object, also after a crash. A name is never given to another file, unless what has
 * it is damaged: link(2) does not replace.
 */

import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import type { Accelerator } from "../engine/calibrate.ts";
import { ComposefsError } from "../error.ts";
import { ioError, type SystemError, writeAll } from "../source/files.node.ts";
import { type Path, showPath } from "./path.node.ts";
import { hashOfDigest, OBJECTS } from "./repo-layout.ts";
import type { ObjectStore } from "./store.node.ts";
import type { StoreLock } from "./store-lock.node.ts";
import { computeDigest, openObject, type VerityCalls } from "./store-object.node.ts";

/** Objects, and bytes of them, that get their names together: a syncfs(2) costs some milliseconds, whatever it is for. */
const BATCH_OBJECTS = 4096;
const BATCH_BYTES = 1 << 28;

/** Mode of objects, less the umask: the kernel reads them for whoever may read the file in the image. */
const OBJECT_MODE = 0o644;

/** How objects are written. */
export interface WriteOptions {
  /** Null: without fs-verity. */
  verity: VerityCalls | null;
  accelerator?: Accelerator;
}

/** What was done. */
export interface WriteCounts {
  /** Objects that were not there. */
  written: number;
  writtenBytes: number;
  /** Those of them in whose place something damaged was. */
  repaired: number;
}

/** An object that has ended and has no name yet. */
interface Pending {
  digest: string;
  size: number;
  temporary: Buffer;
}

/** Writes objects, one after the other. */
export class ObjectWriter {
  readonly counts: WriteCounts = { written: 0, writtenBytes: 0, repaired: 0 };
  readonly #store: ObjectStore;
  readonly #lock: StoreLock;
  readonly #options: WriteOptions;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #open: { fd: number; object: Pending; signature: Uint8Array | undefined } | undefined;

  /** @param lock of the store, shared */
  constructor(store: ObjectStore, lock: StoreLock, options: WriteOptions) {
    this.#store = store;
    this.#lock = lock;
    this.#options = options;
  }

  /**
   * Whether an object is there, and what it must be: by the kernel's digest of it. An object without fs-verity gets it
   * first; without fs-verity at all its size has to do, and `store verify` reads it.
   *
   * @param size in bytes
   * @throws {ComposefsError} IO_OPEN, VERITY_*
   */
  has(digest: string, size: number): boolean {
    const fd = openObject(this.#store.objectPath(digest));
    if (typeof fd !== "number") return false;
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile() || stats.size !== size) return false;
      return this.#options.verity === null || this.#measures(fd, digest, undefined);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Begins an object, which is not there.
   *
   * @param digest in hex
   * @param size in bytes
   * @param signature for fs-verity: PKCS#7 in DER
   * @throws {ComposefsError} IO_WRITE
   */
  begin(digest: string, size: number, signature?: Uint8Array): void {
    const temporary = this.#store.temporaryPath();
    const fd = guarded(temporary, () => openSync(temporary, "wx", OBJECT_MODE));
    this.#open = { fd, object: { digest, size, temporary }, signature };
  }

  /** Takes the next bytes of it. @throws {ComposefsError} IO_WRITE */
  write(bytes: Uint8Array): void {
    const { fd, object } = this.#open!;
    guarded(object.temporary, () => writeAll(fd, bytes));
  }

  /** Ends it. @throws {ComposefsError} STORE_OBJECT_DIGEST, IO_*, VERITY_* */
  end(): void {
    const { fd, object, signature } = this.#open!;
    this.#open = undefined;
    this.#pending.push(object);
    // Before fs-verity is enabled: nobody may have the file open for writing.
    closeSync(fd);
    this.#check(object, signature);
    this.#pendingBytes += object.size;
    if (this.#pending.length >= BATCH_OBJECTS || this.#pendingBytes >= BATCH_BYTES) this.commit();
  }

  /**
   * Takes a file as an object, which is not there: its blocks are shared where the file system can, else copied.
   *
   * @throws {ComposefsError} STORE_OBJECT_DIGEST when the file is not or no more what the digest says; IO_*, VERITY_*
   */
  copy(source: Path, digest: string, size: number): void {
    const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
    const object = { digest, size, temporary: this.#store.temporaryPath() };
    const stats = guarded(source, () => lstatSync(source as string), "IO_OPEN");
    if (!stats.isFile()) throw digestError(digest, `${showPath(source)} is not a regular file`);
    this.#pending.push(object);
    guarded(source, () => copyFileSync(source as string, object.temporary, COPYFILE_EXCL | COPYFILE_FICLONE));
    guarded(object.temporary, () => chmodSync(object.temporary, OBJECT_MODE));
    this.#check(object, undefined);
    this.#pendingBytes += size;
    if (this.#pending.length >= BATCH_OBJECTS || this.#pendingBytes >= BATCH_BYTES) this.commit();
  }

  /** Gives all objects that have ended their names. @throws {ComposefsError} STORE_LAYOUT, IO_* */
  commit(): void {
    if (this.#pending.length === 0) return;
    this.#lock.sync();
    while (this.#pending.length > 0) {
      this.#place(this.#pending.at(-1)!);
      this.#pending.pop();
    }
    this.#pendingBytes = 0;
  }

  /** Removes what has no name yet. Does nothing after `commit`. */
  discard(): void {
    if (this.#open !== undefined) {
      closeSync(this.#open.fd);
      this.#pending.push(this.#open.object);
      this.#open = undefined;
    }
    for (const { temporary } of this.#pending) {
      try {
        unlinkSync(temporary);
      } catch {
        // Gone already; or it stays, and the garbage collection takes it.
      }
    }
    this.#pending = [];
  }

  #check({ digest, size, temporary }: Pending, signature: Uint8Array | undefined): void {
    const { verity, accelerator = "auto" } = this.#options;
    const fd = guarded(temporary, () => openSync(temporary, constants.O_RDONLY), "IO_OPEN");
    try {
      const actual = fstatSync(fd).size;
      if (actual !== size) throw digestError(digest, `expected ${size} bytes, got ${actual}`);
      if (verity !== null) {
        if (!this.#measures(fd, digest, signature)) throw digestError(digest, "the kernel measures another digest");
        return;
      }
      const computed = computeDigest(fd, size, hashOfDigest(digest)!, accelerator);
      if (computed instanceof Error) throw digestError(digest, computed.message);
      if (computed !== digest) throw digestError(digest, `the content has ${computed}`);
    } finally {
      closeSync(fd);
    }
  }

  /** Enables fs-verity where it is not, and compares. */
  #measures(fd: number, digest: string, signature: Uint8Array | undefined): boolean {
    const verity = this.#options.verity!;
    const hash = hashOfDigest(digest)!;
    let measured = verity.state(fd);
    if (measured === "off") {
      try {
        verity.enable(fd, { hash, ...(signature && { signature }) });
      } catch (error) {
        // Another importer was faster, or is at it.
        if (!(error instanceof ComposefsError && ["VERITY_ALREADY", "VERITY_BUSY"].includes(error.code))) throw error;
        if (error.code === "VERITY_BUSY") return false;
      }
      measured = verity.state(fd);
    }
    return typeof measured === "object" && measured.hash === hash && measured.digest === digest;
  }

  #place({ digest, size, temporary }: Pending): void {
    const path = this.#store.objectPath(digest);
    this.#store.ensureFolder(`${OBJECTS}/${digest.slice(0, 2)}`);
    guarded(path, () => {
      try {
        linkSync(temporary, path);
        this.counts.written++;
        this.counts.writtenBytes += size;
      } catch (cause) {
        if ((cause as SystemError).code !== "EEXIST") throw cause;
        // Of an importer that was faster, or damaged.
        if (!this.has(digest, size)) {
          renameSync(temporary, path);
          this.counts.written++;
          this.counts.writtenBytes += size;
          this.counts.repaired++;
          return;
        }
      }
      unlinkSync(temporary);
    });
  }
}

function digestError(digest: string, reason: string): ComposefsError {
  return new ComposefsError("STORE_OBJECT_DIGEST", `object ${digest}: ${reason}`, { text: digest });
}

function guarded<T>(path: Path, act: () => T, code: "IO_OPEN" | "IO_WRITE" = "IO_WRITE"): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof ComposefsError) throw cause;
    throw ioError(code, Buffer.from(path as string).toString(), cause);
  }
}
