/**
 * SELinux labels of a bootable tree, from the policy that lies in it (boot-transform.md 3).
 */

import { INPUT_WINDOW_BYTES } from "../../assembly/abi.ts";
import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { ComposefsError } from "../error.ts";
import { policyName } from "../selinux/config.ts";
import { CONTEXT_FILES, type ContextFile, Policy } from "../selinux/policy.ts";
import type { SubjectType } from "../selinux/walk.ts";
import type { Entry, EntryType, TreeCursor } from "./cursor.ts";
import { Tree } from "./tree.ts";

/** The policy of a tree. */
export interface TreePolicy {
  /** SELINUXTYPE of etc/selinux/config. */
  name: Uint8Array;
  policy: Policy;
}

/** Reads the content of a file of the tree. */
export type ReadEntry = (entry: Entry) => Promise<Uint8Array>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const FOLDER = "etc/selinux";
const SLASH = 0x2f;

/** Letters of rules, by the type of the inode. */
const SUBJECT_TYPES: Record<Exclude<EntryType, "hardlink">, SubjectType> = {
  file: "-",
  directory: "d",
  "character device": "c",
  "block device": "b",
  fifo: "p",
  socket: "s",
  symlink: "l",
};

/**
 * Finds and compiles the policy of a tree.
 *
 * @returns null when there is none
 * @throws {ComposefsError} SELINUX_FILE when a file of it is missing or of another type, SELINUX_* when it breaks a rule, and
 *   what `read` gives
 */
export async function readPolicy(cursor: TreeCursor, read: ReadEntry): Promise<TreePolicy | null> {
  // The cursor is valid until something else is opened on the tree, and reading uses another engine.
  const folder = lookUp(cursor, encoder.encode(FOLDER));
  if (folder === undefined) return null;
  const config = fileAt(cursor, encoder.encode(`${FOLDER}/config`));
  if (config === undefined) return null;
  const name = policyName(await read(config));
  if (name === null) return null;
  const files = concat(encoder.encode(`${FOLDER}/`), name, encoder.encode("/contexts/files"));
  if (lookUp(cursor, files)?.type !== "directory") {
    throw fileError(files, "is not there, or no directory, though etc/selinux/config names it");
  }
  const contents = new Map<ContextFile, Uint8Array>();
  for (const file of CONTEXT_FILES) {
    const entry = fileAt(cursor, concat(files, encoder.encode(`/${file}`)));
    if (entry !== undefined) contents.set(file, await read(entry));
  }
  return { name, policy: Policy.compile(contents) };
}

/** The entry at a path without leading slash. @throws {ComposefsError} SELINUX_FILE when what is on the way is no directory */
function lookUp(cursor: TreeCursor, path: Uint8Array): Entry | undefined {
  for (let end = 0; ; end++) {
    if (end < path.length && path[end] !== SLASH) continue;
    const entry = cursor.find(concat(Uint8Array.of(SLASH), path.subarray(0, end)));
    if (entry === undefined || end >= path.length) return entry;
    if (entry.type !== "directory") throw fileError(path.subarray(0, end), `is a ${entry.type} and no directory`);
  }
}

/** The inode of the regular file at a path. @throws {ComposefsError} SELINUX_FILE when it is something else */
function fileAt(cursor: TreeCursor, path: Uint8Array): Entry | undefined {
  const found = lookUp(cursor, path);
  const entry = found?.type === "hardlink" ? cursor.at(found.owner) : found;
  if (entry === undefined || entry.type === "file") return entry;
  throw fileError(path, `is a ${entry.type} and no regular file`);
}

function fileError(path: Uint8Array, what: string): ComposefsError {
  const text = decoder.decode(path);
  return new ComposefsError("SELINUX_FILE", `/${text} ${what}`, { text });
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Gives every entry of a tree the label of a policy, or takes its label away; hard links whose labels differ are split.
 *
 * @param engine holds the tree, which was merged of layers
 * @returns the tree as it is now
 * @throws {ComposefsError} SELINUX_LIMIT, LABEL_BUDGET, ENGINE_MEMORY
 */
export function labelTree(engine: Engine, tree: Tree, policy: Policy, accelerator: Accelerator): Tree {
  const cursor = tree.openCursor();
  const numbers = new Uint32Array(cursor.length);
  const walk = policy.walk();
  /** Types of inodes with several names; the first name, which has the inode, comes first. */
  const types = new Map<number, SubjectType>();
  for (const entry of cursor.entries()) {
    const { index, parent, name, type, owner } = entry;
    const subject = type === "hardlink" ? types.get(owner)! : SUBJECT_TYPES[type];
    if (type !== "hardlink" && type !== "directory" && entry.names > 1) types.set(index, subject);
    numbers[index] = walk.label(index, parent, name, subject);
  }
  engine.labelBegin();
  for (const label of policy.labels) {
    engine.input.set(label);
    engine.labelText(label.length);
  }
  const step = INPUT_WINDOW_BYTES / 4;
  for (let at = 0; at < numbers.length; at += step) {
    const part = numbers.subarray(at, at + step);
    const view = new DataView(engine.input.buffer, engine.input.byteOffset);
    part.forEach((number, i) => {
      view.setUint32(4 * i, number, true);
    });
    engine.labelEntries(part.length);
  }
  return new Tree(engine, accelerator, engine.labelEnd(), "layers");
}
