/**
 * What reports say in words: the same sentences in all of them.
 */

import type { ClassDiff, TreeDiff } from "../explain/diff-data.ts";
import { formatDiff } from "../explain/diff-format.ts";
import { showValues } from "../explain/diff-values.ts";
import { displayBytes } from "../explain/display.ts";
import { formatImages } from "../explain/image-text.ts";
import { countOf } from "../explain/words.ts";
import { quote } from "../source/quote.ts";
import { type CheckedInput, type CheckReport, countStates, type Explanation, isSame } from "./check.ts";

/** Such as `oci:layout:web for linux/arm64`. */
export function nameOf({ input, platform }: Pick<CheckedInput, "input" | "platform">): string {
  return `${quote(input).slice(1, -1)}${platform === null ? "" : ` for ${platform}`}`;
}

/** One sentence about an input. */
export function verdictOf(checked: CheckedInput): string {
  const { state, digests, error } = checked;
  if (state === "unreadable") return `${nameOf(checked)} cannot be checked: ${error?.code}: ${error?.message}`;
  const wrong = digests.filter((one) => !isSame(one));
  if (state === "same") return `${nameOf(checked)} has ${countOf(digests.length, "digest")} as locked`;
  return `${nameOf(checked)} is not what is locked: ${wrong.map(({ label }) => label).join(", ")}`;
}

/** One sentence about all inputs. */
export function summaryOf(report: CheckReport): string {
  const { same, different, unreadable } = countStates(report);
  const parts = [`${same} as locked`];
  if (different > 0) parts.push(`${different} different`);
  if (unreadable > 0) parts.push(`${unreadable} unreadable`);
  const updated = report.isUpdated ? "; the lock file was rewritten" : "";
  return `${countOf(report.inputs.length, "input")}: ${parts.join(", ")}${updated}`;
}

/** The causes in short, one on a line: what an annotation has room for. */
export function causesOf(explanation: Explanation): string[] {
  if (explanation.kind === "identify") {
    const { found, oldError } = explanation;
    const failed = oldError === null ? [] : [`the old image cannot be compared with: ${oldError}`];
    if (found !== null) return [...failed, `the locked digest is that of another tree or profile: ${found}`];
    return [
      ...failed,
      "nothing of this input gives the locked digest; a comparison with the old image says what changed",
    ];
  }
  const { diff, isLocked } = explanation;
  const causes = diff.classes.map((found) => causeOf(found));
  if (diff.equal) causes.push("the trees are equal, the images are not");
  if (!diff.equal) causes.push(...equalAfter(diff));
  if (!isLocked) causes.push("the old image does not have the locked digest either");
  return causes;
}

/** Such as `mtime-seconds: 1 of 12 entries: /etc (A 1970-01-01T00:00:00Z, B …)`. */
export function causeOf(found: ClassDiff): string {
  const examples = found.examples.map((example) => {
    const [a, b] = showValues(found.id, example);
    const values = found.id === "added" ? b : found.id === "removed" ? a : `A ${a}, B ${b}`;
    return `${displayBytes(example.path)} (${values})`;
  });
  const more = found.count > examples.length ? ["…"] : [];
  return `${found.id}: ${found.count} of ${countOf(found.of, "entry", "entries")}: ${[...examples, ...more].join(", ")}`;
}

function equalAfter({ equalising }: TreeDiff): string[] {
  const { normalisations, remaining } = equalising;
  if (remaining.length > 0 || normalisations.length === 0) return [];
  return [`equal after: ${normalisations.map(({ text }) => text).join(", ")}`];
}

/** All that is known of the cause; lines with their ends. */
export function explanationText(explanation: Explanation): string {
  if (explanation.kind === "identify") return `${causesOf(explanation).join("\n")}\n\n${explanation.text}`;
  const { old, isLocked, diff, images } = explanation;
  const head = `A: ${quote(old).slice(1, -1)}, the old image\nB: the input\n`;
  const warning = isLocked ? "" : "The old image does not have the locked digest either.\n";
  return `${head}${warning}\n${formatDiff(diff)}${images === null ? "" : formatImages(images)}`;
}
