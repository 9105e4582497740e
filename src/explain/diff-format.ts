/**
 * A comparison as text for people: what differs, class by class with examples and known causes, and what makes the
 * trees equal. At most 100 columns, but for paths and values that are longer by themselves.
 *
 *   mode: 2 of 6,768 entries
 *       /etc/shadow  A 0640  B 0600
 *       /usr/bin/su  A 4755  B 0755
 *     hint: B lacks setuid, setgid or sticky bits: …
 *
 *   equal after: ignore modes
 */

import { MARK_DIRECTORY, MARK_ROOT, MARK_SYMLINK, OTHER_XATTRS } from "./diff-classes.ts";
import { type ClassDiff, countMarked, type DiffExample, type TreeDiff } from "./diff-data.ts";
import { showValues } from "./diff-values.ts";
import { displayBytes } from "./display.ts";
import type { Hint } from "./hint-rule.ts";
import { COLUMNS, countOf, formatCount, wrap } from "./words.ts";

const EXAMPLE_INDENT = "    ";

/** Keys of xattrs, and normalisations, that are listed; more are counted. */
const LISTED = 20;

/**
 * Spells a comparison for people.
 *
 * @param diff what `diffTrees` gave
 * @returns lines, each ending with LF
 */
export function formatDiff(diff: TreeDiff): string {
  if (diff.equal) return `The trees are equal: ${countOf(diff.entries.common, "entry", "entries")}.\n`;
  const told = new Set<Hint>();
  const xattrs = diff.classes.filter(({ id }) => id.startsWith("xattr:"));
  const unlisted = new Set(xattrs.slice(LISTED));
  const blocks = diff.classes
    .filter((found) => !unlisted.has(found))
    .map((found) => formatClass(found, diff.hints, told));
  if (unlisted.size > 0) blocks.push(`xattr: ${formatCount(unlisted.size)} more keys`);
  return `${["The trees differ.", ...blocks, formatEqualising(diff)].join("\n\n")}\n`;
}

function formatClass(found: ClassDiff, hints: readonly Hint[], told: Set<Hint>): string {
  const name = found.id === OTHER_XATTRS ? "xattr, other keys" : found.id;
  const lines = [`${name}: ${formatCount(found.count)} of ${countOf(found.of, "entry", "entries")}${subset(found)}`];
  lines.push(...formatExamples(found));
  for (const hint of hints.filter(({ classes }) => classes.includes(found.id))) {
    // What explains several classes is told once.
    lines.push(...(told.has(hint) ? [`  hint: ${hint.id}, see above`] : wrap(`hint: ${hint.id}: ${hint.text}`, "  ")));
    told.add(hint);
  }
  return lines.join("\n");
}

/** What all differences of a class have in common. */
function subset(found: ClassDiff): string {
  const all = (mark: number) => countMarked(found, (marks) => (marks & mark) !== 0) === found.count;
  if (found.id.startsWith("xattr:") && found.a.absent === found.count) return ", in B only";
  if (found.id.startsWith("xattr:") && found.b.absent === found.count) return ", in A only";
  if (all(MARK_ROOT)) return ", the root";
  if (all(MARK_DIRECTORY)) return ", directories only";
  return all(MARK_SYMLINK) ? ", symlinks only" : "";
}

function formatExamples(found: ClassDiff): string[] {
  const paths = found.examples.map(({ path }) => displayBytes(path));
  const values = found.examples.map((example) => sides(found, example));
  const width = Math.max(0, ...paths.map((path) => path.length));
  const widthA = Math.max(0, ...values.map(([a]) => a!.length));
  let lines = paths.map((path, i) => {
    const [a, b = ""] = values[i]!;
    return `${EXAMPLE_INDENT}${path.padEnd(width)}  ${a!.padEnd(widthA)}  ${b}`.trimEnd();
  });
  if (lines.some((line) => line.length > COLUMNS)) {
    lines = paths.flatMap((path, i) => [
      `${EXAMPLE_INDENT}${path}`,
      ...values[i]!.map((value) => `${EXAMPLE_INDENT}  ${value}`),
    ]);
  }
  const shown = found.examples.reduce((sum, { a, b }) => sum + 1 + belowOf(a) + belowOf(b), 0);
  const more = found.count - shown;
  if (more > 0 && shown > 0) lines.push(`${EXAMPLE_INDENT}… and ${formatCount(more)} more`);
  return lines;
}

/** The values of both sides; of an entry that one side lacks only what it is. */
function sides(found: ClassDiff, example: DiffExample): string[] {
  const values = showValues(found.id, example);
  const layer = (side: "a" | "b") => (example.layers?.[side] === undefined ? "" : ` (layer ${example.layers[side]})`);
  const [a, b] = [`${values[0]}${layer("a")}`, `${values[1]}${layer("b")}`];
  if (found.id === "added") return [b];
  return found.id === "removed" ? [a] : [`A ${a}`, `B ${b}`];
}

function belowOf(value: DiffExample["a"]): number {
  return typeof value === "object" && "below" in value ? value.below : 0;
}

function formatEqualising({ equalising }: TreeDiff): string {
  const { normalisations, remaining } = equalising;
  const more = normalisations.length - LISTED;
  const listed = normalisations.slice(0, LISTED).map(({ text }) => text);
  const names = [...listed, ...(more > 0 ? [`and ${formatCount(more)} more`] : [])].join(", ");
  if (remaining.length === 0) return wrap(`equal after: ${names}`, "", "  ").join("\n");
  const counts = remaining.map(({ id, count }) => `${formatCount(count)} ${id}`).join(", ");
  const left = wrap(`no normalisation removes: ${counts}`, "", "  ").join("\n");
  if (normalisations.length === 0) return left;
  return `${left}\n${wrap(`all else is equal after: ${names}`, "", "  ").join("\n")}`;
}
