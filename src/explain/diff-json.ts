/**
 * A comparison as JSON, the one that `composefs diff --json` prints:
 *
 *   {"equal": false,
 *    "entries": {"a": 6768, "b": 6769, "common": 6768},
 *    "classes": [{"class": "mode", "count": 2, "of": 6768, "hints": ["modes-special"],
 *                 "examples": [{"path": "/usr/bin/su", "a": "4755", "b": "0755"}]}],
 *    "hints": [{"id": "modes-special", "classes": ["mode"], "text": "B lacks …"}],
 *    "equalAfter": [{"id": "modes", "text": "ignore modes"}],
 *    "remaining": [{"class": "added", "count": 1}]}
 *
 * `a` and `b` are null where a side has nothing. An example of trees made of layers also says which layers its entries
 * are from: "layers": {"a": 2, "b": 1}. Paths, targets, keys and values are escaped as in a dumpfile. Numbers
 * above 2^53 are strings. The trees are equal after `equalAfter`, but for `remaining`.
 */

import type { TreeDiff } from "./diff-data.ts";
import { jsonValue } from "./diff-values.ts";
import { escapeBytes } from "./display.ts";

/**
 * Makes a plain object for `JSON.stringify`.
 *
 * @param diff what `diffTrees` gave
 */
export function diffToJson({ equal, entries, classes, hints, equalising }: TreeDiff): Record<string, unknown> {
  return {
    equal,
    entries,
    classes: classes.map(({ id, count, of, examples }) => ({
      class: id,
      count,
      of,
      hints: hints.filter((hint) => hint.classes.includes(id)).map((hint) => hint.id),
      examples: examples.map(({ path, a, b, layers }) => ({
        path: escapeBytes(path),
        a: jsonValue(id, a),
        b: jsonValue(id, b),
        ...(layers && { layers }),
      })),
    })),
    hints,
    equalAfter: equalising.normalisations,
    remaining: equalising.remaining.map(({ id, count }) => ({ class: id, count })),
  };
}
