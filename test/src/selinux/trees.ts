/** Policies and trees of the tests, as byte strings: one character U+0000 to U+00FF for each byte. */

import { type ContextFile, Policy } from "../../../src/selinux/policy.ts";
import type { SubjectType } from "../../../src/selinux/rules.ts";
import type { LabelWalk } from "../../../src/selinux/walk.ts";

export const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
export const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** An entry: its path from the root (`/usr/bin`) and its type. */
export interface TreeEntry {
  readonly path: string;
  readonly type: SubjectType;
}

/** Entries in depth-first order, names as bytes; directories on the way are made. */
export function treeOf(entries: readonly TreeEntry[]): TreeEntry[] {
  const types = new Map<string, SubjectType>([["/", "d"]]);
  for (const { path, type } of entries) {
    for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) types.set(path.slice(0, at), "d");
    types.set(path, type);
  }
  // With "/" below all other bytes the order of paths is that of the walk.
  const key = (path: string) => (path === "/" ? "" : path.replaceAll("/", "\0"));
  const paths = [...types.keys()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return paths.map((path) => ({ path, type: types.get(path)! }));
}

/** A policy of the texts of its files. */
export function policyOf(files: Partial<Record<ContextFile, string>>): Policy {
  return Policy.compile(new Map(Object.entries(files).map(([name, text]) => [name as ContextFile, bytesOf(text)])));
}

/** The label of each path, null for none. */
export function labelsOf(
  policy: Policy,
  tree: readonly TreeEntry[],
  walk: LabelWalk = policy.walk(),
): Map<string, string | null> {
  const positions = new Map<string, number>();
  const labels = new Map<string, string | null>();
  tree.forEach(({ path, type }, index) => {
    positions.set(path, index);
    const slash = path.lastIndexOf("/");
    const parent = index === 0 ? 0 : positions.get(path.slice(0, slash) || "/")!;
    const number = walk.label(index, parent, bytesOf(index === 0 ? "" : path.slice(slash + 1)), type);
    labels.set(path, number === 0 ? null : textOf(policy.labels[number - 1]!));
  });
  return labels;
}

/** The label that a path gets by rules alone; the directories above it are there. */
export function labelOf(contexts: string, path: string, type: SubjectType = "-"): string | null {
  return labelsOf(policyOf({ file_contexts: contexts }), treeOf([{ path, type }])).get(path)!;
}

/** Whether a pattern matches a path. */
export function matches(pattern: string, path: string, type: SubjectType = "-"): boolean {
  return labelOf(`${pattern} yes\n`, path, type) === "yes";
}
