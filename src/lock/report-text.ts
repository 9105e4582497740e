/**
 * A check for people.
 *
 *   ok         root.dump: v1-sha256-12
 *   DIFFERENT  oci:layout:web: v1-sha512-12
 *     locked  d06f…
 *     actual  77b0…
 *     manifest was sha256:52a1…, is sha256:9ef0…
 *
 *     A: old/layout, the old image
 *     …
 *
 *   2 inputs: 1 as locked, 1 different
 */

import { type CheckedInput, type CheckReport, isSame } from "./check.ts";
import { explanationText, nameOf, summaryOf } from "./report-words.ts";

const WORDS = { same: "ok", different: "DIFFERENT", unreadable: "ERROR" } as const;
const WORD_COLUMNS = 11;

/** Lines with their ends. */
export function formatText(report: CheckReport): string {
  return `${report.inputs.map(formatInput).join("")}\n${summaryOf(report)}\n`;
}

function formatInput(checked: CheckedInput): string {
  const { state, digests, changes, explanation, error } = checked;
  const labels = digests.filter((one) => state === "same" || !isSame(one)).map(({ label }) => label);
  const what = error === null ? labels.join(", ") : `${error.code}: ${error.message}`;
  const lines = [`${WORDS[state].padEnd(WORD_COLUMNS)}${nameOf(checked)}: ${what}`];
  for (const one of digests.filter((digest) => state === "different" && !isSame(digest))) {
    lines.push(...(labels.length > 1 ? [`  ${one.label}`] : []));
    lines.push(`  locked  ${one.locked}`, `  actual  ${one.actual ?? "none"}`);
  }
  for (const { field, locked, actual } of changes) lines.push(`  ${field} was ${locked}, is ${actual}`);
  if (explanation !== null) {
    const text = explanationText(explanation).trimEnd().split("\n");
    lines.push("", ...text.map((line) => (line === "" ? "" : `  ${line}`)), "");
  }
  return lines.map((line) => `${line}\n`).join("");
}
