/**
 * Which artifacts were found to be what is wanted: a file to which lines are added, so that a scan of images that are sealed
 * asks for no artifact twice. It may be lost, or lie: an artifact counts only when the registry lists it, and whoever wants to
 * know for sure computes anew. A line that was cut by a crash is left out.
 *
 *   SUBJECT ARTIFACT WANTED...     digests as `sha256:` and hex, the rest of the line by wantedKey()
 */

import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ioError, makeFolders, type SystemError } from "../source/files.node.ts";

const NAME = "verified";
const LINE = /^(sha256:[0-9a-f]{64}) (sha256:[0-9a-f]{64}) (.+)$/;
/** Lines that are kept when the file is written anew: those of a registry with a million images and two algorithms. */
const LINES_MAX = 4_000_000;

/** The artifacts that were verified. */
export class VerifiedArtifacts {
  readonly #path: string | null;
  /** By subject and what is wanted. */
  readonly #known = new Map<string, Set<string>>();

  /** @param directory is made when it is not there; null to remember nothing beyond this process @throws {ComposefsError} IO_* */
  constructor(directory: string | null) {
    this.#path = directory === null ? null : join(directory, NAME);
    if (directory === null) return;
    try {
      makeFolders(directory);
    } catch (cause) {
      throw ioError("IO_WRITE", directory, cause);
    }
    this.#load();
  }

  /** Whether an artifact is known to be what is wanted of its subject. @param wanted see wantedKey() */
  has(subject: string, wanted: string, artifact: string): boolean {
    return this.#known.get(`${subject} ${wanted}`)?.has(artifact) ?? false;
  }

  /** Remembers an artifact. @throws {ComposefsError} IO_WRITE */
  add(subject: string, wanted: string, artifact: string): void {
    if (this.has(subject, wanted, artifact)) return;
    this.#remember(subject, wanted, artifact);
    if (this.#path === null) return;
    try {
      // Behind a line that was cut there is no line feed.
      appendFileSync(this.#path, `\n${subject} ${artifact} ${wanted}`);
    } catch (cause) {
      throw ioError("IO_WRITE", this.#path, cause);
    }
  }

  #remember(subject: string, wanted: string, artifact: string): void {
    const key = `${subject} ${wanted}`;
    const artifacts = this.#known.get(key) ?? new Set<string>();
    this.#known.set(key, artifacts.add(artifact));
  }

  #load(): void {
    const path = this.#path!;
    let text: string;
    try {
      text = readFileSync(path, "latin1");
    } catch (cause) {
      if ((cause as SystemError).code === "ENOENT") return;
      throw ioError("IO_READ", path, cause);
    }
    const lines = text.split("\n");
    for (const line of lines.slice(-LINES_MAX)) {
      const [, subject, artifact, wanted] = LINE.exec(line) ?? [];
      if (subject !== undefined && !this.has(subject, wanted!, artifact!)) this.#remember(subject, wanted!, artifact!);
    }
    if (lines.length <= LINES_MAX) return;
    const kept = [...this.#known].flatMap(([key, artifacts]) => {
      const space = key.indexOf(" ");
      return [...artifacts].map((artifact) => `${key.slice(0, space)} ${artifact} ${key.slice(space + 1)}`);
    });
    try {
      writeFileSync(`${path}.new`, kept.join("\n"));
      renameSync(`${path}.new`, path);
    } catch (cause) {
      throw ioError("IO_WRITE", path, cause);
    }
  }
}
