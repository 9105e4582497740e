/** Each known cause, as a pair of trees whose digests differ: what is found, why, and what would make them equal. */

import { describe, expect, test } from "vitest";
import { diffTrees } from "../../../src/explain/diff.ts";
import { HINT_RULES } from "../../../src/explain/hints.ts";
import { DIFF_PAIRS } from "../../support/diff-pairs.ts";
import { digestOf, treeOf } from "../../support/trees.ts";

describe("causes", () => {
  test.each(DIFF_PAIRS)("$cause", ({ a, b, classes, hints, equalAfter, remaining = {} }) => {
    expect(digestOf(a)).not.toBe(digestOf(b));
    const diff = diffTrees(treeOf(a), treeOf(b));
    expect({
      classes: Object.fromEntries(diff.classes.map(({ id, count }) => [id, count])),
      hints: diff.hints.map(({ id }) => id),
      equalAfter: diff.equalising.normalisations.map(({ id }) => id),
      remaining: Object.fromEntries(diff.equalising.remaining.map(({ id, count }) => [id, count])),
    }).toEqual({ classes, hints, equalAfter, remaining });
  });

  test("every known cause has a pair", () => {
    const expected = new Set(DIFF_PAIRS.flatMap(({ hints }) => hints));
    expect(HINT_RULES.map(({ id }) => id).filter((id) => !expected.has(id))).toEqual([]);
  });
});
