/** The comparison of trees against its naive twin, on random trees that differ a little. */

import { describe, expect, test } from "vitest";
import { diffTrees } from "../../../src/explain/diff.ts";
import {
  type Counts,
  copyOf,
  countAfter,
  countNaively,
  digestOfContent,
  isWhiteout,
  type NaiveInode,
  type NaiveTree,
  normalisationsOf,
  printNaively,
} from "../../support/naive/diff.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";
import { treeOf } from "../../support/trees.ts";

const CASES = 200;
const BATCH = 50;
/** Sets of normalisations are tried in full up to this size. */
const SMALL = 3;

const DIGESTS = ["1", "2"].map((digit) => digit.repeat(64));
const PATHS = ["/a", "/a/b", "/a/b/c", "/run", "/run/x", "/run/x/y", "/tmp", "/tmp/z", "/b", "/c", "/a.d", "/a-b"];
const CONTENTS = ["", "x", "yy", "zz", "root"];

type Random = SplitMix64;

function randomInode(random: Random, type: NaiveInode["type"]): NaiveInode {
  const inode: NaiveInode = {
    type,
    mode: random.pick([0o755, 0o755, 0o700, 0o4755]),
    nlink: 1,
    uid: random.pick([0, 0, 7]),
    gid: random.pick([0, 0, 7]),
    rdev: type === "device" ? random.pick([0, 259]) : 0,
    seconds: random.pick([0, 100, 200]),
    nanoseconds: random.pick([0, 0, 5]),
    size: 0,
    xattrs: new Map(random.chance(30) ? [[random.pick(["user.a", "user.b"]), random.pick(["1", "2"])]] : []),
  };
  if (type === "symlink") return { ...inode, payload: random.pick(["t", "u"]), size: 1 };
  return type === "file" ? { ...inode, ...randomContent(random) } : inode;
}

function randomContent(random: Random): Partial<NaiveInode> {
  const content = random.pick(CONTENTS);
  const none = { payload: undefined, content: undefined, digest: undefined };
  if (content === "" || random.chance(50)) return { ...none, size: content.length, content: content || undefined };
  const digest = random.pick([undefined, ...DIGESTS, digestOfContent(content)]);
  return { ...none, size: content.length, payload: random.pick(["p", "q"]), digest };
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
const hasPlace = (path: string) => path.startsWith("/run/") || path.startsWith("/tmp/");

function randomTree(random: Random): NaiveTree {
  const tree: NaiveTree = new Map([["/", randomInode(random, "directory")]]);
  for (const path of PATHS) {
    if (tree.get(parentOf(path))?.type !== "directory" || random.chance(15)) continue;
    const isDirectory = path === "/run" || path === "/tmp" || random.chance(50);
    addName(
      random,
      tree,
      path,
      isDirectory ? "directory" : random.pick(["file", "file", "symlink", "device"] as const),
    );
  }
  return tree;
}

/** A new inode, or one more name of another. Content of a place shares nothing: its loss would change link counts. */
function addName(random: Random, tree: NaiveTree, path: string, type: NaiveInode["type"]): void {
  const others = [...tree].filter(
    ([other, { type: of, rdev }]) => of !== "directory" && (of !== "device" || rdev > 0) && !hasPlace(other),
  );
  const isLink = type === "file" && others.length > 0 && !hasPlace(path) && random.chance(50);
  tree.set(path, isLink ? random.pick(others)[1] : randomInode(random, type));
}

/** Changes a thing or two. */
function mutate(random: Random, tree: NaiveTree): void {
  const paths = [...tree.keys()];
  const path = random.pick(paths);
  const inode = tree.get(path)!;
  const kind = random.below(14);
  if (kind === 0 && inode.type !== "directory") tree.delete(path);
  else if (kind === 1 && !paths.some((other) => parentOf(other) === path) && path !== "/") tree.delete(path);
  else if (kind === 2 && inode.type === "directory") addName(random, tree, `${path === "/" ? "" : path}/new`, "file");
  else if (kind === 3) inode.mode = random.pick([0o755, 0o700]);
  else if (kind === 4) inode.uid = random.below(3);
  else if (kind === 5) inode.seconds = random.pick([0, 100, 300]);
  else if (kind === 6) inode.nanoseconds = random.below(2);
  else if (kind === 7) inode.xattrs.set(random.pick(["user.a", "user.b", "user.c"]), random.pick(["1", "2"]));
  else if (kind === 8) inode.xattrs.clear();
  else if (kind === 9 && inode.type === "file") Object.assign(inode, randomContent(random));
  else if (kind === 10 && inode.type === "symlink") inode.payload = random.pick(["t", "u"]);
  else if (kind === 11 && inode.type !== "directory")
    tree.set(path, randomInode(random, random.pick(["file", "symlink", "device"] as const)));
  else if (
    kind === 12 &&
    inode.type !== "directory" &&
    [...tree.values()].filter((other) => other === inode).length === 1
  )
    inode.nlink = 5;
  else if (kind === 13 && inode.type === "directory")
    Object.assign(inode, { mode: 0o755, uid: 0, gid: 0, seconds: 0, nanoseconds: 0, xattrs: new Map() });
}

/** Changes that concern all entries. */
function mutateAll(random: Random, tree: NaiveTree): void {
  const inodes = new Set(tree.values());
  const kind = random.below(6);
  for (const inode of inodes) {
    if (kind === 0 && inode.type === "directory") inode.seconds += 1 + random.below(5);
    else if (kind === 1) inode.nanoseconds = 0;
    else if (kind === 2) inode.uid += 1000;
    else if (kind === 3) inode.xattrs.delete("user.a");
    else if (kind === 4) inode.seconds = 0;
  }
  if (kind === 5)
    for (const [path, inode] of tree)
      if (inode.type === "file") tree.set(path, { ...inode, nlink: 1, xattrs: new Map(inode.xattrs) });
}

/** A whiteout has one name. Link counts are true, but for those that were made untrue. */
function settle(tree: NaiveTree): void {
  const names = new Map<NaiveInode, number>();
  for (const inode of tree.values()) names.set(inode, (names.get(inode) ?? 0) + 1);
  for (const [inode, count] of names) if (count > 1 || isWhiteout(inode) || inode.nlink !== 5) inode.nlink = count;
}

function randomPair(seed: number): [NaiveTree, NaiveTree] {
  const random = new SplitMix64(BigInt(seed));
  const a = randomTree(random);
  const b = copyOf(a);
  if (random.chance(40)) mutateAll(random, b);
  for (let i = random.below(6); i > 0; i--) mutate(random, random.chance(50) ? a : b);
  settle(a);
  settle(b);
  return [a, b];
}

/** Subsets with fewer than `size` members. */
function* smallerSets(ids: readonly string[], size: number): Generator<string[]> {
  if (size === 0) return;
  yield [];
  for (const [i, id] of ids.entries()) for (const set of smallerSets(ids.slice(i + 1), size - 1)) yield [id, ...set];
}

describe("random trees", () => {
  test.each(Array.from({ length: CASES / BATCH }, (_, i) => i * BATCH))("seeds from %i", (from) => {
    for (let seed = from; seed < from + BATCH; seed++) {
      const [a, b] = randomPair(seed);
      const random = new SplitMix64(BigInt(seed));
      const dumps = [a, b].map((tree) => printNaively(tree, (names) => random.pick(names)));
      const diff = diffTrees(treeOf(dumps[0]!), treeOf(dumps[1]!));
      const counts = countNaively(a, b);
      const found: Counts = Object.fromEntries(diff.classes.map(({ id, count }) => [id, count]));
      const message = `seed ${seed}\n${dumps.join("---\n")}`;
      expect(found, message).toEqual(counts);

      const chosen = diff.equalising.normalisations.map(({ id }) => id);
      const all = normalisationsOf(counts);
      const left = countAfter(a, b, all);
      expect(diff.equalising.remaining.map(({ id }) => id).sort(), message).toEqual(Object.keys(left).sort());
      expect(countAfter(a, b, chosen), `${message}after ${chosen}`).toEqual(left);
      if (chosen.length > SMALL) continue;
      const useful = all.filter(
        (id) => JSON.stringify(countAfter(a, b, [id])) !== JSON.stringify(countAfter(a, b, [])),
      );
      for (const set of smallerSets(useful, chosen.length)) {
        expect(countAfter(a, b, set), `${message}after ${set}`).not.toEqual(left);
      }
    }
  });
});
