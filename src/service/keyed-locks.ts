/** One thing at a time for each key, within this process. */

export class KeyedLocks {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs what is given when all that came before under this key has ended. */
  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#tails.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#tails.get(key) === own) this.#tails.delete(key);
    }
  }
}
