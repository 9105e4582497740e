/** Turns patterns into instructions. */

import { ANY_BYTE, type ByteSet, DOT_AUTOMATON, DOT_PCRE2 } from "./byte-set.ts";
import { lineError, type Place } from "./fault.ts";
import { SELINUX_LIMITS } from "./limits.ts";
import type { Part, Pattern } from "./pattern-tree.ts";
import * as op from "./program.ts";

export class ProgramBuilder {
  readonly #ops: number[] = [];
  readonly #xs: number[] = [];
  readonly #ys: number[] = [];
  readonly #sets: number[] = [];
  readonly #setNumbers = new Map<string, number>();
  #pattern!: Pattern;
  #place!: Place;
  #partCount = 0;
  #slotCount = 0;

  /** Number of instructions so far, which is the address of the next one. */
  get length(): number {
    return this.#ops.length;
  }

  /**
   * Adds a part of a pattern and the acceptance of its rule.
   *
   * @param parts of the pattern, in order; the automaton has the literal beginning elsewhere
   * @returns the address of the first instruction, and the slots that backtracking needs
   * @throws ComposefsError SELINUX_LIMIT
   */
  addRule(parts: readonly Part[], pattern: Pattern, rule: number, place: Place): { start: number; slotCount: number } {
    this.#pattern = pattern;
    this.#place = place;
    this.#partCount = 0;
    this.#slotCount = 2 * (pattern.groups + 1);
    const start = this.length;
    for (const part of parts) this.#add(part);
    this.#emit(op.OP_ACCEPT, rule);
    return { start, slotCount: this.#slotCount };
  }

  /** Adds what any bytes match: the rest of a rule that has to be tried by backtracking. */
  addAnything(rule: number): number {
    const start = this.#emit(op.OP_SPLIT, this.length + 3, this.length + 1);
    this.#emit(op.OP_SET, this.#setNumber(ANY_BYTE));
    this.#emit(op.OP_JUMP, start);
    this.#emit(op.OP_ACCEPT, rule);
    return start;
  }

  finish(): op.Program {
    const [ops, xs, ys, sets] = [this.#ops, this.#xs, this.#ys, this.#sets].map((list) => Int32Array.from(list));
    return { ops: ops!, xs: xs!, ys: ys!, sets: sets! };
  }

  /** Adds an instruction and returns its address. */
  #emit(operation: number, x = 0, y = 0): number {
    this.#ops.push(operation);
    this.#xs.push(x);
    this.#ys.push(y);
    return this.length - 1;
  }

  #setNumber(set: ByteSet): number {
    const key = set.join();
    const known = this.#setNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#setNumbers.size;
    this.#setNumbers.set(key, number);
    this.#sets.push(...set);
    return number;
  }

  #add(part: Part): void {
    const limit = SELINUX_LIMITS.ruleParts;
    if (++this.#partCount > limit) {
      const what = `the pattern has more than ${limit} parts, with what its repetitions copy`;
      throw lineError("SELINUX_LIMIT", this.#place, what, { actual: this.#partCount, limit });
    }
    switch (part.kind) {
      case "byte":
        this.#emit(op.OP_BYTE, part.byte);
        return;
      case "set":
        this.#emit(op.OP_SET, this.#setNumber(part.set));
        return;
      case "dot":
        this.#emit(op.OP_SET, this.#setNumber(this.#pattern.isPcre2 ? DOT_PCRE2 : DOT_AUTOMATON));
        return;
      case "sequence":
        for (const item of part.parts) this.#add(item);
        return;
      case "choice":
        this.#addChoice(part.options);
        return;
      case "repeat":
        this.#addRepeat(part);
        return;
      case "assert":
        if (part.what === "start") this.#emit(op.OP_START);
        else if (part.what === "end") this.#emit(op.OP_END);
        else this.#emit(op.OP_WORD, part.what === "word" ? 1 : 0);
        return;
      case "capture":
        this.#addCapture(part.part, part.group);
        return;
      case "reference":
        this.#emit(op.OP_REFERENCE, part.group);
        return;
      case "atomic":
        this.#addHold(op.HOLD_ATOMIC, () => this.#add(part.part));
        return;
      case "look":
        this.#addLook(part);
    }
  }

  #addChoice(options: readonly Part[], add: (option: Part) => void = (option) => this.#add(option)): void {
    const jumps: number[] = [];
    options.forEach((option, i) => {
      const isLast = i === options.length - 1;
      const split = isLast ? -1 : this.#emit(op.OP_SPLIT, this.length + 1);
      add(option);
      if (isLast) return;
      jumps.push(this.#emit(op.OP_JUMP));
      this.#ys[split] = this.length;
    });
    for (const jump of jumps) this.#xs[jump] = this.length;
  }

  #addCapture(part: Part, group: number): void {
    // Only a back-reference asks for it, and that is nothing for the automaton.
    if (this.#pattern.isRegular) {
      this.#add(part);
      return;
    }
    this.#emit(op.OP_SAVE, 2 * group);
    this.#add(part);
    this.#emit(op.OP_SAVE, 2 * group + 1);
  }

  #addLook(part: Part & { kind: "look" }): void {
    const options = part.part.kind === "choice" ? part.part.options : [part.part];
    this.#addHold(part.negative ? op.HOLD_NEGATIVE : op.HOLD_LOOK, () =>
      this.#addChoice(options, (option) => {
        if (part.behind) this.#emit(op.OP_BACK, option.exact);
        this.#add(option);
      }),
    );
  }

  #addHold(kind: number, addInner: () => void): void {
    const hold = this.#emit(op.OP_HOLD, 0, kind);
    addInner();
    this.#emit(op.OP_COMMIT);
    this.#xs[hold] = this.length;
  }

  #addRepeat(repeat: Part & { kind: "repeat" }): void {
    if (repeat.mode === "possessive") {
      this.#addHold(op.HOLD_ATOMIC, () => this.#addRepeat({ ...repeat, mode: "greedy" }));
      return;
    }
    const { part, min, max } = repeat;
    const isLazy = repeat.mode === "lazy";
    let last = this.length;
    for (let i = 0; i < min; i++) {
      last = this.length;
      this.#add(part);
    }
    if (max === Number.POSITIVE_INFINITY) {
      // Back into the last copy, so that nested repetitions do not double what they repeat each time.
      if (min > 0 && !this.#mustCheckEmpty(part)) this.#setWays(this.#emit(op.OP_SPLIT), last, this.length, isLazy);
      else this.#addStar(part, isLazy);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.#emit(op.OP_SPLIT));
      this.#add(part);
    }
    for (const split of splits) this.#setWays(split, split + 1, this.length, isLazy);
  }

  #addStar(part: Part, isLazy: boolean): void {
    const split = this.#emit(op.OP_SPLIT);
    if (this.#mustCheckEmpty(part)) {
      const slot = this.#slotCount++;
      this.#emit(op.OP_SAVE, slot);
      this.#add(part);
      this.#emit(op.OP_LEAVE_IF_EMPTY, this.length + 2, slot);
    } else this.#add(part);
    this.#emit(op.OP_JUMP, split);
    this.#setWays(split, split + 1, this.length, isLazy);
  }

  /** Backtracking would go round for ever; the automaton is in each state only once. */
  #mustCheckEmpty(part: Part): boolean {
    return part.least === 0 && !this.#pattern.isRegular;
  }

  #setWays(split: number, inside: number, after: number, isLazy: boolean): void {
    this.#xs[split] = isLazy ? after : inside;
    this.#ys[split] = isLazy ? inside : after;
  }
}
