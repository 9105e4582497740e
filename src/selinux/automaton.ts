/**
 * The rules of a policy as one finite automaton that no input can make slow: it is in a set of states at once.
 *
 *     state 0 … P - 1   instructions (program.ts) that wait for a byte, or accept
 *     state P + n       node n of the trie of the literals that the patterns begin with
 *
 * The trie is what keeps the sets small: a rule is in no set before the path has had its literal beginning.
 */

import type { ByteTrie } from "./byte-trie.ts";
import * as op from "./program.ts";
import type { StepBudget } from "./step-budget.ts";

/** What does not change while the automaton runs; several walks may share it. */
export interface Automaton {
  readonly program: op.Program;
  readonly trie: ByteTrie;
  /** By trie node: where the patterns go on that have their literal beginning behind them. */
  readonly entries: ReadonlyMap<number, readonly number[]>;
}

/** Computes sets of states. Holds scratch memory, so each walk has its own. */
export class AutomatonRunner {
  readonly #automaton: Automaton;
  readonly #budget: StepBudget;
  /** Address of trie node 0. */
  readonly #trieBase: number;
  /** By state: the number of the set that it was last put into. */
  readonly #lastSet: Int32Array;
  readonly #found: Int32Array;
  readonly #pending: number[] = [];
  #foundCount = 0;
  #setNumber = 0;

  constructor(automaton: Automaton, budget: StepBudget) {
    this.#automaton = automaton;
    this.#budget = budget;
    this.#trieBase = automaton.program.ops.length;
    this.#lastSet = new Int32Array(this.#trieBase + automaton.trie.nodeCount);
    this.#found = new Int32Array(this.#lastSet.length);
  }

  /** The states before the first byte of a path, in ascending order. */
  start(): Int32Array {
    this.#begin();
    this.#enterTrie(0, true);
    return this.#end();
  }

  /** The states that a byte leads to, in ascending order. */
  step(states: Int32Array, byte: number): Int32Array {
    const { program, trie } = this.#automaton;
    const { ops, xs, sets } = program;
    this.#begin();
    for (const state of states) {
      if (state >= this.#trieBase) {
        const node = trie.child(state - this.#trieBase, byte);
        if (node >= 0) this.#enterTrie(node, false);
        continue;
      }
      const isNext =
        ops[state] === op.OP_BYTE
          ? xs[state] === byte
          : ops[state] === op.OP_SET && ((sets[xs[state]! * 8 + (byte >> 5)]! >> (byte & 31)) & 1) === 1;
      if (isNext) this.#enter(state + 1, false);
    }
    this.#budget.spend(states.length);
    return this.#end();
  }

  /** The rules that the states accept. */
  accepted(states: Int32Array): number[] {
    const { ops, xs } = this.#automaton.program;
    this.#budget.spend(states.length);
    const rules: number[] = [];
    for (const state of states) if (state < this.#trieBase && ops[state] === op.OP_ACCEPT) rules.push(xs[state]!);
    return rules;
  }

  #begin(): void {
    this.#setNumber++;
    this.#foundCount = 0;
  }

  #end(): Int32Array {
    return this.#found.slice(0, this.#foundCount).sort();
  }

  #enterTrie(node: number, isStart: boolean): void {
    this.#found[this.#foundCount++] = this.#trieBase + node;
    for (const entry of this.#automaton.entries.get(node) ?? []) this.#enter(entry, isStart);
  }

  /** Adds the states that can be reached from an instruction without a byte. */
  #enter(address: number, isStart: boolean): void {
    const { ops, xs, ys } = this.#automaton.program;
    const pending = this.#pending;
    pending.push(address);
    let steps = 0;
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      steps++;
      if (this.#lastSet[at] === this.#setNumber) continue;
      this.#lastSet[at] = this.#setNumber;
      switch (ops[at]) {
        case op.OP_SPLIT:
          pending.push(xs[at]!, ys[at]!);
          break;
        case op.OP_JUMP:
          pending.push(xs[at]!);
          break;
        case op.OP_START:
          if (isStart) pending.push(at + 1);
          break;
        // The byte of the type is still to come.
        case op.OP_END:
          break;
        default:
          this.#found[this.#foundCount++] = at;
      }
    }
    this.#budget.spend(steps);
  }
}
