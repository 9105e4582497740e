/**
 * Known causes of differences: the table. Each rule looks at the numbers of the classes and, where it fits, says in
 * plain words what happened and what to do.
 */

import type { Findings, Hint, HintRule } from "./hint-rule.ts";
import { METADATA_HINTS } from "./hints-metadata.ts";
import { MTIME_HINTS } from "./hints-mtimes.ts";
import { NAME_HINTS } from "./hints-names.ts";
import { XATTR_HINTS } from "./hints-xattrs.ts";

export const HINT_RULES: readonly HintRule[] = [...NAME_HINTS, ...MTIME_HINTS, ...METADATA_HINTS, ...XATTR_HINTS];

/** The known causes that fit. */
export function findHints(findings: Findings): Hint[] {
  return HINT_RULES.flatMap(({ id, find }) => {
    const found = find(findings);
    return found === undefined ? [] : [{ id, ...found }];
  });
}
