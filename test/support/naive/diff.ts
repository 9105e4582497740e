/**
 * Comparison of trees the slow and obvious way: maps of paths to inodes, normalisations that really change the trees.
 * The twin against which `diffTrees` and its choice of normalisations are held.
 */

import { fileDigest } from "./verity.ts";

export interface NaiveInode {
  type: "file" | "directory" | "symlink" | "device";
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  seconds: number;
  nanoseconds: number;
  size: number;
  payload?: string | undefined;
  content?: string | undefined;
  digest?: string | undefined;
  xattrs: Map<string, string>;
  /** A directory that is implied in one of two trees; known while normalisations are applied. */
  isImpliedOnce?: boolean;
}

/** Names of one inode share the object. */
export type NaiveTree = Map<string, NaiveInode>;

export type Counts = Record<string, number>;

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
/** Sorts paths depth first, siblings by bytes: a slash sorts before everything. */
const inOrder = (paths: Iterable<string>) =>
  [...paths].sort((a, b) => byBytes(a.replaceAll("/", "\0"), b.replaceAll("/", "\0")));

export const isWhiteout = ({ type, rdev }: NaiveInode) => type === "device" && rdev === 0;
export const digestOfContent = (content: string) =>
  fileDigest(Buffer.from(content), { algorithm: "sha256", blockSize: 4096 }).toString("hex");

function isImplied({ type, mode, uid, gid, seconds, nanoseconds, xattrs }: NaiveInode): boolean {
  return type === "directory" && mode === 0o755 && uid + gid + seconds + nanoseconds + xattrs.size === 0;
}

function namesOf(tree: NaiveTree, inode: NaiveInode): string[] {
  return inOrder([...tree].filter(([, other]) => other === inode).map(([path]) => path));
}

function common(a: NaiveTree, b: NaiveTree): string[] {
  return inOrder(a.keys()).filter((path) => b.has(path));
}

/** Pairs of inodes with a common name, each once or for each name. */
function pairs(a: NaiveTree, b: NaiveTree, byName = false): Array<{ path: string; x: NaiveInode; y: NaiveInode }> {
  const found: Array<{ path: string; x: NaiveInode; y: NaiveInode }> = [];
  for (const path of common(a, b)) {
    const [x, y] = [a.get(path)!, b.get(path)!];
    if (byName || !found.some((pair) => pair.x === x && pair.y === y)) found.push({ path, x, y });
  }
  return found;
}

/**
 * Number of differences of each class.
 *
 * @param byName counts a difference of inodes for each of their common names, not once
 */
export function countNaively(a: NaiveTree, b: NaiveTree, byName = false): Counts {
  const counts: Counts = {};
  const count = (id: string, differs = true) => {
    if (differs) counts[id] = (counts[id] ?? 0) + 1;
  };
  for (const path of a.keys()) count("removed", !b.has(path));
  for (const path of b.keys()) count("added", !a.has(path));
  for (const path of common(a, b)) {
    const first = (tree: NaiveTree, other: NaiveTree) => namesOf(tree, tree.get(path)!).find((name) => other.has(name));
    count("hardlink", first(a, b) !== first(b, a));
  }
  for (const { x, y } of pairs(a, b, byName)) {
    if (x.type !== y.type) {
      count("type");
      continue;
    }
    count("mode", x.mode !== y.mode);
    count("owner", x.uid !== y.uid || x.gid !== y.gid);
    count("mtime-seconds", x.seconds !== y.seconds);
    count("mtime-nanoseconds", x.nanoseconds !== y.nanoseconds);
    const isCounted = x.type !== "directory" && namesOf(a, x).length === namesOf(b, y).length;
    count("link-count", isCounted && x.nlink !== y.nlink);
    for (const key of new Set([...x.xattrs.keys(), ...y.xattrs.keys()])) {
      count(`xattr:${key}`, x.xattrs.get(key) !== y.xattrs.get(key));
    }
    count("device", x.type === "device" && x.rdev !== y.rdev);
    count("target", x.type === "symlink" && x.payload !== y.payload);
    if (x.type === "file") for (const id of contentClasses(x, y)) count(id);
  }
  return counts;
}

function contentClasses(x: NaiveInode, y: NaiveInode): string[] {
  if (x.size !== y.size) return ["content"];
  if (x.size === 0) return [];
  if (x.content !== undefined && y.content !== undefined) return x.content === y.content ? [] : ["content"];
  if (x.content !== undefined || y.content !== undefined) {
    const digest = x.digest ?? y.digest;
    const isKnown = digest !== undefined && digest !== digestOfContent((x.content ?? y.content)!);
    return isKnown ? ["content", "inline-object"] : ["inline-object"];
  }
  if (x.digest !== y.digest) return ["content"];
  if (x.payload === y.payload) return [];
  return x.digest === undefined ? ["content"] : ["object-path"];
}

type Change = (a: NaiveTree, b: NaiveTree) => void;

/** Changes each inode of both trees. */
const each =
  (test: (inode: NaiveInode, path: string) => boolean, change: (inode: NaiveInode) => void): Change =>
  (...trees) => {
    for (const tree of trees) for (const [path, inode] of tree) if (test(inode, path)) change(inode);
  };

/** Changes pairs of inodes. */
const both =
  (change: (x: NaiveInode, y: NaiveInode) => void): Change =>
  (a, b) => {
    for (const { x, y } of pairs(a, b)) if (x.type === y.type) change(x, y);
  };

const METADATA = { mode: 0, uid: 0, gid: 0, seconds: 0, nanoseconds: 0 };
const NO_TIME = { seconds: 0, nanoseconds: 0 };

function dropContent(place: string): Change {
  return (...trees) => {
    for (const tree of trees) {
      for (const path of [...tree.keys()]) if (path.startsWith(`${place}/`)) tree.delete(path);
      const inode = tree.get(place);
      if (inode?.type === "directory") Object.assign(inode, NO_TIME);
    }
  };
}

/** Normalisations in an order in which they do not disturb each other. */
const CHANGES: Record<string, Change> = {
  "owner-shift": (a, b) => {
    const all = pairs(a, b);
    const shifts = new Set(all.map(({ x, y }) => `${y.uid - x.uid}:${y.gid - x.gid}`));
    if (shifts.size === 1 && all.every(({ x, y }) => x.type === y.type)) CHANGES["owners"]!(a, b);
  },
  // Told by `countAfter`, since a shift of owners moves the boundary.
  "implied-directories": each(
    ({ isImpliedOnce }) => isImpliedOnce === true,
    (inode) => Object.assign(inode, METADATA, { xattrs: new Map() }),
  ),
  "inline-objects": both((x, y) => {
    if (x.size !== y.size || (x.content === undefined) === (y.content === undefined)) return;
    const digest = x.digest ?? y.digest;
    for (const inode of [x, y]) {
      if (inode.content !== undefined && digest !== undefined) inode.digest = digestOfContent(inode.content);
      Object.assign(inode, { content: undefined, payload: "one" });
    }
  }),
  "missing-digests": both((x, y) => {
    if (x.size !== y.size || x.payload !== y.payload || x.content !== undefined || y.content !== undefined) return;
    if (x.digest === undefined || y.digest === undefined) x.digest = y.digest = undefined;
  }),
  "object-paths": both((x, y) => {
    if (x.digest !== undefined && x.digest === y.digest) x.payload = y.payload = "one";
  }),
  "root-metadata": each(
    (_, path) => path === "/",
    (inode) => Object.assign(inode, METADATA, { xattrs: new Map() }),
  ),
  "run-content": dropContent("/run"),
  "dev-content": dropContent("/dev"),
  "proc-content": dropContent("/proc"),
  "sys-content": dropContent("/sys"),
  "tmp-content": dropContent("/tmp"),
  whiteouts: (a, b) => {
    for (const [tree, other] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const [path, inode] of [...tree]) if (isWhiteout(inode) && !other.has(path)) tree.delete(path);
    }
  },
  "symlink-modes": each(
    ({ type }) => type === "symlink",
    (inode) => Object.assign(inode, { mode: 0 }),
  ),
  "symlink-mtimes": each(
    ({ type }) => type === "symlink",
    (inode) => Object.assign(inode, NO_TIME),
  ),
  "directory-mtimes": each(
    ({ type }) => type === "directory",
    (inode) => Object.assign(inode, NO_TIME),
  ),
  nanoseconds: each(
    () => true,
    (inode) => Object.assign(inode, { nanoseconds: 0 }),
  ),
  modes: each(
    () => true,
    (inode) => Object.assign(inode, { mode: 0 }),
  ),
  owners: each(
    () => true,
    (inode) => Object.assign(inode, { uid: 0, gid: 0 }),
  ),
  mtimes: each(
    () => true,
    (inode) => Object.assign(inode, NO_TIME),
  ),
  "link-counts": each(
    () => true,
    (inode) => Object.assign(inode, { nlink: 0 }),
  ),
  hardlinks: (...trees) => {
    for (const tree of trees) {
      for (const [path, inode] of tree) tree.set(path, { ...inode, nlink: 1, xattrs: new Map(inode.xattrs) });
    }
  },
};

/** Ids of all normalisations that may concern two trees. */
export function normalisationsOf(counts: Counts): string[] {
  return [...Object.keys(CHANGES), ...Object.keys(counts).filter((id) => id.startsWith("xattr:"))];
}

/** Differences by name that are left after some normalisations. */
export function countAfter(a: NaiveTree, b: NaiveTree, ids: readonly string[]): Counts {
  const copies = [a, b].map(copyOf) as [NaiveTree, NaiveTree];
  for (const { x, y } of pairs(...copies)) {
    if (x.type === y.type && isImplied(x) !== isImplied(y)) x.isImpliedOnce = y.isImpliedOnce = true;
  }
  for (const [id, change] of Object.entries(CHANGES)) if (ids.includes(id)) change(...copies);
  for (const id of ids.filter((name) => name.startsWith("xattr:"))) {
    each(
      () => true,
      ({ xattrs }) => xattrs.delete(id.slice("xattr:".length)),
    )(...copies);
  }
  return countNaively(...copies, true);
}

/** A tree of its own, hard links kept. */
export function copyOf(tree: NaiveTree): NaiveTree {
  const copies = new Map<NaiveInode, NaiveInode>();
  for (const inode of tree.values()) copies.set(inode, { ...inode, xattrs: new Map(inode.xattrs) });
  return new Map([...tree].map(([path, inode]) => [path, copies.get(inode)!]));
}

const TYPE_BITS = { file: 0o100000, directory: 0o40000, symlink: 0o120000, device: 0o20000 };

/**
 * The dumpfile of a tree.
 *
 * @param ownerOf which of the names of an inode gets the line that is no hardlink
 */
export function printNaively(tree: NaiveTree, ownerOf: (names: string[]) => string): string {
  const owners = new Map<NaiveInode, string>();
  for (const inode of tree.values()) if (!owners.has(inode)) owners.set(inode, ownerOf(namesOf(tree, inode)));
  const lines = inOrder(tree.keys()).map((path) => {
    const inode = tree.get(path)!;
    const owner = owners.get(inode)!;
    if (owner !== path) return `${path} 0 @100644 1 0 0 0 0.0 ${owner} - -`;
    const { type, size, mode, nlink, uid, gid, rdev, seconds, nanoseconds, payload, content, digest, xattrs } = inode;
    const st = (TYPE_BITS[type] | mode).toString(8);
    const pairs = [...xattrs].map(([key, value]) => ` ${key}=${value}`).join("");
    const data = `${payload ?? "-"} ${content ?? "-"} ${digest ?? "-"}`;
    return `${path} ${size} ${st} ${nlink} ${uid} ${gid} ${rdev} ${seconds}.${nanoseconds} ${data}${pairs}`;
  });
  return `${lines.join("\n")}\n`;
}
