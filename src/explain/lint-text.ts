/**
 * What the lint says, as text for people and as JSON for programs.
 */

import { displayBytes, escapeBytes } from "./display.ts";
import type { LintPlace, LintReport } from "./lint.ts";
import { LEVELS, type Rule } from "./lint-rule.ts";

/** Width of what is not a path. Paths are never cut: people copy them. */
const COLUMNS = 100;

/**
 * A report for people: rules with the reason and the first paths, and one line that sums up.
 *
 * @param report what `lintTree` returned
 * @returns lines, each with LF
 */
export function formatLint(report: LintReport): string {
  const lines: string[] = [];
  for (const { rule, level, title, reason, count, places } of report.findings) {
    lines.push(`${level}: ${rule}: ${title} (${plain(count)})`, ...wrap(reason, 4));
    lines.push(...places.map((place) => `    ${placeText(place)}`));
    if (count > places.length && places.length > 0) lines.push(`    and ${plain(count - places.length)} more`);
  }
  const counts = LEVELS.map((level) => counted(report.counts[level], level));
  lines.push(`${counts.join(", ")} in ${counted(report.entries, "entry", "entries")}`);
  return `${lines.join("\n")}\n`;
}

/**
 * A report as a plain object for JSON; its paths have the escapes of a dumpfile.
 *
 * @param report what `lintTree` returned
 * @returns {"entries": 6768, "counts": {"error": 0, …}, "findings": [{"rule": "nlink", …, "places": [{"path": "/a",
 *   "line": 17, "detail": "…"}, …]}, …]}; `nid` in place of `line` when the tree was an image
 */
export function lintToJson({ entries, origin, counts, findings }: LintReport): Record<string, unknown> {
  const placeOf = (place: LintPlace) => ({
    path: escapeBytes(place.path),
    [origin]: place.origin,
    ...(place.detail !== undefined && { detail: place.detail }),
  });
  return { entries, counts, findings: findings.map((one) => ({ ...one, places: one.places.map(placeOf) })) };
}

/** A rule for people: what it is, why, and what to do. */
export function formatRule({ id, level, title, reason, advice }: Rule): string {
  return `${[`${level}: ${id}: ${title}`, ...wrap(reason, 4), ...wrap(advice, 4)].join("\n")}\n`;
}

/** Rules for people, one line each, the worst level first. */
export function formatRules(rules: readonly Rule[]): string {
  const width = Math.max(...rules.map(({ id }) => id.length));
  const sorted = LEVELS.flatMap((level) => rules.filter((rule) => rule.level === level));
  return sorted.map(({ id, level, title }) => `${level.padEnd(7)}  ${id.padEnd(width)}  ${title}\n`).join("");
}

/** A rule as a plain object for JSON. */
export function ruleToJson({ id, level, title, reason, advice }: Rule): Record<string, string> {
  return { rule: id, level, title, reason, advice };
}

function placeText({ path, detail }: LintPlace): string {
  return detail === undefined ? displayBytes(path) : `${displayBytes(path)} (${detail})`;
}

/** Such as `6,768`. */
function plain(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${plain(count)} ${count === 1 ? one : many}`;
}

/** Breaks a text into lines of at most COLUMNS with an indent. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(" ".repeat(indent) + word);
  }
  return lines;
}
