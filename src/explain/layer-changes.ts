/**
 * What the layers of an image do to each other: which contents are not shown any more, which layer replaces or removes them,
 * and what is removed.
 *
 * The layers are applied entry by entry as oci-to-tree.md 4 has it, names alone: a content counts until the last name of
 * its leaf is gone. Each node is made once and removed at most once, so that the work grows with the entries.
 */

import {
  DIRECTORY,
  HARDLINK,
  layerEntries,
  OPAQUE_MARKER,
  REGULAR,
  splitPath,
  WHITEOUT_PREFIX,
} from "../image/layer-entries.ts";
import type { LayerRecords } from "../image/layer-records.ts";

/** A content that the image does not show. Paths have no leading slash, one character for each byte. */
export interface HiddenContent {
  path: string;
  bytes: number;
  /** From 1. */
  layer: number;
  /** The layer that took its last name away. */
  by: number;
  how: "replaced" | "removed";
}

/** A whiteout. */
export interface Whiteout {
  /** Of what is removed, or of the directory that becomes empty. */
  path: string;
  isOpaque: boolean;
  /** From 1. */
  layer: number;
  /** Whether there was something to remove. */
  hasTarget: boolean;
}

/** Numbers of one layer. */
export interface LayerTotals {
  /** Bytes of the contents that it brings. */
  contentBytes: number;
  /** Of those the bytes that are not shown. */
  hiddenBytes: number;
  whiteouts: number;
}

/** What {@link layerChanges} finds. */
export interface LayerChanges {
  /** Base first. */
  layers: LayerTotals[];
  /** The largest first. */
  hidden: HiddenContent[];
  /** In the order of the layers. */
  whiteouts: Whiteout[];
  /** Paths, in the form of those of contents, at which a layer put something in the place of what a lower one had. */
  replaced: Set<string>;
}

/** What several names may share. */
interface Leaf {
  layer: number;
  path: string;
  bytes: number;
  names: number;
}

interface Node {
  layer: number;
  /** Of a directory. */
  children: Map<string, Node> | null;
  leaf: Leaf | null;
}

/** Applies layers. @param records of the layers, base first; a tree could be merged of them */
export function layerChanges(records: readonly LayerRecords[]): LayerChanges {
  const changes: LayerChanges = {
    layers: records.map(() => ({ contentBytes: 0, hiddenBytes: 0, whiteouts: 0 })),
    hidden: [],
    whiteouts: [],
    replaced: new Set(),
  };
  const root: Node = { layer: 0, children: new Map(), leaf: null };
  for (const [i, layer] of records.entries()) applyLayer(root, layer, i + 1, changes);
  changes.hidden.sort((a, b) => b.bytes - a.bytes);
  return changes;
}

function applyLayer(root: Node, records: LayerRecords, layer: number, changes: LayerChanges): void {
  const totals = changes.layers[layer - 1]!;
  for (const { path, type, link, size } of layerEntries(records)) {
    if (path === "") continue;
    const { parent, name } = splitPath(path);
    const leaf = type === HARDLINK ? (find(root, link)?.leaf ?? null) : null;
    const siblings = find(root, parent)?.children;
    if (siblings == null) continue;
    if (name === OPAQUE_MARKER) {
      totals.whiteouts++;
      changes.whiteouts.push({ path: parent, isOpaque: true, layer, hasTarget: siblings.size > 0 });
      for (const child of siblings.values()) remove(child, layer, "removed", changes);
      siblings.clear();
    } else if (name.startsWith(WHITEOUT_PREFIX)) {
      const target = name.slice(WHITEOUT_PREFIX.length);
      const removed = siblings.get(target);
      totals.whiteouts++;
      const whole = parent === "" ? target : `${parent}/${target}`;
      changes.whiteouts.push({ path: whole, isOpaque: false, layer, hasTarget: removed !== undefined });
      if (removed !== undefined) remove(removed, layer, "removed", changes);
      siblings.delete(target);
    } else {
      const before = siblings.get(name);
      if (type === DIRECTORY && before?.children) {
        before.layer = layer;
        continue;
      }
      if (before !== undefined && before.layer < layer) changes.replaced.add(path);
      const bytes = type === REGULAR ? size : 0;
      totals.contentBytes += bytes;
      const own = leaf ?? { layer, path, bytes, names: 0 };
      // A link to itself changes nothing: the name is taken before it is given up.
      if (type !== DIRECTORY) own.names++;
      if (before !== undefined) remove(before, layer, "replaced", changes);
      siblings.set(
        name,
        type === DIRECTORY ? { layer, children: new Map(), leaf: null } : { layer, children: null, leaf: own },
      );
    }
  }
}

function find(root: Node, path: string): Node | undefined {
  let node: Node | undefined = root;
  if (path === "") return node;
  for (const part of path.split("/")) node = node?.children?.get(part);
  return node;
}

/** Takes a name away, of a directory all below it. Without recursion: the depth is that of the input. */
function remove(top: Node, by: number, how: HiddenContent["how"], changes: LayerChanges): void {
  const open = [top];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.children !== null) open.push(...node.children.values());
    const { leaf } = node;
    if (leaf === null || --leaf.names > 0 || leaf.bytes === 0) continue;
    const { layer, path, bytes } = leaf;
    changes.layers[layer - 1]!.hiddenBytes += bytes;
    changes.hidden.push({ path, bytes, layer, by, how });
  }
}

/** What a layer did to a path. */
export interface PathEvent {
  /** From 1. */
  layer: number;
  /** `removed`: by a whiteout of it or of a directory above it, or by what replaced such a directory. */
  what: "written" | "removed" | "opaque";
  /** TYPE_* number of what was written. */
  type: number | null;
  /** Bytes of the content that was written; null for what has none. */
  bytes: number | null;
}

/**
 * What the layers did to one path, the last event first.
 *
 * @param path without leading slash, one character for each byte
 */
export function pathEvents(records: readonly LayerRecords[], path: string): PathEvent[] {
  const events: PathEvent[] = [];
  for (const [i, record] of records.entries()) {
    for (const { path: at, type, size } of layerEntries(record)) {
      const event = eventOf(path, at, type, size);
      if (event !== null) events.push({ layer: i + 1, ...event });
    }
  }
  return events.reverse();
}

function eventOf(path: string, at: string, type: number, size: number): Omit<PathEvent, "layer"> | null {
  if (at === path) return { what: "written", type, bytes: type === REGULAR ? size : null };
  const { parent, name } = splitPath(at);
  const isAbove = (directory: string) => directory === "" || path.startsWith(`${directory}/`);
  const removed = { what: "removed", type: null, bytes: null } as const;
  if (name === OPAQUE_MARKER) return isAbove(parent) ? { ...removed, what: "opaque" } : null;
  if (name.startsWith(WHITEOUT_PREFIX)) {
    const target = name.slice(WHITEOUT_PREFIX.length);
    const whole = parent === "" ? target : `${parent}/${target}`;
    return target !== "" && (whole === path || isAbove(whole)) ? removed : null;
  }
  return type !== DIRECTORY && at !== "" && isAbove(at) ? removed : null;
}
