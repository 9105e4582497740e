/**
 * Known causes of different digests, each as a pair of trees with what a comparison must say of it.
 */

import type { DiffPair } from "./diff-edits.ts";
import { METADATA_PAIRS, MIXED_PAIRS, MTIME_PAIRS, XATTR_PAIRS } from "./diff-pairs-metadata.ts";
import { CONTENT_PAIRS, NAME_PAIRS } from "./diff-pairs-names.ts";

export const DIFF_PAIRS: readonly DiffPair[] = [
  ...NAME_PAIRS,
  ...CONTENT_PAIRS,
  ...METADATA_PAIRS,
  ...MTIME_PAIRS,
  ...XATTR_PAIRS,
  ...MIXED_PAIRS,
];
