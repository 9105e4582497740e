/**
 * The list of files: which entries fit the filter, which directories are open, and so which rows there are.
 */

import { escapeBytes } from "../../explain/display.ts";
import type { TreeTable } from "../../explain/tree-table.ts";
import { type FileRow, type Filter, NO_FILTER } from "../protocol.ts";

export class FileList {
  readonly #table: TreeTable;
  /** 1 for open directories, without a filter and with one. The root always is. */
  readonly #openOfAll: Uint8Array;
  readonly #openOfFilter: Uint8Array;
  /** The one in use. */
  #open: Uint8Array;
  /** 1 for entries that fit the filter. */
  readonly #fits: Uint8Array;
  /** 1 for entries that fit, and for directories on the way to them. */
  readonly #shown: Uint8Array;
  #matches = 0;
  /** Indices of the rows, in order. */
  #rows = new Uint32Array(0);

  constructor(table: TreeTable) {
    this.#table = table;
    const bytes = () => new Uint8Array(table.length);
    [this.#openOfAll, this.#openOfFilter, this.#fits, this.#shown] = [bytes(), bytes(), bytes(), bytes()];
    this.#openOfAll[0] = 1;
    this.#open = this.#openOfAll;
    this.filter(NO_FILTER, () => true);
  }

  get length(): number {
    return this.#rows.length;
  }

  get matches(): number {
    return this.#matches;
  }

  /** Chooses what is shown; what leads to something that fits is open at first. @param isChanged asked for entries when the filter wants changed ones */
  filter(filter: Filter, isChanged: (index: number) => boolean): void {
    const table = this.#table;
    this.#open = isNoFilter(filter) ? this.#openOfAll : this.#openOfFilter.fill(1);
    const wanted = filter.path.toLowerCase();
    const paths = wanted === "" ? undefined : table.displayPaths();
    this.#matches = 0;
    this.#shown.fill(0);
    for (let index = 0; index < table.length; index++) {
      const path = paths?.next().value ?? "";
      const fits =
        path.toLowerCase().includes(wanted) &&
        this.#fitsColumns(index, filter) &&
        (!filter.changed || isChanged(index));
      this.#fits[index] = fits ? 1 : 0;
      if (fits) this.#matches++;
    }
    // What is below a directory comes behind it: from the end on, each entry tells the one that holds it.
    for (let index = table.length - 1; index >= 0; index--) {
      if (this.#fits[index] === 0 && this.#shown[index] === 0) continue;
      this.#shown[index] = 1;
      this.#shown[table.parent[index]!] = 1;
    }
    this.#lay();
  }

  #fitsColumns(index: number, { type, layer, minBytes, maxBytes }: Filter): boolean {
    const table = this.#table;
    if (type !== null && (type === "whiteout" ? !table.isWhiteout(index) : table.type(index) !== type)) return false;
    if (layer !== null && table.origin[index] !== layer) return false;
    if (minBytes === null && maxBytes === null) return true;
    const bytes = table.bytes[index]!;
    return !table.isDirectory(index) && bytes >= (minBytes ?? 0) && bytes <= (maxBytes ?? Number.POSITIVE_INFINITY);
  }

  /** Opens or closes a directory. @param isDeep with all that is below it */
  toggle(index: number, isOpen: boolean, isDeep: boolean): void {
    const end = isDeep ? this.#table.behind(index) : index + 1;
    this.#open.fill(isOpen ? 1 : 0, index, end);
    this.#open[0] = 1;
    this.#lay();
  }

  /** Opens the directories above an entry. @returns its row; -1 when it does not fit the filter */
  reveal(index: number): number {
    if (this.#shown[index] === 0) return -1;
    for (let at = index; at !== 0; ) {
      at = this.#table.parent[at]!;
      this.#open[at] = 1;
    }
    this.#lay();
    return this.#rows.indexOf(index);
  }

  /** Finds out which rows there are: one pass over the entries, closed directories are passed over. */
  #lay(): void {
    const table = this.#table;
    const rows = new Uint32Array(table.length);
    let count = 0;
    for (let index = 0; index < table.length; ) {
      const isShown = this.#shown[index] === 1;
      if (isShown) rows[count++] = index;
      index = isShown && this.#open[index] === 1 ? index + 1 : table.behind(index);
    }
    this.#rows = rows.slice(0, count);
  }

  /** @param layerOf layer of an entry, 0 for none */
  rows(from: number, count: number, layerOf: (index: number) => number): FileRow[] {
    return [...this.#rows.subarray(from, from + count)].map((index) => this.#row(index, layerOf(index)));
  }

  #row(index: number, layer: number): FileRow {
    const table = this.#table;
    const isDirectory = table.isDirectory(index);
    let children = 0;
    if (isDirectory) for (const child of table.children(index)) children += this.#shown[child]!;
    let depth = 0;
    for (let at = index; at !== 0; at = table.parent[at]!) depth++;
    return {
      index,
      name: escapeBytes(table.name(index)),
      path: escapeBytes(table.path(index)),
      type: table.type(index),
      mode: table.mode[index]!,
      uid: table.uid[index]!,
      gid: table.gid[index]!,
      seconds: table.seconds[index]!,
      bytes: isDirectory ? table.sum[index]! : table.bytes[index]!,
      layer,
      isWhiteout: table.isWhiteout(index),
      children,
      depth,
      isOpen: this.#open[index] === 1,
      isMatch: this.#fits[index] === 1,
    };
  }
}

function isNoFilter(filter: Filter): boolean {
  return (Object.keys(NO_FILTER) as Array<keyof Filter>).every((key) => filter[key] === NO_FILTER[key]);
}
