/**
 * The image of the tree that is shown: its structures by number and by offset, and its bytes.
 */

import type { Engine } from "../../engine/engine.ts";
import { acquireEngineSync, releaseEngine } from "../../engine/load.ts";
import { escapeBytes } from "../../explain/display.ts";
import { imageInfo, treeInfo } from "../../explain/info.ts";
import type { TreeTable } from "../../explain/tree-table.ts";
import { regionsOf, StructureDecoder } from "../../explain/walk.ts";
import type { StructureKind } from "../../explain/walk-data.ts";
import { jsonField } from "../../explain/walk-json.ts";
import type { Profile, VerityAlgorithm } from "../../image/profile.ts";
import type { Tree } from "../../image/tree.ts";
import { writeAndRead } from "../../image/written-image.ts";
import type { StructureDetails, StructureFacts, StructureRow } from "../protocol.ts";

/** Kinds that belong to no entry. */
const WITHOUT_ENTRY: readonly StructureKind[] = ["composefs header", "superblock", "shared xattr", "padding", "stub"];

/** Most bytes of one answer: the window of the engine. */
export const BYTES_MAX = 1 << 20;

export class ShownImage {
  readonly facts: StructureFacts;
  readonly #table: TreeTable;
  readonly #tree: Tree;
  /** Of the image alone; undefined when the tree was read from it. */
  readonly #engine: Engine | undefined;
  readonly #kinds: StructureKind[] = [];
  readonly #offsets: number[] = [];
  readonly #bytes: number[] = [];
  readonly #entries: number[] = [];

  /**
   * Takes the image of a tree apart; of a tree that was not read from one, the v1 image that it makes.
   *
   * @param tree what was open on it is over
   * @throws {ComposefsError} EROFS_*, IMAGE_*, ENGINE_MEMORY
   */
  constructor(tree: Tree, table: TreeTable, algorithm: VerityAlgorithm) {
    this.#table = table;
    const tree_ = treeInfo(tree);
    let digest: string;
    if (tree.image === undefined) {
      this.#engine = acquireEngineSync();
      const written = writeAndRead(tree, this.#engine, algorithm, "off");
      this.#tree = written.imageTree;
      digest = written.digest;
    } else {
      this.#tree = tree;
      digest = tree.imageDigests([algorithm])[algorithm]!;
    }
    const profile: Profile = `${this.#tree.format!}-${algorithm}`;
    const image = imageInfo(this.#tree);
    for (const { kind, offset, bytes, entry } of regionsOf(this.#tree)) {
      this.#kinds.push(kind);
      this.#offsets.push(offset);
      this.#bytes.push(bytes);
      this.#entries.push(entry);
    }
    this.facts = { profile, digest, tree: tree_, image, structures: this.#kinds.length };
  }

  rows(from: number, count: number): StructureRow[] {
    const end = Math.min(from + count, this.#kinds.length);
    return Array.from({ length: Math.max(end - from, 0) }, (_, i) => this.#row(from + i));
  }

  /** The structure that has the byte at an offset. @throws {RangeError} for an offset beyond the image */
  at(offset: number): StructureDetails {
    const { size } = this.facts.image;
    if (!(offset >= 0 && offset < size)) throw new RangeError(`offset: expected less than ${size}, got ${offset}`);
    let [low, high] = [0, this.#offsets.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offsets[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const row = this.#row(low);
    const decoder = new StructureDecoder((at, length) => this.#tree.imageBytes(at, length));
    return { ...row, fields: decoder.fields(this.#kinds[low]!, row.offset, row.bytes).map(jsonField) };
  }

  /** Structures of an entry: its inode, xattrs, content or dirents. @param entry index of the inode's owner */
  of(entry: number): StructureRow[] {
    const found: StructureRow[] = [];
    for (let at = 0; at < this.#kinds.length; at++) {
      if (this.#entries[at] === entry && !WITHOUT_ENTRY.includes(this.#kinds[at]!)) found.push(this.#row(at));
    }
    return found;
  }

  /** Bytes of the image, fewer at its end. */
  bytes(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#tree.imageBytes(offset, Math.min(length, BYTES_MAX)).slice();
  }

  #row(at: number): StructureRow {
    const kind = this.#kinds[at]!;
    const entry = this.#entries[at]!;
    let path: string | null = null;
    if (kind === "stub") path = `/${entry.toString(16).padStart(2, "0")}`;
    else if (!WITHOUT_ENTRY.includes(kind)) path = escapeBytes(this.#table.path(entry));
    return { at, kind, offset: this.#offsets[at]!, bytes: this.#bytes[at]!, path };
  }

  close(): void {
    if (this.#engine !== undefined) releaseEngine(this.#engine);
  }
}
