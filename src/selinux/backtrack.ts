/**
 * Matches a pattern by backtracking: those with look-around, back-references, atomic groups, possessive quantifiers or
 * word boundaries, which are rare. One way at a time, in the order of PCRE2, and never more than a number of steps.
 *
 * The stack holds frames of three numbers. From the top down they say what to do when a way has failed:
 *
 *     CHOICE  address, offset     try the other way
 *     SLOT    slot, old value     put the value back
 *     HOLD    address, offset     the part that OP_HOLD began there has no match
 */

import { hasByte, WORD } from "./byte-set.ts";
import * as op from "./program.ts";

const CHOICE = 0;
const SLOT = 1;
const HOLD = 2;
const FRAME = 3;
/** What {@link Backtracker.match} gives beside a yes or no. */
export type MatchResult = "match" | "no match" | "limit";

export class Backtracker {
  readonly #program: op.Program;
  #subject: Uint8Array = new Uint8Array();
  #slots = new Int32Array();
  #stack = new Int32Array(256);
  #height = 0;
  /** Heights of the stack where the parts began that are being held. */
  #holds: number[] = [];
  /** Steps of the last match. */
  steps = 0;

  constructor(program: op.Program) {
    this.#program = program;
  }

  /**
   * Whether a pattern matches the whole subject but for its last byte, that of the type (which look-ahead can see).
   *
   * @param start address of the pattern
   * @param slotCount slots that it needs
   * @param stepsMax after so many steps the result is "limit"
   */
  match(start: number, slotCount: number, subject: Uint8Array, stepsMax: number): MatchResult {
    this.#subject = subject;
    this.#slots = new Int32Array(slotCount).fill(-1);
    this.#height = 0;
    this.#holds = [];
    this.steps = 0;
    return this.#run(start, stepsMax);
  }

  #run(start: number, stepsMax: number): MatchResult {
    const { ops, xs, ys, sets } = this.#program;
    const subject = this.#subject;
    let address = start;
    let offset = 0;
    while (true) {
      if (++this.steps > stepsMax) return "limit";
      const x = xs[address]!;
      let isFailed = false;
      switch (ops[address]) {
        case op.OP_BYTE:
          isFailed = subject[offset] !== x;
          offset++;
          address++;
          break;
        case op.OP_SET: {
          const byte = subject[offset++];
          isFailed = byte === undefined || ((sets[x * 8 + (byte >> 5)]! >> (byte & 31)) & 1) === 0;
          address++;
          break;
        }
        case op.OP_SPLIT:
          this.#push(CHOICE, ys[address]!, offset);
          address = x;
          break;
        case op.OP_JUMP:
          address = x;
          break;
        case op.OP_START:
          isFailed = offset !== 0;
          address++;
          break;
        case op.OP_END:
          isFailed = offset !== subject.length;
          address++;
          break;
        case op.OP_WORD:
          isFailed = (this.#isWord(offset - 1) !== this.#isWord(offset)) !== (x === 1);
          address++;
          break;
        case op.OP_SAVE:
          this.#setSlot(x, offset);
          address++;
          break;
        case op.OP_LEAVE_IF_EMPTY:
          address = this.#slots[ys[address]!] === offset ? x : address + 1;
          break;
        case op.OP_REFERENCE: {
          const length = this.#referenceLength(x, offset);
          isFailed = length < 0;
          this.steps += Math.max(0, length);
          offset += length;
          address++;
          break;
        }
        case op.OP_BACK:
          isFailed = offset < x;
          offset -= x;
          address++;
          break;
        case op.OP_HOLD:
          this.#holds.push(this.#height);
          this.#push(HOLD, address, offset);
          address++;
          break;
        case op.OP_COMMIT: {
          const hold = this.#holds.pop()!;
          const begin = this.#stack[hold + 1]!;
          const kind = ys[begin];
          if (kind === op.HOLD_NEGATIVE) {
            this.#undo(hold);
            isFailed = true;
            break;
          }
          if (kind === op.HOLD_LOOK) offset = this.#stack[hold + 2]!;
          this.#forgetChoices(hold);
          address = xs[begin]!;
          break;
        }
        // OP_ACCEPT
        default:
          if (offset === subject.length - 1) return "match";
          isFailed = true;
      }
      if (!isFailed) continue;
      const resumed = this.#backtrack();
      if (resumed === undefined) return "no match";
      [address, offset] = resumed;
    }
  }

  /** Goes back to the last place where there is another way: its address and offset. */
  #backtrack(): [number, number] | undefined {
    while (this.#height > 0) {
      this.#height -= FRAME;
      const a = this.#stack[this.#height + 1]!;
      const b = this.#stack[this.#height + 2]!;
      switch (this.#stack[this.#height]) {
        case CHOICE:
          return [a, b];
        case SLOT:
          this.#slots[a] = b;
          break;
        default:
          this.#holds.pop();
          if (this.#program.ys[a] === op.HOLD_NEGATIVE) return [this.#program.xs[a]!, b];
      }
    }
    return undefined;
  }

  #push(kind: number, a: number, b: number): void {
    if (this.#height + FRAME > this.#stack.length) {
      const larger = new Int32Array(this.#stack.length * 2);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    this.#stack[this.#height] = kind;
    this.#stack[this.#height + 1] = a;
    this.#stack[this.#height + 2] = b;
    this.#height += FRAME;
  }

  #setSlot(slot: number, value: number): void {
    this.#push(SLOT, slot, this.#slots[slot]!);
    this.#slots[slot] = value;
  }

  /** Takes back everything down to a height. */
  #undo(height: number): void {
    while (this.#height > height) {
      this.#height -= FRAME;
      this.steps++;
      if (this.#stack[this.#height] === SLOT)
        this.#slots[this.#stack[this.#height + 1]!] = this.#stack[this.#height + 2]!;
    }
  }

  /** Drops the other ways of a part that has matched. What it captured can still be taken back. */
  #forgetChoices(height: number): void {
    let kept = height;
    for (let frame = height; frame < this.#height; frame += FRAME) {
      this.steps++;
      if (this.#stack[frame] !== SLOT) continue;
      this.#stack.copyWithin(kept, frame, frame + FRAME);
      kept += FRAME;
    }
    this.#height = kept;
  }

  #isWord(offset: number): boolean {
    return offset >= 0 && offset < this.#subject.length && hasByte(WORD, this.#subject[offset]!);
  }

  /** Bytes of what a group matched, if it comes next; -1 when not, or when the group has matched nothing so far. */
  #referenceLength(group: number, offset: number): number {
    const start = this.#slots[2 * group]!;
    const length = this.#slots[2 * group + 1]! - start;
    if (start < 0 || offset + length > this.#subject.length) return -1;
    for (let i = 0; i < length; i++) if (this.#subject[start + i] !== this.#subject[offset + i]) return -1;
    return length;
  }
}
