/**
 * The layer cache in a directory, which many processes on many machines may share: an entry appears under its name as a whole,
 * by `rename`, and whoever reads it holds it against its sum. The mtime of an entry is when it was used last, by which
 * layer-cache-prune.node.ts finds those that nobody needs.
 */

import { randomBytes } from "node:crypto";
import { readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { homeDirectory } from "../registry/home.node.ts";
import { makeFolders, type SystemError } from "../source/files.node.ts";
import type { CacheStore } from "./layer-cache.ts";

/** `$XDG_CACHE_HOME/composefs-wasm`, by default below ~/.cache (XDG Base Directory Specification). */
export function defaultCacheDirectory(): string {
  const base = process.env["XDG_CACHE_HOME"];
  // The specification wants relative paths ignored.
  return join(base?.startsWith("/") ? base : join(homeDirectory(), ".cache"), "composefs-wasm");
}

/** Errors for which a cache is not worth ending a job: it is not there, is no directory, may not be written, is full. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["ENOENT", "ENOTDIR", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG"],
  ...["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO"],
]);

export class DirectoryCache implements CacheStore {
  readonly #directory: string;
  readonly #onFailure: (reason: string) => void;

  /** @param onFailure told why an entry could neither be read nor kept; not of one that is not there */
  constructor(directory: string, onFailure: (reason: string) => void = () => {}) {
    this.#directory = directory;
    this.#onFailure = onFailure;
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = join(this.#directory, key);
    try {
      const entry = new Uint8Array(await readFile(path));
      const now = new Date();
      // Where this may not be written, or it was just removed, nobody misses the mark.
      await utimes(path, now, now).catch(() => {});
      return entry;
    } catch (error) {
      const { code } = error as SystemError;
      if (!HARMLESS.has(code)) throw error;
      if (code !== "ENOENT") this.#onFailure(`a layer's records cannot be read (${code})`);
      return undefined;
    }
  }

  async put(key: string, entry: Uint8Array<ArrayBuffer>): Promise<void> {
    const target = join(this.#directory, key);
    const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      // Nobody else may write what decides over our digests.
      makeFolders(this.#directory, 0o700);
      await writeFile(temporary, entry, { flag: "wx", mode: 0o600 });
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      const { code } = error as SystemError;
      if (!HARMLESS.has(code)) throw error;
      this.#onFailure(`a layer's records cannot be kept (${code})`);
    }
  }
}
