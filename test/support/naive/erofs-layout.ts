/** Where the parts of a naive image go: see `erofs-image.ts`. */

import type { Entry, Inode, Place, Xattr } from "./erofs-image.ts";

const DIR = 0o040000;
const up = (x: number, n: number) => Math.ceil(x / n) * n;
const byBytes = (a: Entry, b: Entry) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
const isDirectory = (inode: Inode | bigint): inode is Inode =>
  typeof inode !== "bigint" && (inode.mode & 0o170000) === DIR;

export interface Layout {
  inodes: Inode[];
  places: Map<Inode, Place>;
  groups: Map<Inode, Entry[][]>;
  /** Link counts: entries of a leaf, 2 + subdirectories of a directory. */
  names: Map<Inode, number>;
  /** Offsets in the shared area. */
  shared: Map<Xattr, number>;
  sharedAt: number;
  /** Of the whole image. */
  size: number;
}

/** Entries in order, cut where a block is full (erofs-v1.md 6.1). */
function cutGroups(entries: Entry[]): Entry[][] {
  const groups: Entry[][] = [[]];
  let used = 0;
  for (const entry of entries) {
    const length = 12 + entry[0].length;
    if (used + length > 4096) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)!.push(entry);
    used += length;
  }
  return groups;
}

export const groupBytes = (group: Entry[]) => group.reduce((sum, [name]) => sum + 12 + name.length, 0);

/** Every inode that the root leads to, parents first, with its groups and its link count. */
function collect(root: Inode): Pick<Layout, "inodes" | "groups" | "names"> {
  const inodes: Inode[] = [root];
  const groups = new Map<Inode, Entry[][]>();
  const names = new Map<Inode, number>();
  const parents = new Map<Inode, Inode>([[root, root]]);
  const seen = new Set(inodes);
  for (const inode of inodes) {
    if (inode.entries === undefined && inode.groups === undefined) continue;
    const all = inode.entries ?? inode.groups!.flat();
    const children = all.filter(([name]) => inode.entries !== undefined || (name !== "." && name !== ".."));
    names.set(inode, 2 + children.filter(([, child]) => isDirectory(child)).length);
    for (const [, child] of children) {
      if (typeof child === "bigint") continue;
      if (!isDirectory(child)) names.set(child, (names.get(child) ?? 0) + 1);
      if (seen.has(child)) continue;
      seen.add(child);
      parents.set(child, inode);
      inodes.push(child);
    }
    const dots: Entry[] = [
      [".", inode],
      ["..", parents.get(inode)!],
    ];
    const sorted = () => [...inode.entries!, ...(inode.dots === false ? [] : dots)].sort(byBytes);
    groups.set(inode, inode.groups ?? cutGroups(sorted()));
  }
  return { inodes, groups, names };
}

const entryBytes = ({ suffix, value }: Xattr) => up(4 + suffix.length + value.length, 4);

function xattrBytes({ xattrs = [], references = [] }: Inode): number {
  if (xattrs.length + references.length === 0) return 0;
  return 12 + 4 * references.length + xattrs.reduce((sum, one) => sum + entryBytes(one), 0);
}

/** The next place for an inode whose tail should not cross the edge of a block; the first one when there is none. */
function findPlace(start: number, need: number, tail: number): number {
  if (tail === 0) return start;
  for (let at = start; at < start + 8192; at += 32) if (((at + need) % 4096) + tail <= 4096) return at;
  return start;
}

export function placeInodes(root: Inode): Layout {
  const { inodes, groups, names } = collect(root);
  const places = new Map<Inode, Place>();
  const shared = new Map<Xattr, number>();
  let at = 1152;
  let sharedBytes = 0;
  for (const inode of inodes) {
    for (const one of inode.references ?? []) {
      if (typeof one === "number" || shared.has(one)) continue;
      shared.set(one, sharedBytes);
      sharedBytes += entryBytes(one);
    }
    const last = groups.get(inode)?.at(-1);
    const lastBytes = last === undefined ? 0 : groupBytes(last);
    const tail = last === undefined ? (inode.tail?.length ?? 0) : lastBytes <= 2048 ? lastBytes : 0;
    const xattrs = xattrBytes(inode);
    const need = (inode.compact ? 32 : 64) + xattrs;
    const start = up(at, 32) + (inode.pad ?? 0);
    const place = inode.pad === undefined ? findPlace(start, need, tail) : start;
    places.set(inode, {
      at: place,
      xattrs: place + need - xattrs,
      tail: tail > 0 ? place + need : 0,
      blocks: 0,
    });
    at = place + need + tail;
  }
  const sharedAt = up(at, 32);
  let block = up(sharedAt + sharedBytes, 4096);
  const known = new Map<Buffer, number>();
  for (const inode of inodes) {
    const place = places.get(inode)!;
    const count = (groups.get(inode)?.length ?? 0) - (groups.has(inode) && place.tail > 0 ? 1 : 0);
    const bytes = groups.has(inode) ? 4096 * count : up(inode.blocks?.length ?? 0, 4096);
    if (bytes === 0) continue;
    place.blocks = (inode.blocks && known.get(inode.blocks)) ?? block;
    if (inode.blocks) known.set(inode.blocks, place.blocks);
    if (place.blocks === block) block += bytes;
  }
  return { inodes, places, groups, names, shared, sharedAt, size: block };
}
