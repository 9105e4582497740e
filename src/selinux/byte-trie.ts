/** A trie over bytes. Node 0 is its root. */

export class ByteTrie {
  /** Key: node * 256 + byte. */
  readonly #children = new Map<number, number>();
  #nodeCount = 1;

  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** The node that a byte leads to; -1 when there is none. */
  child(node: number, byte: number): number {
    return this.#children.get(node * 256 + byte) ?? -1;
  }

  /** The node of a sequence of bytes, which is made if there is none. */
  insert(bytes: Iterable<number>): number {
    let node = 0;
    for (const byte of bytes) {
      const key = node * 256 + byte;
      let next = this.#children.get(key);
      if (next === undefined) {
        next = this.#nodeCount++;
        this.#children.set(key, next);
      }
      node = next;
    }
    return node;
  }
}
