/**
 * Contents of a directory as objects, `xx/yyyy…` below a folder: what C mkcomposefs does with --digest-store
 * (copy_file_with_dirs_if_needed in tools/mkcomposefs.c).
 *
 * An object appears under its name when it is complete and on the disk; one that is there already stays as it is.
 */

import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { ComposefsError } from "../error.ts";
import { ioError } from "../source/files.node.ts";
import { DirectoryFile } from "./directory-file.node.ts";
import { withSystemPath } from "./directory-path.node.ts";
import type { FileIdentity } from "./directory-scan.node.ts";
import { joinPath } from "./path.node.ts";
import { verityEnable } from "./verity.node.ts";

/** Readable for all, as C makes them. */
const OBJECT_MODE = 0o644;
const FOLDER_MODE = 0o755;
/** Descriptors as files: the content of the very inode that was checked. */
const DESCRIPTORS = "/proc/self/fd";

/** A file of a directory that is to be stored. */
export interface StoredFile {
  /** Below the directory. */
  path: Uint8Array;
  identity: FileIdentity;
  /** fs-verity digest, SHA-256, lower-case hex. */
  digest: string;
}

/**
 * Stores a file: a clone where the file system can, else a copy. Enables fs-verity when that can be done, as C does.
 *
 * @param root the directory @param store the folder, made where there is none
 * @throws {ComposefsError} IO_OPEN, IO_READ, IO_WRITE; IO_CHANGED when the file is not any more what it was
 */
export function storeFile(root: Uint8Array, store: string, { path, identity, digest }: StoredFile): void {
  const name = `${digest.slice(0, 2)}/${digest.slice(2)}`;
  const target = joinPath(store, name);
  const temporary = joinPath(store, `.tmp-${process.pid}-${digest.slice(0, 16)}`);
  try {
    mkdirSync(joinPath(store, digest.slice(0, 2)), { recursive: true, mode: FOLDER_MODE });
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return;
    const file = new DirectoryFile(root, path, identity);
    try {
      copyContent(file.fd, root, path, temporary);
      file.check();
      finish(temporary);
      renameSync(temporary, target);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      file.close();
    }
  } catch (cause) {
    throw cause instanceof ComposefsError ? cause : ioError("IO_WRITE", target.toString(), cause);
  }
}

function copyContent(fd: number, root: Uint8Array, path: Uint8Array, target: Buffer): void {
  const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
  const copy = (file: string | Buffer) => copyFileSync(file, target, COPYFILE_EXCL | COPYFILE_FICLONE);
  if (existsSync(DESCRIPTORS)) copy(`${DESCRIPTORS}/${fd}`);
  else withSystemPath(root, path, copy);
}

function finish(path: Buffer): void {
  const fd = openSync(path, "r");
  try {
    fchmodSync(fd, OBJECT_MODE);
    fsyncSync(fd);
    verityEnable(fd);
  } catch (error) {
    // Most file systems have none, and C does not look either. What must have it is stored by other means.
    if (!(error instanceof ComposefsError)) throw error;
  } finally {
    closeSync(fd);
  }
}
