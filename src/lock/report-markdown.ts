/**
 * A check in Markdown, for the summary of a job: a table of all inputs, then what is known of those that are not as locked.
 */

import { type CheckedInput, type CheckReport, countStates, isSame } from "./check.ts";
import { explanationText, nameOf, summaryOf } from "./report-words.ts";

/** Bytes of a step's summary that GitHub takes; of more it shows nothing at all. */
export const MARKDOWN_BYTES_MAX = 1 << 20;

/** Digits of a digest in the table. */
const TABLE_DIGITS = 16;
const MARKS = { same: "✅ as locked", different: "❌ different", unreadable: "⚠️ unreadable" } as const;
const CUT = "\n*The rest was cut: a summary has room for 1 MiB.*\n";

const encoder = new TextEncoder();

/** At most MARKDOWN_BYTES_MAX bytes; what has no room is left out in whole lines. */
export function formatMarkdown(report: CheckReport): string {
  const { different, unreadable } = countStates(report);
  const heading =
    different + unreadable === 0 ? "Composefs images are as locked" : "Composefs images are not as locked";
  const parts = [
    `## ${heading}\n\n`,
    `${escapeText(summaryOf(report))} (${codeSpan(report.lockfile)})\n\n`,
    "| input | state | digest | locked | actual |\n| --- | --- | --- | --- | --- |\n",
    ...report.inputs.flatMap(rowsOf),
    ...report.inputs.filter(({ state }) => state !== "same").flatMap(sectionOf),
  ];
  return capped(parts);
}

/** Takes parts as long as there is room. A block of code that is cut is closed by the fence that opened it. */
function capped(parts: readonly string[]): string {
  const lines = parts.join("").match(/[^\n]*\n/g) ?? [];
  let room = MARKDOWN_BYTES_MAX;
  let fence = "";
  const taken: string[] = [];
  for (const line of lines) {
    room -= encoder.encode(line).length;
    const opened = fence === "" ? (/^(`{3,})text\n$/.exec(line)?.[1] ?? "") : fence;
    if (room < encoder.encode(`${opened}\n${CUT}`).length) {
      return [...taken, fence === "" ? "" : `${fence}\n`, CUT].join("");
    }
    fence = line === `${fence}\n` ? "" : opened;
    taken.push(line);
  }
  return taken.join("");
}

function rowsOf(checked: CheckedInput): string[] {
  const { state, digests, error } = checked;
  const name = cell(nameOf(checked));
  if (error !== null) return [`| ${name} | ${MARKS[state]} | ${cell(error.code)} | | |\n`];
  return digests.map((one) => {
    const mark = isSame(one) ? MARKS.same : MARKS.different;
    const [locked, actual] = [shortened(one.locked), one.actual === null ? "none" : shortened(one.actual)];
    return `| ${name} | ${mark} | ${cell(one.label)} | ${cell(locked)} | ${cell(actual)} |\n`;
  });
}

function sectionOf(checked: CheckedInput): string[] {
  const { changes, explanation, error } = checked;
  const texts = [
    ...changes.map(({ field, locked, actual }) => `${field} was ${locked}, is ${actual}`),
    ...(error === null ? [] : [`${error.code}: ${error.message}`]),
    ...(explanation === null ? [] : [explanationText(explanation).trimEnd()]),
  ];
  if (texts.length === 0) return [];
  const text = texts.join("\n");
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return [`\n### ${codeSpan(nameOf(checked))}\n\n`, `${fence}text\n`, `${text}\n`, `${fence}\n`];
}

/** Text of ours, which holds no names. */
function escapeText(text: string): string {
  return text.replace(/[\\`*_<>[\]|#]/g, "\\$&");
}

/** A text as code in the cell of a table, which a bar would end. */
function cell(text: string): string {
  return codeSpan(text).replaceAll("|", "\\|");
}

/** A text as code: nothing in it is markup. */
function codeSpan(text: string): string {
  const fence = "`".repeat(longestRun(text) + 1);
  const padded = text.startsWith("`") || text.endsWith("`") ? ` ${text} ` : text;
  return `${fence}${padded}${fence}`;
}

/** Length of the longest run of backticks. */
function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

function shortened(digest: string): string {
  return `${digest.slice(0, TABLE_DIGITS)}…`;
}
