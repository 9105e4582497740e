/**
 * What the lint says, as text for people and as JSON for programs.
 */

import { displayBytes, escapeBytes } from "./display.ts";
import type { LintPlace, LintReport } from "./lint.ts";
import { LEVELS, type Rule } from "./lint-rule.ts";
import { countOf, formatCount, wrap } from "./words.ts";

const INDENT = "    ";

/**
 * A report for people: rules with the reason and the first paths, and one line that sums up.
 *
 * @param report what `lintTree` returned
 * @returns lines, each with LF
 */
export function formatLint(report: LintReport): string {
  const lines: string[] = [];
  for (const { rule, level, title, reason, count, places } of report.findings) {
    lines.push(`${level}: ${rule}: ${title} (${formatCount(count)})`, ...wrap(reason, INDENT, INDENT));
    lines.push(...places.map((place) => `${INDENT}${placeText(place)}`));
    if (count > places.length && places.length > 0)
      lines.push(`${INDENT}and ${formatCount(count - places.length)} more`);
  }
  const counts = LEVELS.map((level) => countOf(report.counts[level], level));
  lines.push(`${counts.join(", ")} in ${countOf(report.entries, "entry", "entries")}`);
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
  return `${[`${level}: ${id}: ${title}`, ...wrap(reason, INDENT, INDENT), ...wrap(advice, INDENT, INDENT)].join("\n")}\n`;
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
