/** Reports of checks to be shown, without any file behind them. */
import { diffTrees } from "../../src/explain/diff.ts";
import type { CheckedInput, CheckReport } from "../../src/lock/check.ts";
import { treeOf } from "./trees.ts";

export const HEX = "0123456789abcdef".repeat(4);
export const OTHER_HEX = "fedcba9876543210".repeat(4);

/** A name that has what the forms escape. */
export const HOSTILE_NAME = "a`|<b>&\"'%,:\u0001\u2028.dump";

const SAME: CheckedInput = {
  ...{ input: "root.dump", platform: null, line: 5, state: "same", changes: [], explanation: null, error: null },
  digests: [{ label: "v1-sha256-12", locked: HEX, actual: HEX }],
};

/** An input whose tree has another one in its place, with the explanation of diff. */
export function different(a: string, b: string, input = "root.dump"): CheckedInput {
  return {
    ...SAME,
    ...{ input, state: "different" },
    digests: [
      { label: "v1-sha256-12", locked: HEX, actual: OTHER_HEX },
      { label: "bootable:v1-sha256-12", locked: HEX, actual: null },
    ],
    changes: [{ field: "manifest", locked: `sha256:${HEX}`, actual: `sha256:${OTHER_HEX}` }],
    explanation: {
      kind: "diff",
      old: "old/root.dump",
      isLocked: true,
      diff: diffTrees(treeOf(a), treeOf(b)),
      images: null,
    },
  };
}

/** An input of which nothing gives the locked digest. */
export function unexplained(input = "root.dump"): CheckedInput {
  const explanation = { kind: "identify", text: "profile  none\n", found: null, oldError: null } as const;
  const digests = [{ label: "v1-sha256-12", locked: HEX, actual: OTHER_HEX }];
  return { ...SAME, input, state: "different", digests, explanation };
}

export function unreadable(input = "root.dump"): CheckedInput {
  const digests = [{ label: "v1-sha256-12", locked: HEX, actual: null }];
  const error = { code: "IO_OPEN", message: `cannot open ${JSON.stringify(input)}` };
  return { ...SAME, input, state: "unreadable", digests, error };
}

export function reportOf(...inputs: CheckedInput[]): CheckReport {
  return { lockfile: "composefs.lock.json", inputs: inputs.length === 0 ? [SAME] : inputs, isUpdated: false };
}
