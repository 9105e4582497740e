/**
 * The automaton made deterministic, state by state as paths ask for them: an entry of a known kind costs one look-up for
 * each byte of its name.
 *
 * The cache has a limit. When it is full it is emptied, and what is still in use (the directories on the way down) is put
 * into it again when it is asked for (as RE2 does). So memory is bounded, and only time is lost.
 */

import { type Automaton, AutomatonRunner } from "./automaton.ts";
import { SELINUX_LIMITS } from "./limits.ts";
import type { StepBudget } from "./step-budget.ts";

/** One set of states of the automaton. */
export class DfaState {
  readonly states: Int32Array;
  /** Which cache it belongs to: one that was emptied is no longer asked. */
  readonly generation: number;
  readonly next = new Map<number, DfaState>();
  /** By type: the rules to try, once somebody asked; see {@link LazyDfa.candidates}. */
  readonly candidates: Array<Int32Array | undefined> = [];

  constructor(states: Int32Array, generation: number) {
    this.states = states;
    this.generation = generation;
  }

  /** No byte leads anywhere from here, and no rule accepts. */
  get isDead(): boolean {
    return this.states.length === 0;
  }
}

/** What a state takes beside its set, and what a transition takes, in bytes: estimates, by the sizes of objects in V8. */
const STATE_BYTES = 400;
const TRANSITION_BYTES = 40;
/** Units of a key that are made at once: the arguments of a call. */
const KEY_UNITS = 8192;

export class LazyDfa {
  /** The state before the first byte. */
  readonly start: DfaState;
  readonly #runner: AutomatonRunner;
  readonly #cacheBytes: number;
  readonly #cache = new Map<string, DfaState>();
  #bytes = 0;
  #generation = 0;

  /** @param cacheBytes size of the cache; tests make it small */
  constructor(automaton: Automaton, budget: StepBudget, cacheBytes = SELINUX_LIMITS.cacheBytes) {
    this.#runner = new AutomatonRunner(automaton, budget);
    this.#cacheBytes = cacheBytes;
    this.start = this.#intern(this.#runner.start());
  }

  /** How often the cache was emptied. */
  get flushCount(): number {
    return this.#generation;
  }

  /** The state that a byte leads to. */
  step(from: DfaState, byte: number): DfaState {
    const known = from.next.get(byte);
    if (known !== undefined) return known;
    if (from.isDead) return from;
    const current = this.current(from);
    const cached = current.next.get(byte);
    if (cached !== undefined) return cached;
    const next = this.#intern(this.#runner.step(current.states, byte));
    // Not when the cache was emptied just now.
    if (current.generation === next.generation) {
      current.next.set(byte, next);
      this.#bytes += TRANSITION_BYTES;
    }
    return next;
  }

  /** The same state in the cache as it is now: to be asked of a state that was held for a while. */
  current(state: DfaState): DfaState {
    return state.generation === this.#generation ? state : this.#intern(state.states);
  }

  /**
   * The rules that may match a path which led to a state.
   *
   * @param type number of the file type, for which the result is kept
   * @param choose makes the result of the rules that accept, in descending order
   */
  candidates(state: DfaState, type: number, choose: (rules: Int32Array) => Int32Array): Int32Array {
    const known = state.candidates[type];
    if (known !== undefined) return known;
    const found = choose(Int32Array.from(this.#runner.accepted(state.states)).sort().reverse());
    state.candidates[type] = found;
    this.#bytes += 4 * found.length;
    return found;
  }

  #intern(states: Int32Array): DfaState {
    const key = keyOf(states);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    // The set, and its key with two units for each state.
    const bytes = STATE_BYTES + 8 * states.length;
    if (this.#bytes + bytes > this.#cacheBytes && this.#cache.size > 0) this.#flush();
    const state = new DfaState(states, this.#generation);
    this.#cache.set(key, state);
    this.#bytes += bytes;
    return state;
  }

  #flush(): void {
    // A state that a directory still holds must not hold all others.
    for (const state of this.#cache.values()) state.next.clear();
    this.#cache.clear();
    this.#bytes = 0;
    this.#generation++;
  }
}

function keyOf(states: Int32Array): string {
  const units = new Uint16Array(states.buffer, states.byteOffset, states.length * 2);
  let key = "";
  for (let i = 0; i < units.length; i += KEY_UNITS) {
    // With spread it takes three times as long: the typed array would be copied through an iterator.
    key += String.fromCharCode.apply(undefined, units.subarray(i, i + KEY_UNITS) as unknown as number[]);
  }
  return key;
}
