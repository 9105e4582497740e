/**
 * What is open in the page: two sides, each empty, being read, read, or failed.
 */

import type { VerifyReport } from "../../../seal/verify.ts";
import type { Choice, Input, Inspector, Opened, OpenProgress, RequestFailure, Side, TreeView } from "../../protocol.ts";
import { failureOf, isAbort, isClosed } from "./failure.ts";

/** A side of the page. */
export type SideState =
  | { state: "empty" }
  | { state: "opening"; name: string; progress: OpenProgress }
  /** @param turn grows with each input, so that answers about another one are not taken for its */
  | { state: "open"; opened: Opened; turn: number; check: SignatureCheck }
  | { state: "failed"; name: string; input: Input; failure: RequestFailure };

/** Signatures, and the certificates that they were checked with. */
export type SignatureCheck =
  | { state: "none" }
  | { state: "running"; names: readonly string[] }
  | { state: "done"; names: readonly string[]; report: VerifyReport }
  | { state: "failed"; names: readonly string[]; failure: RequestFailure };

const UNCHECKED: SignatureCheck = { state: "none" };

/** What the seals of an image say: with its signatures checked, if they were. */
export function reportOf(side: Extract<SideState, { state: "open" }>): VerifyReport | null {
  return side.check.state === "done" ? side.check.report : side.opened.seal;
}

export class Session {
  readonly api: Inspector;
  readonly #listeners = new Set<() => void>();
  readonly #aborts: Partial<Record<Side, AbortController>> = {};
  #sides: Record<Side, SideState> = { a: { state: "empty" }, b: { state: "empty" } };
  #turns = 0;

  constructor(api: Inspector) {
    this.api = api;
  }

  /** A new object after each change. */
  get sides(): Readonly<Record<Side, SideState>> {
    return this.#sides;
  }

  /** @returns ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Reads an input. What the side had is closed. */
  async open(side: Side, input: Input, choice: Choice = {}): Promise<void> {
    this.#aborts[side]?.abort();
    const abort = new AbortController();
    this.#aborts[side] = abort;
    const name = nameOf(input);
    const isCurrent = () => this.#aborts[side] === abort && !abort.signal.aborted;
    this.#set(side, { state: "opening", name, progress: { phase: "Opening", layers: [], elapsedMs: 0 } });
    const onProgress = (progress: OpenProgress) => {
      if (isCurrent()) this.#set(side, { state: "opening", name, progress });
    };
    try {
      const opened = await this.api.open(side, input, choice, onProgress, abort.signal);
      if (isCurrent()) this.#set(side, { state: "open", opened, turn: ++this.#turns, check: UNCHECKED });
    } catch (error) {
      if (isCurrent() && !isAbort(error) && !isClosed(error))
        this.#set(side, { state: "failed", name, input, failure: failureOf(error) });
    }
  }

  /** Shows another tree of an image. @throws {RequestError} when it cannot be made */
  async show(side: Side, view: TreeView): Promise<void> {
    const opened = await this.api.show(side, view);
    const state = this.#sides[side];
    if (state.state === "open") this.#set(side, { ...state, opened, turn: ++this.#turns });
  }

  /** Checks the signatures of an image by certificates. */
  async check(side: Side, certificates: readonly File[]): Promise<void> {
    const names = certificates.map(({ name }) => name);
    this.#setCheck(side, { state: "running", names });
    try {
      this.#setCheck(side, { state: "done", names, report: await this.api.verify(side, certificates) });
    } catch (error) {
      if (!isClosed(error)) this.#setCheck(side, { state: "failed", names, failure: failureOf(error) });
    }
  }

  #setCheck(side: Side, check: SignatureCheck): void {
    const state = this.#sides[side];
    if (state.state === "open") this.#set(side, { ...state, check });
  }

  /** Ends the reading of a side, or closes what it has. */
  close(side: Side): void {
    this.#aborts[side]?.abort();
    this.#set(side, { state: "empty" });
    void this.api.close(side);
  }

  #set(side: Side, state: SideState): void {
    this.#sides = { ...this.#sides, [side]: state };
    for (const listener of this.#listeners) listener();
  }
}

function nameOf(input: Input): string {
  if (input.kind === "registry") return input.reference;
  if (input.kind === "served") return "the input of the command";
  const [first] = input.files;
  return first === undefined ? "nothing" : first.path.split("/")[0]!;
}
