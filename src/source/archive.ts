/**
 * Outer archives: which kind one is, and its files by name. oci-to-tree.md 8.4 and 8.5.
 */

import { ComposefsError } from "../error.ts";
import {
  type Archive,
  type ArchiveKind,
  type BlobPlace,
  bareLayer,
  type ContainerImage,
  type ContainerKind,
  type FileTable,
  type Wanted,
} from "./container.ts";
import { openDocker } from "./docker.ts";
import type { Reading } from "./document.ts";
import { whereIs } from "./document.ts";
import { openOci } from "./oci.ts";
import { indexTar, isTar, type TarIndex } from "./outer-tar.ts";
import { quote } from "./quote.ts";

/** By these files an archive is known. */
const LAYOUT_FILES = ["oci-layout", "index.json"] as const;
const DOCKER_FILE = "manifest.json";

/**
 * Opens an image in an archive that is not compressed.
 *
 * @param kind what it has to be; null for what its members say: with `oci-layout` and `index.json` it is an OCI archive,
 *   with `manifest.json` a docker-save archive, with neither one layer
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST, IO_READ
 */
export async function openArchive(
  archive: Archive,
  kind: ArchiveKind | null,
  wanted: Wanted,
  reading: Reading,
): Promise<ContainerImage> {
  const [actual, files] = await readArchive(archive, kind, reading);
  if (files === null) return bareLayer(archive.name, archive.place(0, archive.size), "none");
  return actual === "docker-archive"
    ? openDocker(files, wanted, reading)
    : openOci(files, "oci-archive", wanted, reading);
}

/**
 * Reads the headers of an archive that is not compressed.
 *
 * @returns what it is, and its files; null for a bare layer
 * @throws {ComposefsError} SOURCE_*, IO_READ
 */
export async function readArchive(
  archive: Archive,
  kind: ArchiveKind | null,
  { limits, signal }: Reading,
): Promise<[ArchiveKind, ArchiveFiles | null]> {
  if (!isTar(await archive.read(0, 512))) throw kindError(archive.name, kind);
  if (kind === "tar") return ["tar", null];
  const { members, isComplete } = await indexTar(archive, limits, [...LAYOUT_FILES, DOCKER_FILE], signal);
  const actual = kind ?? kindOf(members);
  if (actual === "tar") return ["tar", null];
  if (!isComplete) {
    const limit = limits.archiveEntries;
    const what = `the archive has more than ${limit} entries (archiveEntries)`;
    throw new ComposefsError("SOURCE_LIMIT", `${quote(archive.name)}: ${what}`, { path: archive.name, limit });
  }
  return [actual, new ArchiveFiles(archive, members)];
}

/** What each kind has to be. */
const KIND_WORDS: Readonly<Record<ContainerKind, string>> = {
  oci: "an OCI layout, a directory with oci-layout and index.json",
  "oci-archive": "an OCI archive, a tar with oci-layout and index.json",
  "docker-archive": "a docker-save archive, a tar with manifest.json",
  tar: "a layer, a tar",
  registry: "an image in a registry",
  dir: "a directory",
};

/** The error for a file or directory that cannot be of the kind. @param kind null for any */
export function kindError(name: string, kind: ContainerKind | null): ComposefsError {
  const wanted = kind === null ? "a container image: an OCI layout, an archive or a tar" : KIND_WORDS[kind];
  return new ComposefsError("SOURCE_KIND", `${quote(name)}: expected ${wanted}`, { path: name });
}

function kindOf(members: TarIndex): ArchiveKind {
  if (LAYOUT_FILES.every((name) => members.has(name))) return "oci-archive";
  return members.has(DOCKER_FILE) ? "docker-archive" : "tar";
}

/** The members of an archive as files. Names are looked up as they are: nothing in one leads anywhere else. */
export class ArchiveFiles implements FileTable {
  readonly name: string;
  readonly #archive: Archive;
  readonly #members: TarIndex;

  constructor(archive: Archive, members: TarIndex) {
    this.name = archive.name;
    this.#archive = archive;
    this.#members = members;
  }

  async find(path: string): Promise<BlobPlace | null> {
    const member = this.#members.get(path);
    if (member === undefined) return null;
    if (member.type !== "file") throw this.#error(path, "not a regular file");
    // Blobs are told by their digests; of other files with one name nothing says which one another tool would take.
    if (member.isTwice && !path.startsWith("blobs/"))
      throw this.#error(path, "the archive has several files of that name");
    return this.#archive.place(member.offset, member.size);
  }

  /** Where the archive has its members but one, in bytes and in order: what is kept when that one is written anew. */
  rangesWithout(path: string): Array<{ start: number; end: number }> {
    const left = this.#members.get(path);
    const last = Math.max(0, ...[...this.#members.values()].map(({ end }) => end));
    if (left === undefined) return [{ start: 0, end: last }];
    return [
      { start: 0, end: left.start },
      { start: left.end, end: last },
    ].filter(({ start, end }) => start < end);
  }

  /** The target of a symbolic link; null for what is none. */
  linkTarget(path: string): string | null {
    const member = this.#members.get(path);
    return member?.type === "symlink" ? member.target : null;
  }

  #error(path: string, what: string): ComposefsError {
    const text = path.slice(0, 128);
    return new ComposefsError("SOURCE_FILE", `${whereIs(this, path)}: ${what}`, { path: this.name, text });
  }
}
