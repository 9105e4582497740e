/**
 * Labels the entries of a tree: boot-transform.md 3.3 to 3.5.
 *
 * Each directory on the way down keeps the state of the automaton behind its path and a slash, so an entry costs the bytes
 * of its name, not those of its path.
 */

import { NO_ALIAS } from "./aliases.ts";
import { Backtracker } from "./backtrack.ts";
import { lineError } from "./fault.ts";
import { type DfaState, LazyDfa } from "./lazy-dfa.ts";
import type { SelinuxLimits } from "./limits.ts";
import type { CompiledPolicy, Rule } from "./policy.ts";
import { SUBJECT_TYPES, type SubjectType } from "./rules.ts";
import { StepBudget } from "./step-budget.ts";

export type { SubjectType } from "./rules.ts";

const SLASH = 0x2f;
const ROOT_PATH = Uint8Array.of(SLASH);

/** An entry as the rules see it: by its path, or by the one that takes its place. */
interface Entry {
  /** null when `name` is a whole path: of the root, and of what was substituted. */
  readonly parent: Directory | null;
  readonly name: Uint8Array;
  /** After the path. */
  state: DfaState;
  /** After the path, in the map of substitutions. */
  aliasPlace: number;
}

interface Directory extends Entry {
  readonly index: number;
  /** Whether the path already ends with a slash: that of the root, and an original that is written so. */
  readonly endsWithSlash: boolean;
}

export class LabelWalk {
  readonly #policy: CompiledPolicy;
  readonly #limits: Readonly<SelinuxLimits>;
  readonly #budget: StepBudget;
  readonly #dfa: LazyDfa;
  readonly #backtracker: Backtracker;
  /** The directories from the root to the one whose entries come now. */
  readonly #open: Directory[] = [];

  /** Made by {@link Policy.walk}. */
  constructor(policy: CompiledPolicy, limits: Readonly<SelinuxLimits>) {
    this.#policy = policy;
    this.#limits = limits;
    this.#budget = new StepBudget(limits.walkSteps);
    this.#dfa = new LazyDfa(policy.automaton, this.#budget, limits.cacheBytes);
    this.#backtracker = new Backtracker(policy.automaton.program);
  }

  /** What the walk has cost so far: steps of `walkSteps`, and how often the cache was emptied. */
  get cost(): { steps: number; flushCount: number } {
    return { steps: this.#budget.spent, flushCount: this.#dfa.flushCount };
  }

  /**
   * The label of the next entry of a tree, in depth-first order: the entries below a directory come after it and before
   * the next entry beside it.
   *
   * @param index position of the entry, from 0, the root
   * @param parent position of its directory; of the root 0
   * @param name bytes of the name without slashes; of the root empty
   * @param type of the inode, also for further names of a hard link
   * @returns number of the label in {@link Policy.labels}, from 1; 0 for none
   * @throws ComposefsError SELINUX_LIMIT when the rules make too much work
   * @throws {RangeError} when the parent is not a directory that is still open
   */
  label(index: number, parent: number, name: Uint8Array, type: SubjectType): number {
    const typeNumber = SUBJECT_TYPES.indexOf(type);
    if (typeNumber < 0 || type.length !== 1)
      throw new RangeError(`type: expected one of ${SUBJECT_TYPES}, got ${type}`);
    const entry = index === 0 ? this.#enterPath(ROOT_PATH) : this.#enterName(this.#openDirectory(parent), name);
    if (type === "d") {
      const last = entry.parent === null ? entry.name.at(-1) : undefined;
      this.#open.push({ ...entry, index, endsWithSlash: last === SLASH });
    }
    return this.#find(entry, type, typeNumber);
  }

  /** The directory at a position. Those below it are done. */
  #openDirectory(index: number): Directory {
    for (let last = this.#open.at(-1); last !== undefined && last.index > index; last = this.#open.at(-1)) {
      this.#open.pop();
    }
    const directory = this.#open.at(-1);
    if (directory?.index !== index) throw new RangeError(`parent: ${index} is not a directory that is open`);
    return directory;
  }

  #enterName(parent: Directory, name: Uint8Array): Entry {
    parent.state = this.#dfa.current(parent.state);
    const entry: Entry = { parent, name: name.slice(), state: parent.state, aliasPlace: parent.aliasPlace };
    if (!parent.endsWithSlash) this.#step(entry, SLASH);
    for (const byte of name) {
      if (entry.state.isDead && entry.aliasPlace === NO_ALIAS) break;
      this.#step(entry, byte);
    }
    const original = this.#policy.aliases.originalAt(entry.aliasPlace);
    // Once only: what takes the place of an alias is not looked up again.
    return original === undefined ? entry : this.#enterPath(original);
  }

  /** An entry of which the whole path is known. */
  #enterPath(path: Uint8Array): Entry {
    const entry: Entry = { parent: null, name: path, state: this.#dfa.start, aliasPlace: 0 };
    for (const byte of path) this.#step(entry, byte);
    return entry;
  }

  #step(entry: Entry, byte: number): void {
    entry.state = this.#dfa.step(entry.state, byte);
    entry.aliasPlace = this.#policy.aliases.step(entry.aliasPlace, byte);
  }

  /** The label of the last rule that matches. */
  #find(entry: Entry, type: SubjectType, typeNumber: number): number {
    const { rules } = this.#policy;
    const candidates = this.#dfa.candidates(entry.state, typeNumber, (accepted) => candidatesOf(accepted, rules, type));
    let subject: Uint8Array | undefined;
    for (const number of candidates) {
      const rule = rules[number]!;
      if (rule.backtrack !== null) {
        subject ??= this.#subjectOf(entry, type);
        if (!this.#matches(rule, rule.backtrack, subject)) continue;
      }
      return rule.label;
    }
    return 0;
  }

  #matches(rule: Rule, code: NonNullable<Rule["backtrack"]>, subject: Uint8Array): boolean {
    const limit = this.#limits.matchSteps;
    // Room for the slots is made anew each time.
    const result = this.#backtracker.match(code.start, code.slotCount, subject, limit);
    this.#budget.spend(this.#backtracker.steps + code.slotCount, rule.place);
    if (result === "limit") {
      const what = `the pattern takes more than ${limit} steps for a path of ${subject.length - 1} bytes`;
      throw lineError("SELINUX_LIMIT", rule.place, what, { limit });
    }
    return result === "match";
  }

  /** The path of an entry and the byte of its type. */
  #subjectOf(entry: Entry, type: SubjectType): Uint8Array {
    const names: Uint8Array[] = [];
    let byteCount = 1;
    for (let at: Entry | null = entry; at !== null; at = at.parent) {
      names.push(at.name);
      byteCount += at.name.length + 1;
      if (at.parent !== null && !at.parent.endsWithSlash) names.push(ROOT_PATH);
    }
    this.#budget.spend(byteCount);
    const subject = new Uint8Array(byteCount);
    let length = 0;
    for (const part of names.reverse()) {
      subject.set(part, length);
      length += part.length;
    }
    subject[length++] = type.charCodeAt(0);
    return subject.subarray(0, length);
  }
}

/** The rules of a type from the last one on, up to the first of which the automaton knows that it matches. */
function candidatesOf(accepted: Int32Array, rules: readonly Rule[], type: SubjectType): Int32Array {
  const found: number[] = [];
  for (const number of accepted) {
    const rule = rules[number]!;
    if (rule.type !== null && rule.type !== type) continue;
    found.push(number);
    if (rule.backtrack === null) break;
  }
  return Int32Array.from(found);
}
