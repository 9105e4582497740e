/**
 * The directory in which builds are made, and its end.
 */

import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinPath } from "../linux/path.node.ts";
import { ioError, type SystemError } from "../source/files.node.ts";
import { type CopiedSource, type CopyOptions, copySource } from "./copy-source.node.ts";
import type { BuildFolders } from "./variations.ts";

/** Times that files are removed again which somebody adds meanwhile. */
const RETRIES_MAX = 5;
const RETRY_MS = 100;

export class Workspace {
  readonly folders: BuildFolders;

  /** Makes it below the directory for temporary files. @throws {ComposefsError} IO_WRITE */
  constructor(place: string = tmpdir()) {
    try {
      // Of mode 0700: others have no business in the copies.
      const parent = mkdtempSync(join(place, "composefs-rebuild-"));
      const [build, otherBuild] = [join(parent, "build"), join(parent, "another", "build-path")];
      this.folders = { parent, build, otherBuild, otherHome: join(parent, "home") };
    } catch (cause) {
      throw ioError("IO_WRITE", place, cause);
    }
  }

  /**
   * Copies the source for a build, and gives the copy to the user who builds.
   *
   * @param folder one of `folders`
   * @param options `leftOut` beside this directory
   * @throws {ComposefsError} what `copySource` gives
   */
  async prepare(source: string, folder: string, options: CopyOptions): Promise<CopiedSource> {
    const { parent, otherHome } = this.folders;
    const { userId, leftOut } = options;
    mkdirSync(otherHome);
    const copied = await copySource(source, folder, { ...options, leftOut: [parent, ...leftOut] });
    if (userId !== null) for (const path of [parent, otherHome]) chownSync(path, userId, userId);
    return copied;
  }

  /** Removes what a build left, so that the next one finds nothing of it. @throws {ComposefsError} IO_WRITE */
  clear(): void {
    const { parent } = this.folders;
    if (process.getuid?.() === 0) chownSync(parent, 0, 0);
    for (const name of readdirSync(parent, { encoding: "buffer" })) removeTree(joinPath(parent, name));
  }

  /** Removes all of it. @throws {ComposefsError} IO_WRITE */
  remove(): void {
    removeTree(Buffer.from(this.folders.parent));
  }
}

/** Removes a file, or a directory with all below it, also from directories that nothing may be removed from. */
export function removeTree(path: Buffer): void {
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: RETRIES_MAX, retryDelay: RETRY_MS });
  try {
    remove();
  } catch {
    try {
      openDirectories(path);
      remove();
    } catch (cause) {
      throw ioError("IO_WRITE", path.toString(), cause as SystemError);
    }
  }
}

function openDirectories(path: Buffer): void {
  if (!lstatSync(path).isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path, { encoding: "buffer" })) openDirectories(joinPath(path, name));
}
