/** The map of substitutions: boot-transform.md 3.4. */

import { ComposefsError } from "../error.ts";
import { ByteTrie } from "./byte-trie.ts";
import { SELINUX_LIMITS } from "./limits.ts";
import type { SubstitutionLine } from "./rules.ts";

/** A place in the map that no alias goes through. */
export const NO_ALIAS = -1;

export class Aliases {
  readonly #trie = new ByteTrie();
  readonly #originals = new Map<number, Uint8Array>();

  /**
   * A later line replaces an earlier one with the same alias.
   *
   * @throws ComposefsError SELINUX_LIMIT
   */
  add(file: string, { alias, original }: SubstitutionLine): void {
    this.#originals.set(this.#trie.insert(alias), original.slice());
    const limit = SELINUX_LIMITS.aliasBytesAll;
    if (this.#trie.nodeCount <= limit) return;
    const data = { path: file, actual: this.#trie.nodeCount, limit };
    throw new ComposefsError("SELINUX_LIMIT", `${file}: the aliases have more than ${limit} bytes`, data);
  }

  /** The place that a path leads to from another place, byte by byte; the first place is 0. */
  step(place: number, byte: number): number {
    return place === NO_ALIAS ? NO_ALIAS : this.#trie.child(place, byte);
  }

  /** The original of the alias that ends at a place. */
  originalAt(place: number): Uint8Array | undefined {
    return this.#originals.get(place);
  }
}
