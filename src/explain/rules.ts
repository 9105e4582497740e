/**
 * The table of rules: every hazard that the lint knows, by name, with the reason.
 *
 * It is split by what the rules look at; their order here is that of reports of one level. Most of them come from one
 * question: would all tools make the same image of this tree?
 */

import type { Rule } from "./lint-rule.ts";
import { FILE_RULES } from "./rules-files.ts";
import { METADATA_RULES } from "./rules-metadata.ts";
import { NAME_RULES } from "./rules-names.ts";
import { PLACE_RULES } from "./rules-places.ts";
import { XATTR_RULES } from "./rules-xattrs.ts";

/** All rules. */
export const RULES: readonly Rule[] = [...FILE_RULES, ...NAME_RULES, ...METADATA_RULES, ...XATTR_RULES, ...PLACE_RULES];

/** The rule with an id; undefined when there is none. */
export function findRule(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
