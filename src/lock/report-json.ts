/**
 * A check for programs:
 *
 *   {"lockfile": "composefs.lock.json", "isUpdated": false,
 *    "counts": {"same": 1, "different": 1, "unreadable": 0},
 *    "inputs": [{"input": "oci:layout:web", "platform": null, "line": 4, "state": "different",
 *                "digests": [{"label": "v1-sha512-12", "locked": "d06f…", "actual": "77b0…"}],
 *                "changes": [{"field": "manifest", "locked": "sha256:52a1…", "actual": "sha256:9ef0…"}],
 *                "explanation": {"kind": "diff", "old": "old/layout", "isLocked": true, "diff": {…}, "images": null},
 *                "error": null}]}
 *
 * `diff` is what `composefs diff --json` prints of the trees, A the old one. An explanation of the kind `identify` has
 * `found`, the name of what gives the locked digest, and `text`.
 */

import { diffToJson } from "../explain/diff-json.ts";
import { imagesToJson } from "../explain/image-text.ts";
import { type CheckReport, countStates, type Explanation } from "./check.ts";

/** One object on one line. */
export function formatJson(report: CheckReport): string {
  const { lockfile, isUpdated, inputs } = report;
  const plain = inputs.map(({ explanation, ...rest }) => ({ ...rest, explanation: explanationToJson(explanation) }));
  return `${JSON.stringify({ lockfile, isUpdated, counts: countStates(report), inputs: plain })}\n`;
}

function explanationToJson(explanation: Explanation | null): unknown {
  if (explanation?.kind !== "diff") return explanation;
  const { kind, old, isLocked, diff, images } = explanation;
  return { kind, old, isLocked, diff: diffToJson(diff), images: images && imagesToJson(images) };
}
