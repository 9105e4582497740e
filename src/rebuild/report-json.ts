/**
 * Builds for programs:
 *
 *   {"counts": {"control": 1, "same": 9, "differs": 1, "follows": 0, "as-repeat": 0, "failed": 0, "not-varied": 1},
 *    "notCopied": [], "unseen": [],
 *    "builds": [{"name": "umask", "change": "0022 to 0002", "limit": null, "reason": null, "state": "differs",
 *                "seconds": 0.4, "digests": [{"label": "v1-sha512-12", "control": "d06f…", "actual": "77b0…"}],
 *                "diff": {…}, "images": null, "failure": null}]}
 *
 * `notCopied` is what of the source is not in the copies, `unseen` what of a directory that was made was not seen: "xattrs".
 * `state` is described in compare.ts. `diff` is what `composefs diff --json` prints of the trees, A that of the control,
 * without what a repeat shows as well. `limit` is what a variation cannot show here, `reason` why it was not made.
 * `failure` is {"code": "…", "message": "…", "output": "…"}.
 */

import { diffToJson } from "../explain/diff-json.ts";
import { imagesToJson } from "../explain/image-text.ts";
import { countBuilds, type RebuildReport } from "./compare.ts";

/** One object on one line. */
export function formatJson(report: RebuildReport): string {
  const builds = report.builds.map(({ diff, images, ...rest }) => {
    return { ...rest, diff: diff && diffToJson(diff), images: images && imagesToJson(images) };
  });
  return `${JSON.stringify({ counts: countBuilds(report), notCopied: report.notCopied, unseen: report.unseen, builds })}\n`;
}
