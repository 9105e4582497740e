/**
 * A repository on disk (repo-layout.ts): its directories, what is in them, and nothing outside.
 *
 * A link in the place of a directory is refused, so that nothing is written elsewhere.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { ioError, quote, type SystemError } from "../source/files.node.ts";
import { parseJson } from "../source/json.ts";
import { absolutePath, joinPath, type Path, showPath } from "./path.node.ts";
import { hashOfDigest, IMAGES, META, OBJECTS, objectPath, REFS, TEMPORARY } from "./repo-layout.ts";

/** Version of the repository format of composefs-rs that is known here (its repository_format.rs). */
const META_VERSION = 1;
/** Features that a tool must know to write to a repository: the default format of images, which is said here anyway. */
const KNOWN_FEATURES: ReadonlySet<string> = new Set(["v1_erofs"]);
/** A meta.json is some hundred bytes; more is something else. */
const META_MAX_BYTES = 1 << 16;

/** A repository. */
export class ObjectStore {
  /** From the root on. */
  readonly path: Buffer;
  /** Directories known to be there. */
  readonly #folders = new Set<string>();

  private constructor(path: Path) {
    this.path = absolutePath(path);
  }

  /** Opens a repository. @throws {ComposefsError} STORE_LAYOUT, IO_OPEN */
  static open(path: Path): ObjectStore {
    const store = new ObjectStore(path);
    for (const folder of [OBJECTS, IMAGES]) {
      if (!store.hasFolder(folder)) {
        throw layoutError(store.path, `expected a repository, with the directories ${OBJECTS} and ${IMAGES}`);
      }
    }
    return store;
  }

  /** Opens a repository to write to it, and makes it where there is none. @throws {ComposefsError} STORE_LAYOUT, IO_* */
  static create(path: Path): ObjectStore {
    const store = new ObjectStore(path);
    if (!existsSync(store.path)) makeFolder(store.path);
    for (const folder of [OBJECTS, IMAGES, REFS, TEMPORARY]) store.ensureFolder(folder);
    return store;
  }

  /** A path in the repository. @param relative made of names of repo-layout.ts, never of an input as it is */
  at(relative: Path): Buffer {
    return joinPath(this.path, relative);
  }

  /** Whether there is a directory. @throws {ComposefsError} STORE_LAYOUT for something else in its place; IO_OPEN */
  hasFolder(relative: Path): boolean {
    const path = this.at(relative);
    let stats: ReturnType<typeof lstatSync>;
    try {
      stats = lstatSync(path, { throwIfNoEntry: false });
    } catch (cause) {
      if ((cause as SystemError).code === "ENOTDIR") throw layoutError(this.path, "expected a directory");
      throw ioError("IO_OPEN", path.toString(), cause);
    }
    if (stats !== undefined && !stats.isDirectory()) throw layoutError(path, "expected a directory");
    return stats !== undefined;
  }

  /** Makes a directory where there is none; the one that holds it is there. @throws {ComposefsError} STORE_LAYOUT, IO_WRITE */
  ensureFolder(relative: Path): void {
    const key = Buffer.from(relative as string).toString("latin1");
    if (this.#folders.has(key)) return;
    if (!this.hasFolder(relative)) makeFolder(this.at(relative));
    this.#folders.add(key);
  }

  /** A path of a file that is not there yet: this process and chance make it one that nobody else takes. */
  temporaryPath(): Buffer {
    return this.at(`${TEMPORARY}/${process.pid}-${randomBytes(8).toString("hex")}`);
  }

  /** Digests of all objects, in no order. Other names are passed over. @throws {ComposefsError} STORE_LAYOUT, IO_READ */
  *digests(): Generator<string, void, undefined> {
    for (let byte = 0; byte < 256; byte++) {
      const folder = byte.toString(16).padStart(2, "0");
      if (!this.hasFolder(`${OBJECTS}/${folder}`)) continue;
      for (const name of this.names(`${OBJECTS}/${folder}`)) {
        const digest = folder + name.toString("latin1");
        if (hashOfDigest(digest) !== undefined) yield digest;
      }
    }
  }

  /** Names in a directory. @throws {ComposefsError} IO_READ */
  names(relative: Path): Buffer[] {
    const path = this.at(relative);
    try {
      return readdirSync(path, { encoding: "buffer" });
    } catch (cause) {
      throw ioError("IO_READ", path.toString(), cause);
    }
  }

  objectPath(digest: string): Buffer {
    return this.at(objectPath(digest));
  }

  /**
   * The hash of the repository, where it says one, as those of composefs-rs do.
   *
   * @throws {ComposefsError} STORE_META when it must not be written to by who does not know it; SOURCE_JSON, IO_READ
   */
  hash(): HashName | undefined {
    const path = this.at(META);
    const refuse = (reason: string) =>
      new ComposefsError("STORE_META", `${showPath(path)}: ${reason}`, { path: path.toString() });
    let bytes: Buffer;
    try {
      if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) > META_MAX_BYTES) throw refuse("it is too long");
      bytes = readFileSync(path);
    } catch (cause) {
      if ((cause as SystemError).code === "ENOENT") return undefined;
      throw cause instanceof ComposefsError ? cause : ioError("IO_READ", path.toString(), cause);
    }
    const meta = parseJson(bytes, showPath(path));
    if (meta.field("version").size() !== META_VERSION) throw refuse(`expected version ${META_VERSION}`);
    const [, hash] = /^fsverity-(sha256|sha512)-12$/.exec(meta.field("algorithm").text()) ?? [];
    if (hash === undefined) throw refuse("expected fsverity-sha256-12 or fsverity-sha512-12 as algorithm");
    const features = meta.field("features");
    for (const kind of ["read-only-compatible", "incompatible"]) {
      if (!features.isPresent || !features.field(kind).isPresent) continue;
      for (const feature of features.field(kind).items()) {
        if (!KNOWN_FEATURES.has(feature.text())) throw refuse(`the feature ${quote(feature.text())} is not known`);
      }
    }
    return hash as HashName;
  }
}

/** Waits until the names in a directory are on the disk. @throws {ComposefsError} IO_WRITE */
export function syncFolder(path: Path): void {
  try {
    const fd = openSync(path as string, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw ioError("IO_WRITE", Buffer.from(path as string).toString(), cause);
  }
}

export function layoutError(path: Path, reason: string): ComposefsError {
  const data = { path: Buffer.from(path as string).toString() };
  return new ComposefsError("STORE_LAYOUT", `${showPath(path)}: ${reason}`, data);
}

/** Another process may be faster: that is fine. */
function makeFolder(path: Buffer): void {
  try {
    mkdirSync(path, 0o755);
  } catch (cause) {
    if ((cause as SystemError).code !== "EEXIST") throw ioError("IO_WRITE", path.toString(), cause);
    if (!lstatSync(path).isDirectory()) throw layoutError(path, "expected a directory");
  }
}
