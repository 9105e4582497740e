/**
 * The results of a run: a table for people, and an object for programs.
 *
 *   FAIL  v1/mixed: another image, SHA-256 77b0…; wanted 06a1…
 *     rule: everything at once
 *     A: wanted, B: the answer
 *     …
 *     stderr: the last lines of it
 *
 *   unsupported  exit code 77: v1/sha512-basic, v1/sha512-shared
 *   optional     not refused: C mkcomposefs 1.0.8 takes it: v1/reject-ours-crlf, …
 *
 *   level   cases  pass  fail  optional  unsupported
 *   v1        214   181     1        30            2
 *
 * `--json` gives
 *
 *   {"command": "mkcomposefs …", "cases": 214, "pass": 181, "fail": 1, "optional": 30, "unsupported": 2,
 *    "levels": [{"level": "v1", "cases": 214, "pass": …}],
 *    "results": [{"id": "v1/mixed", "level": "v1", "rule": "…", "state": "fail", "reason": "…", "explanation": "…",
 *                 "stderr": ""}, …]}
 *
 * where `reason` and `explanation` are null where there is none, and `stderr` is the end of what a failed command printed.
 */

import { displayBytes } from "../explain/display.ts";
import { formatCount } from "../explain/words.ts";
import { LEVELS, type Level } from "./cases.ts";
import { STATES, type State } from "./verdict.ts";

export interface CaseResult {
  id: string;
  level: Level;
  rule: string | null;
  state: State;
  /** One sentence; null for a pass. */
  reason: string | null;
  /** Lines, each ending with LF; null where there is nothing to explain, or nothing that could. */
  explanation: string | null;
  /** Of a failure: the end of standard error. */
  stderr: string;
}

type Counts = Record<"cases" | State, number>;

/** Columns before the text of an explanation. */
const INDENT = "  ";
/** Lines of an explanation, and of standard error, that are shown. */
const LINES_MAX = 20;
/** Names of cases that are shown of those that are not failures. */
const NAMES_MAX = 6;

export function countStates(results: readonly CaseResult[]): Counts {
  const counts: Counts = { cases: results.length, pass: 0, fail: 0, optional: 0, unsupported: 0 };
  for (const { state } of results) counts[state]++;
  return counts;
}

/** The results for people. @param explained failures that are told with all that is known of them */
export function formatText(results: readonly CaseResult[], explained: number): string {
  const failures = results.filter(({ state }) => state === "fail");
  const told = failures.map((one, i) => formatFailure(one, i < explained)).join("");
  const others = formatOthers(results);
  return [told, others, formatTable(results)].filter((part) => part !== "").join("\n");
}

function formatFailure({ id, rule, reason, explanation, stderr }: CaseResult, isWhole: boolean): string {
  const lines = [`FAIL  ${id}: ${display(reason ?? "")}`];
  if (isWhole) {
    if (rule !== null) lines.push(`${INDENT}rule: ${display(rule)}`);
    lines.push(...shortened(explanation ?? "", "first"));
    lines.push(...shortened(stderr, "last").map((line) => `${INDENT}stderr: ${display(line.trim())}`));
  }
  return `${lines.join("\n")}\n`;
}

/** Lines of a text, indented; the first or the last of many. */
function shortened(text: string, which: "first" | "last"): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const kept = which === "first" ? lines.slice(0, LINES_MAX) : lines.slice(-LINES_MAX);
  const more = lines.length - kept.length;
  const rest = more > 0 && which === "first" ? [`${INDENT}… and ${formatCount(more)} more lines`] : [];
  return [...kept.map((line) => `${INDENT}${line}`), ...rest];
}

/** What is neither a pass nor a failure, by reason. */
function formatOthers(results: readonly CaseResult[]): string {
  const groups = new Map<string, string[]>();
  for (const { id, state, reason } of results) {
    if (state === "pass" || state === "fail") continue;
    const head = `${state.padEnd("unsupported".length)}  ${display(reason ?? "")}`;
    const ids = groups.get(head) ?? [];
    ids.push(id);
    groups.set(head, ids);
  }
  return [...groups].map(([head, ids]) => `${head}: ${listed(ids)}\n`).join("");
}

function listed(ids: readonly string[]): string {
  const more = ids.length - NAMES_MAX;
  return [...ids.slice(0, NAMES_MAX), ...(more > 0 ? [`and ${formatCount(more)} more`] : [])].join(", ");
}

function formatTable(results: readonly CaseResult[]): string {
  const head = ["level", "cases", ...STATES];
  const rows = levelCounts(results).map(({ level, ...counts }) => [
    level,
    ...(["cases", ...STATES] as const).map((name) => formatCount(counts[name])),
  ]);
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}\n`;
  return [head, ...rows].map(line).join("");
}

function levelCounts(results: readonly CaseResult[]): Array<{ level: Level } & Counts> {
  return LEVELS.map((level) => ({ level, ...countStates(results.filter((one) => one.level === level)) })).filter(
    ({ cases }) => cases > 0,
  );
}

/** The results for programs. */
export function formatJson(command: string, results: readonly CaseResult[]): string {
  const whole = { command, ...countStates(results), levels: levelCounts(results), results };
  return `${JSON.stringify(whole)}\n`;
}

const encoder = new TextEncoder();

/** What came from elsewhere: nothing in it can steer a terminal. */
function display(text: string): string {
  return displayBytes(encoder.encode(text));
}
