/**
 * A policy: the rules and substitutions of `etc/selinux/NAME/contexts/files`, compiled. boot-transform.md chapter 3.
 */

import { ComposefsError } from "../error.ts";
import { Aliases } from "./aliases.ts";
import type { Automaton } from "./automaton.ts";
import { ByteTrie } from "./byte-trie.ts";
import { ProgramBuilder } from "./compile.ts";
import { lineError, type Place } from "./fault.ts";
import { SELINUX_LIMITS, type SelinuxLimits } from "./limits.ts";
import { parsePattern } from "./pattern.ts";
import type { Part, Pattern } from "./pattern-tree.ts";
import { type RuleLine, readRules, readSubstitutions, type SubjectType } from "./rules.ts";
import { LabelWalk } from "./walk.ts";

/** Files that are read, in reading order (3.2, 3.4), below etc/selinux/NAME/contexts/files. */
export const CONTEXT_FILES = [
  "file_contexts",
  "file_contexts.local",
  "file_contexts.homedirs",
  "file_contexts.subs",
  "file_contexts.subs_dist",
] as const;
export type ContextFile = (typeof CONTEXT_FILES)[number];
const RULE_FILES = CONTEXT_FILES.slice(0, 3);
const SUBSTITUTION_FILES = CONTEXT_FILES.slice(3);

/** The label that stands for none: 3.2. */
const NONE = "<<none>>";

/** A rule, in reading order: the last one that matches wins. */
export interface Rule {
  readonly place: Place;
  /** null: any type. */
  readonly type: SubjectType | null;
  /** Number of the label; 0: none. */
  readonly label: number;
  /** null when the automaton is enough; else where backtracking begins. */
  readonly backtrack: { readonly start: number; readonly slotCount: number } | null;
}

/** What walks share. */
export interface CompiledPolicy {
  readonly rules: readonly Rule[];
  readonly automaton: Automaton;
  readonly aliases: Aliases;
}

export class Policy {
  /** Distinct labels; number n of a walk is labels[n - 1]. Bytes, as they go into the xattr. */
  readonly labels: readonly Uint8Array[];
  /** Number of rules, those that say `<<none>>` included. */
  readonly ruleCount: number;
  readonly #compiled: CompiledPolicy;

  private constructor(labels: readonly Uint8Array[], compiled: CompiledPolicy) {
    this.labels = labels;
    this.ruleCount = compiled.rules.length;
    this.#compiled = compiled;
  }

  /**
   * Reads and compiles the files of a policy. Nothing of them is kept.
   *
   * @param files content of those that exist
   * @throws ComposefsError SELINUX_MISSING without file_contexts; SELINUX_UTF8, SELINUX_LINE, SELINUX_PATTERN and
   * SELINUX_LIMIT with the name of the file (`data.path`), the line, and the byte offset in the pattern where there is one
   */
  static compile(files: ReadonlyMap<ContextFile, Uint8Array>): Policy {
    if (!files.has("file_contexts")) {
      throw new ComposefsError("SELINUX_MISSING", "file_contexts: the policy has no such file", {
        path: "file_contexts",
      });
    }
    const compiler = new PolicyCompiler();
    for (const file of RULE_FILES) {
      for (const line of readRules(file, files.get(file) ?? new Uint8Array())) compiler.addRule(line);
    }
    const aliases = new Aliases();
    for (const file of SUBSTITUTION_FILES) {
      for (const line of readSubstitutions(file, files.get(file) ?? new Uint8Array())) aliases.add(file, line);
    }
    return new Policy(compiler.labels, { rules: compiler.rules, automaton: compiler.finish(), aliases });
  }

  /**
   * Begins to label a tree. Each walk has its own cache and its own budget of work.
   *
   * @param limits of which `cacheBytes`, `matchSteps` and `walkSteps` count here
   */
  walk(limits: Readonly<SelinuxLimits> = SELINUX_LIMITS): LabelWalk {
    return new LabelWalk(this.#compiled, limits);
  }
}

class PolicyCompiler {
  readonly labels: Uint8Array[] = [];
  readonly rules: Rule[] = [];
  readonly #labelNumbers = new Map<string, number>([[NONE, 0]]);
  /** For keys: the files are UTF-8, so different labels are different texts. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #program = new ProgramBuilder();
  readonly #trie = new ByteTrie();
  readonly #entries = new Map<number, number[]>();

  addRule({ place, pattern: text, type, label }: RuleLine): void {
    const pattern = parsePattern(text, place);
    const rule = this.rules.length;
    const { prefix, rest } = splitPrefix(pattern);
    const node = this.#trie.insert(prefix);
    const entries = this.#entries.get(node) ?? [];
    if (entries.length === 0) this.#entries.set(node, entries);
    let backtrack: Rule["backtrack"] = null;
    if (pattern.isRegular) {
      entries.push(this.#program.addRule(rest, pattern, rule, place).start);
    } else {
      backtrack = this.#program.addRule([pattern.root], pattern, rule, place);
      entries.push(this.#program.addAnything(rule));
    }
    this.rules.push({ place, type, label: this.#labelNumber(label), backtrack });
    const actual = this.#program.length + this.#trie.nodeCount;
    const limit = SELINUX_LIMITS.instructions;
    if (actual > limit) {
      const what = `the patterns so far take ${actual} instructions, at most ${limit} are allowed`;
      throw lineError("SELINUX_LIMIT", place, what, { actual, limit });
    }
  }

  finish(): Automaton {
    return { program: this.#program.finish(), trie: this.#trie, entries: this.#entries };
  }

  #labelNumber(label: Uint8Array): number {
    const key = this.#decoder.decode(label);
    let number = this.#labelNumbers.get(key);
    if (number === undefined) {
      number = this.labels.push(label.slice());
      this.#labelNumbers.set(key, number);
    }
    return number;
  }
}

/** The literal beginning of a pattern, which goes into the trie, and what comes after it. */
function splitPrefix({ root }: Pattern): { prefix: number[]; rest: readonly Part[] } {
  const parts = root.kind === "sequence" ? root.parts : [root];
  const prefix: number[] = [];
  // Nothing but "^" comes before the first byte, and there it says nothing.
  let at = 0;
  for (let part = parts[at]; part?.kind === "assert" && part.what === "start"; part = parts[++at]);
  for (let part = parts[at]; part?.kind === "byte"; part = parts[++at]) prefix.push(part.byte);
  return { prefix, rest: parts.slice(at) };
}
