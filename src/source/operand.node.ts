/**
 * What an operand means that names a container image.
 *
 *   oci:DIR[:TAG]               an OCI layout
 *   oci-archive:FILE[:TAG]      the same in a tar
 *   docker-archive:FILE[:NAME]  what `docker save` writes
 *   tar:FILE                    one layer
 *   dir:DIR                     a directory, whose tree is taken as that of one layer
 *   docker://HOST/NAME[:TAG|@DIGEST]   in a registry; HOST is docker.io where the first part of the name is none
 *   PATH                        one of these, by its content
 *   -                           standard input, by its content; also behind a prefix, except oci: and dir:
 *
 * The last colon before a tag separates it, unless a slash follows (oci-to-tree.md 8.3), on Windows a backslash just as well:
 * `oci:C:\web` has no tag. A name in a docker-save archive may contain both, so that there FILE is the shortest part before
 * a colon that exists.
 */

import { existsSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { ContainerKind } from "./container.ts";

/** How an operand begins that names an image in a registry. */
export const DOCKER_PREFIX = "docker://";

/** An operand, taken apart. */
export interface ContainerOperand {
  /** Null: by content. */
  kind: ContainerKind | null;
  /** Null for standard input; of an image in a registry the whole operand. */
  path: string | null;
  /** Tag or name. */
  reference: string | null;
}

/**
 * Takes an operand apart. A path that does not exist is found out later.
 *
 * @param separator between names of a path, beside the slash; a backslash stands for Windows in tests
 */
export function parseOperand(operand: string, separator: string = sep): ContainerOperand {
  if (operand.startsWith(DOCKER_PREFIX)) return { kind: "registry", path: operand, reference: null };
  const [, prefix, rest] = /^(?:(oci|oci-archive|docker-archive|tar|dir):)?(.*)$/s.exec(operand)!;
  const kind = (prefix as ContainerKind | undefined) ?? null;
  let path = rest!;
  let reference: string | null = null;
  if (kind === "oci" || kind === "oci-archive") {
    const [, before, tag] = /^(.+):([^/:]+)$/s.exec(path) ?? [];
    if (before !== undefined && !tag!.includes(separator)) [path, reference] = [before, tag!];
  } else if (kind === "docker-archive" && !existsSync(path)) {
    const colons = [...path.matchAll(/:/g)].map(({ index }) => index);
    const end = colons.find((colon) => existsSync(path.slice(0, colon)) || path.slice(0, colon) === "-");
    if (end !== undefined) [path, reference] = [path.slice(0, end), path.slice(end + 1)];
  }
  return { kind, path: path === "-" && kind !== "oci" && kind !== "dir" ? null : path, reference };
}

/** The directory whose tree an operand means: dir:DIR, or a directory that is no OCI layout. Null: it means something else. */
export function directoryOfOperand(operand: string): string | null {
  const { kind, path } = parseOperand(operand);
  if (path === null || kind === "dir") return path;
  const isDirectory = kind === null && path !== "" && statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return isDirectory && !existsSync(join(path, "oci-layout")) ? path : null;
}
