/**
 * `composefs lint INPUT`: hazards of a tree that is to be sealed, by the rules of explain/rules.ts; of a
 * container image those of its merged tree, and by the rules of explain/lint-layers.ts those of its layers, and by those of
 * explain/lint-boot.ts what boots.
 *
 *   warning: run-content: content in /run (2)
 *       The transform of OCI images empties /run, so the digest of a sealed image does not cover it.
 *       /run/lock
 *       /run/mount
 *   0 errors, 2 warnings, 0 notes in 6,768 entries
 *
 * `--json` prints one object: what `lintToJson` says, and `made`, how the tree was made. Exit code 1 when there is an error. `--explain RULE` says more
 * about one rule, `--explain` lists them all; neither takes an INPUT.
 */

import { type LintOptions, lintTree, PLACES_DEFAULT } from "../explain/lint.ts";
import { BOOT_RULES, lintBoot } from "../explain/lint-boot.ts";
import { LAYER_RULES, lintLayers } from "../explain/lint-layers.ts";
import { LEVELS, type Level, type Rule } from "../explain/lint-rule.ts";
import { formatLint, formatRule, formatRules, lintToJson, ruleToJson } from "../explain/lint-text.ts";
import { RULES } from "../explain/rules.ts";
import { algorithmParameters } from "../image/profile.ts";
import { quote } from "../source/files.node.ts";
import { EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { type InputOptions, noteTree, openTree, recordsOf } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { treeFacts } from "./view.ts";

/** Those of trees, of layers, and of what boots. */
const ALL_RULES: readonly Rule[] = [...RULES, ...LAYER_RULES, ...BOOT_RULES];

export interface LintCommandOptions extends InputOptions {
  max?: string;
  level?: string;
  /** Each names one rule, or several with commas between them. */
  ignore?: string[];
  /** True without a rule. */
  explain?: string | true;
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, and all that reading gives */
export async function run(input: string | undefined, options: LintCommandOptions): Promise<number> {
  const lintOptions = readOptions(options);
  if (options.explain !== undefined) {
    if (input !== undefined) throw usageError(`--explain takes no input, got ${quote(input)}`);
    print(explain(options.explain, options.json ?? false));
    return EXIT_OK;
  }
  if (input === undefined) throw usageError("missing required argument 'input'");
  const progress = startProgress(options.progress);
  try {
    // Nothing is hashed of a dumpfile.
    const opened = await openTree(input, options, { progress, accelerator: "off" });
    noteTree(opened);
    const { container, algorithm } = opened;
    let report = lintTree(opened.tree, lintOptions);
    if (container !== undefined) {
      if (!container.trees.isDirectory) report = lintLayers(report, recordsOf(container), lintOptions);
      report = await lintBoot(report, container.trees, algorithmParameters(algorithm).hash, lintOptions);
    }
    await opened.close();
    const facts = () => ({ ...lintToJson(report), made: treeFacts(container) });
    print(options.json ? `${JSON.stringify(facts())}\n` : formatLint(report));
    return report.counts.error > 0 ? EXIT_NO : EXIT_OK;
  } finally {
    progress.clear();
  }
}

function readOptions(options: LintCommandOptions): LintOptions {
  const { max = String(PLACES_DEFAULT), level = "note", ignore = [] } = options;
  if (!/^\d{1,9}$/.test(max)) throw usageError(`--max: expected a whole number, got ${quote(max)}`);
  if (!LEVELS.includes(level as Level)) {
    throw usageError(`--level: expected error, warning or note, got ${quote(level)}`);
  }
  const ids = ignore.flatMap((names) => names.split(","));
  for (const id of ids) requireRule("--ignore", id);
  return { max: Number(max), level: level as Level, ignore: ids };
}

function explain(id: string | true, isJson: boolean): string {
  if (id === true) return isJson ? `${JSON.stringify({ rules: ALL_RULES.map(ruleToJson) })}\n` : formatRules(ALL_RULES);
  const rule = requireRule("--explain", id);
  return isJson ? `${JSON.stringify(ruleToJson(rule))}\n` : formatRule(rule);
}

function requireRule(option: string, id: string) {
  const rule = ALL_RULES.find((one) => one.id === id);
  if (rule === undefined) throw usageError(`${option}: there is no rule ${quote(id)}; lint --explain lists them`);
  return rule;
}
