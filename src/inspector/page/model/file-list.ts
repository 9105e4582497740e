/**
 * The list of files as the session keeps it, of which the page has the rows around those in sight.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { FileRow, Filter, Inspector, RequestFailure } from "../../protocol.ts";
import { failureOf, isClosed } from "./failure.ts";
import { type Shown, useSession } from "./use-session.ts";

/** Rows that are fetched before and behind those in sight. */
const MARGIN_ROWS = 150;

/** What the page has of the list. */
export interface ListState {
  total: number;
  matches: number;
  /** Position of the first of `rows`. */
  from: number;
  rows: readonly FileRow[];
  failure: RequestFailure | undefined;
}

const NOTHING: ListState = { total: 0, matches: 0, from: 0, rows: [], failure: undefined };

export interface FileList extends ListState {
  /** Fetches what is missing of the rows from..to. */
  need(from: number, to: number): void;
  /** The row at a position, undefined when the page does not have it. */
  row(at: number): FileRow | undefined;
  toggle(row: FileRow, isOpen: boolean, isDeep: boolean): void;
  /** Opens what is above an entry. @returns its position, undefined when the list lacks it */
  reveal(path: string): Promise<number | undefined>;
}

/** The list of a side. @param filter a new object is a new list only when its content is */
export function useFileList({ side, turn }: Shown, filter: Filter): FileList {
  const { api } = useSession();
  const [state, setState] = useState(NOTHING);
  const list = useRef<ListSession>(null);
  const key = `${turn} ${JSON.stringify(filter)}`;
  useEffect(() => {
    const session = new ListSession(api, side, setState);
    list.current = session;
    session.start(filter);
    return () => session.end();
  }, [key, api]);
  return {
    ...state,
    need: (from, to) => list.current?.need(from, to),
    row: (at) => state.rows[at - state.from],
    toggle: (row, isOpen, isDeep) => list.current?.toggle(row.index, isOpen, isDeep),
    reveal: (path) => list.current?.reveal(path) ?? Promise.resolve(undefined),
  };
}

/** One list. What is asked goes one after the other, so that positions are always those of the same rows. */
class ListSession {
  readonly #api: Inspector;
  readonly #side: "a" | "b";
  readonly #show: (state: ListState) => void;
  #state = NOTHING;
  #wanted = { from: 0, to: 60 };
  #isEnded = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(api: Inspector, side: "a" | "b", show: (state: ListState) => void) {
    this.#api = api;
    this.#side = side;
    this.#show = show;
  }

  start(filter: Filter): void {
    void this.#queue(async () => {
      const { rows: total, matches } = await this.#api.list(this.#side, filter);
      await this.#fetch({ total, matches });
    });
  }

  need(from: number, to: number): void {
    this.#wanted = { from, to };
    if (this.#isCovered()) return;
    void this.#queue(async () => {
      if (!this.#isCovered()) await this.#fetch({});
    });
  }

  toggle(index: number, isOpen: boolean, isDeep: boolean): void {
    void this.#queue(async () => {
      const { rows: total } = await this.#api.toggle(this.#side, index, isOpen, isDeep);
      await this.#fetch({ total });
    });
  }

  async reveal(path: string): Promise<number | undefined> {
    return this.#queue(async () => {
      const found = await this.#api.reveal(this.#side, path);
      if (found === null) return undefined;
      const view = this.#wanted.to - this.#wanted.from;
      if (found.row < this.#wanted.from || found.row >= this.#wanted.to) {
        const from = Math.max(0, found.row - Math.floor(view / 2));
        this.#wanted = { from, to: from + view };
      }
      await this.#fetch({ total: found.rows });
      return found.row;
    });
  }

  end(): void {
    this.#isEnded = true;
  }

  #isCovered(): boolean {
    const { from, rows, total } = this.#state;
    return this.#wanted.from >= from && Math.min(this.#wanted.to, total) <= from + rows.length;
  }

  /** Fetches the rows around those that are wanted, and shows them together with what else is new. */
  async #fetch(news: Partial<ListState>): Promise<void> {
    const from = Math.max(0, this.#wanted.from - MARGIN_ROWS);
    const count = this.#wanted.to - from + MARGIN_ROWS;
    const rows = await this.#api.rows(this.#side, from, count);
    this.#state = { ...this.#state, ...news, from, rows, failure: undefined };
    if (!this.#isEnded) this.#show(this.#state);
  }

  #queue<T>(job: () => Promise<T>): Promise<T | undefined> {
    const run = async () => {
      if (this.#isEnded) return undefined;
      try {
        return await job();
      } catch (error) {
        if (!this.#isEnded && !isClosed(error)) this.#show({ ...this.#state, failure: failureOf(error) });
        return undefined;
      }
    };
    const done = this.#last.then(run);
    this.#last = done;
    return done;
  }
}
