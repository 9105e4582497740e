/**
 * The images of a repository and their names: what makes objects stay.
 *
 *   images/DIGEST            -> ../objects/xx/yyyy…     also a plain file, where somebody has put one there
 *   images/refs/a/b          -> ../../DIGEST            a name; of composefs-rs also ../../../images/DIGEST
 *
 * All links are relative, so that a repository can be moved.
 */

import {
  type Dirent,
  linkSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { ComposefsError } from "../error.ts";
import { ioError, type SystemError } from "../source/files.node.ts";
import { joinPath, showPath } from "./path.node.ts";
import { hashOfDigest, IMAGES, imagePath, objectPath, REFS } from "./repo-layout.ts";
import { layoutError, type ObjectStore, syncFolder } from "./store.node.ts";
import { lockStore } from "./store-lock.node.ts";

/** Components of a name, and bytes of each: NAME_MAX of include/uapi/linux/limits.h. No walk goes deeper. */
export const NAME_COMPONENTS_MAX = 16;
export const COMPONENT_MAX_BYTES = 255;

const SLASH = 0x2f;

/** An image of a repository. */
export interface StoredImage {
  /** fs-verity digest of the image, in hex. */
  digest: string;
  /** In byte order. */
  names: Buffer[];
}

/** A name, and the digest of its image; undefined when the link leads to nothing that can be one. */
interface Reference {
  name: Buffer;
  digest: string | undefined;
}

/** All images, by digest. @throws {ComposefsError} STORE_LAYOUT for a name that leads to no image of a digest; IO_READ */
export function listImages(store: ObjectStore): StoredImage[] {
  const images = new Map<string, StoredImage>();
  for (const name of store.names(IMAGES)) {
    const digest = name.toString("latin1");
    if (hashOfDigest(digest) !== undefined) images.set(digest, { digest, names: [] });
  }
  for (const { name, digest } of listReferences(store)) {
    if (digest === undefined) {
      throw layoutError(store.at(joinPath(REFS, name)), "expected a link to a digest in images");
    }
    // A link to an image that was removed: the name stays, so that somebody sees it.
    const image = images.get(digest) ?? { digest, names: [] };
    image.names.push(name);
    images.set(digest, image);
  }
  return [...images.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** Finds an image. @param operand a digest in hex, or a name @throws {ComposefsError} STORE_IMAGE_MISSING, STORE_NAME */
export function findImage(store: ObjectStore, operand: Uint8Array): StoredImage {
  const digest = digestOf(operand);
  if (digest === undefined) checkName(operand);
  for (const image of listImages(store)) {
    if (digest === undefined ? image.names.some((name) => name.equals(operand)) : image.digest === digest) return image;
  }
  const message = `${showPath(store.path)}: there is no image ${showPath(operand)}`;
  throw new ComposefsError("STORE_IMAGE_MISSING", message, { text: Buffer.from(operand).toString() });
}

/** Adds a reference to an image whose objects are all there, and names for it, which may have been of other images. */
export function addImage(store: ObjectStore, digest: string, names: readonly Uint8Array[]): void {
  for (const name of names) checkName(name);
  const path = store.at(imagePath(digest));
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    placeLink(store, `../${objectPath(digest)}`, path, false);
    syncFolder(store.at(IMAGES));
  }
  for (const name of names) {
    const folders = parents(name);
    for (const folder of folders) store.ensureFolder(joinPath(REFS, folder));
    placeLink(store, `${"../".repeat(folders.length + 1)}${digest}`, store.at(joinPath(REFS, name)), true);
    const above = [Buffer.from(REFS), ...folders.map((folder) => joinPath(REFS, folder))];
    for (const folder of above.reverse()) syncFolder(store.at(folder));
  }
}

/** What {@link removeImage} removed. */
export interface RemovedImage {
  names: Buffer[];
  /** The digest, when the image itself is no longer there; null when only a name went. */
  digest: string | null;
}

/**
 * Removes a name, or an image with all its names; its objects stay until the garbage collection.
 *
 * @param operand a digest in hex, or a name
 * @throws {ComposefsError} STORE_IMAGE_MISSING, STORE_NAME, STORE_BUSY, LINUX_KOFFI, IO_*
 */
export async function removeImage(store: ObjectStore, operand: Uint8Array, waitMs?: number): Promise<RemovedImage> {
  // Nobody is adding a name in a directory that goes with the last one in it.
  const lock = await lockStore(store, "exclusive", waitMs);
  try {
    return removeLocked(store, operand);
  } finally {
    lock.release();
  }
}

function removeLocked(store: ObjectStore, operand: Uint8Array): RemovedImage {
  const image = findImage(store, operand);
  const isWhole = digestOf(operand) !== undefined;
  const names = isWhole ? image.names : [Buffer.from(operand)];
  for (const name of names) {
    unlink(store.at(joinPath(REFS, name)));
    for (const folder of parents(name).reverse()) {
      try {
        rmdirSync(store.at(joinPath(REFS, folder)));
      } catch {
        // Other names are in it.
        break;
      }
    }
  }
  if (isWhole) unlink(store.at(imagePath(image.digest)));
  syncFolder(store.at(IMAGES));
  return { names, digest: isWhole ? image.digest : null };
}

/**
 * Refuses what is no name: components between slashes, none of them empty, `.` or `..`; and no digest, which would be
 * taken for an image's own.
 *
 * @throws {ComposefsError} STORE_NAME
 */
export function checkName(name: Uint8Array): void {
  const parts = Buffer.from(name).toString("latin1").split("/");
  const isWrong = (part: string) =>
    part === "" || part === "." || part === ".." || part.includes("\0") || part.length > COMPONENT_MAX_BYTES;
  if (parts.length <= NAME_COMPONENTS_MAX && !parts.some(isWrong) && digestOf(name) === undefined) return;
  const wanted = `1 to ${NAME_COMPONENTS_MAX} components of 1 to ${COMPONENT_MAX_BYTES} bytes, none of them . or ..`;
  const message = `not a name for an image: ${showPath(name)}; expected ${wanted}, and no digest`;
  throw new ComposefsError("STORE_NAME", message, { text: Buffer.from(name).toString() });
}

/** The digest that an operand is, also behind the name of a profile, as `store import` prints it. */
function digestOf(operand: Uint8Array): string | undefined {
  const text = Buffer.from(operand)
    .toString("latin1")
    .toLowerCase()
    .replace(/^(?:v[012]-)?sha(?:256|512)(?:-12)?:/, "");
  return hashOfDigest(text) === undefined ? undefined : text;
}

/** The directories of a name, from the top down. */
function parents(name: Uint8Array): Buffer[] {
  const bytes = Buffer.from(name);
  const folders: Buffer[] = [];
  for (let at = bytes.indexOf(SLASH); at >= 0; at = bytes.indexOf(SLASH, at + 1)) folders.push(bytes.subarray(0, at));
  return folders;
}

/** All names, in byte order. */
function listReferences(store: ObjectStore): Reference[] {
  const found: Reference[] = [];
  const walk = (folder: Buffer, prefix: Buffer[], depth: number) => {
    for (const entry of entriesOf(folder)) {
      const name = Buffer.concat([...prefix, entry.name]);
      const path = joinPath(folder, entry.name);
      if (entry.isDirectory()) {
        if (depth >= NAME_COMPONENTS_MAX) throw layoutError(path, `at most ${NAME_COMPONENTS_MAX} levels are read`);
        walk(path, [name, Buffer.from("/")], depth + 1);
      } else {
        found.push({ name, digest: entry.isSymbolicLink() ? targetDigest(path) : undefined });
      }
    }
  };
  if (store.hasFolder(REFS)) walk(store.at(REFS), [], 1);
  return found.sort((a, b) => Buffer.compare(a.name, b.name));
}

function entriesOf(folder: Buffer): Dirent<Buffer>[] {
  try {
    return readdirSync(folder, { encoding: "buffer", withFileTypes: true });
  } catch (cause) {
    throw ioError("IO_READ", folder.toString(), cause);
  }
}

/** The digest that the target of a link ends in: the link itself says which image is meant. */
function targetDigest(path: Buffer): string | undefined {
  try {
    const target = readlinkSync(path, { encoding: "latin1" });
    const digest = target.slice(target.lastIndexOf("/") + 1);
    return hashOfDigest(digest) === undefined ? undefined : digest;
  } catch (cause) {
    throw ioError("IO_READ", path.toString(), cause);
  }
}

/** Makes a link that is there at once, in the place of another one or not. */
function placeLink(store: ObjectStore, target: string, path: Buffer, isReplacing: boolean): void {
  const temporary = store.temporaryPath();
  try {
    symlinkSync(target, temporary);
    try {
      if (isReplacing) renameSync(temporary, path);
      else {
        linkSync(temporary, path);
        unlinkSync(temporary);
      }
    } catch (cause) {
      unlinkSync(temporary);
      // Another importer was faster: the link is the same.
      if (isReplacing || (cause as SystemError).code !== "EEXIST") throw cause;
    }
  } catch (cause) {
    throw ioError("IO_WRITE", path.toString(), cause);
  }
}

/** One that is gone already is fine. */
function unlink(path: Buffer): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if ((cause as SystemError).code !== "ENOENT") throw ioError("IO_WRITE", path.toString(), cause);
  }
}
