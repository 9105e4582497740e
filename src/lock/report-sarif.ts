/**
 * A check in SARIF 2.1.0 (OASIS), for code scanning: a result for each class of differences of an input, or one where
 * nothing is known of the cause. They stand at the line of the input in the lock file.
 */

import { CLASSES } from "../explain/diff-classes.ts";
import { toHex } from "../image/hex.ts";
import type { CheckedInput, CheckReport } from "./check.ts";
import { causeOf, causesOf, nameOf, verdictOf } from "./report-words.ts";

/** Results that GitHub shows of an upload; it takes 25,000 and drops all beyond this by severity. */
export const SARIF_RESULTS_MAX = 5000;

/** Characters of a message. GitHub takes 10 MiB, compressed, of a file. */
const MESSAGE_CHARACTERS_MAX = 4096;

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

const MISMATCH = "digest-mismatch";
const UNREADABLE = "input-unreadable";

interface Rule {
  id: string;
  text: string;
}

/** All rules, in the order of their indices. */
const RULES: readonly Rule[] = [
  { id: MISMATCH, text: "An input has another digest than the lock file" },
  { id: UNREADABLE, text: "An input of the lock file cannot be read" },
  ...Object.entries(CLASSES).map(([id, text]) => ({ id: `diff-${id}`, text: `The tree has changed: ${text}` })),
];

/** A log with one run. @param version of this package */
export function formatSarif(report: CheckReport, version: string): string {
  const wrong = report.inputs.filter(({ state }) => state !== "same");
  const results = wrong.flatMap((checked) => resultsOf(checked, report.lockfile));
  const driver = {
    name: "composefs",
    semanticVersion: version,
    rules: RULES.map(({ id, text }) => ({ id, shortDescription: { text }, defaultConfiguration: { level: "error" } })),
  };
  const run = { tool: { driver }, columnKind: "utf16CodeUnits", results: results.slice(0, SARIF_RESULTS_MAX) };
  return `${JSON.stringify({ $schema: SCHEMA, version: "2.1.0", runs: [run] }, null, 2)}\n`;
}

function resultsOf(checked: CheckedInput, lockfile: string): unknown[] {
  const { state, explanation } = checked;
  const result = (ruleId: string, text: string) => ({
    ruleId,
    ruleIndex: RULES.findIndex(({ id }) => id === ruleId),
    level: "error",
    message: { text: text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(lockfile), uriBaseId: "%SRCROOT%" },
          region: { startLine: checked.line },
        },
      },
    ],
    // What stays the same while the lock file moves: GitHub tells old alerts from new ones by it.
    partialFingerprints: { "composefsInput/v1": toHex(new TextEncoder().encode(`${ruleId} ${nameOf(checked)}`)) },
  });
  if (state === "unreadable") return [result(UNREADABLE, verdictOf(checked))];
  if (explanation?.kind === "diff" && explanation.diff.classes.length > 0) {
    return explanation.diff.classes.map((found) => {
      const base = found.id.startsWith("xattr:") ? "xattr" : found.id;
      return result(`diff-${base}`, `${nameOf(checked)}: ${causeOf(found)}`);
    });
  }
  const causes = explanation === null ? [] : causesOf(explanation);
  return [result(MISMATCH, [verdictOf(checked), ...causes].join("\n"))];
}
