/** How builds are judged: what a repeat has shown is known, and no variation is blamed for it. */
import { describe, expect, test } from "vitest";
import { diffTrees } from "../../../src/explain/diff.ts";
import { judge, KnownDifferences } from "../../../src/rebuild/compare.ts";
import { treeOf } from "../../support/trees.ts";

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const line = (path: string, { mode = "100644", owner = "0 0", mtime = "0.0", content = "x" } = {}) =>
  `${path} ${content.length} ${mode} 1 ${owner} 0 ${mtime} - ${content} -\n`;
const directory = (path: string, mtime = "0.0") => `${path} 0 40755 2 0 0 0 ${mtime} - - -\n`;

/** Classes and paths of what is left of a comparison when the repeat is known. */
function leftOf(control: string, repeat: string, varied: string): string[] {
  const known = new KnownDifferences();
  diffTrees(treeOf(control), treeOf(repeat), { onDifference: known.learn });
  const { classes, equal, equalising } = diffTrees(treeOf(control), treeOf(varied), { isKnown: known.isKnown });
  const left = classes.flatMap(({ id, examples }) => examples.map(({ path }) => `${id} ${Buffer.from(path)}`));
  expect(equal).toBe(left.length === 0);
  expect(equalising.remaining.length + equalising.normalisations.length > 0).toBe(left.length > 0);
  return left;
}

describe("known differences", () => {
  const control = ROOT + directory("/d") + line("/d/f");

  test.each<[string, string, string, string[]]>([
    ["nothing, of equal trees", control, control, []],
    ["all that is new", control, ROOT + directory("/d") + line("/d/f", { mode: "100600" }), ["mode /d/f"]],
    [
      "nothing, where another time is another one again",
      ROOT + directory("/d", "1.5") + line("/d/f"),
      ROOT + directory("/d", "0.7") + line("/d/f"),
      [],
    ],
    [
      "the mode of a file with another content",
      ROOT + directory("/d") + line("/d/f", { content: "y" }),
      ROOT + directory("/d") + line("/d/f", { content: "zz", mode: "100600" }),
      ["mode /d/f"],
    ],
    [
      "the same class at another path",
      ROOT + directory("/d", "5.0") + line("/d/f"),
      ROOT + directory("/d", "6.0") + line("/d/f", { mtime: "6.0" }),
      ["mtime-seconds /d/f"],
    ],
    [
      "nothing, where a random name is another one again, with all below it",
      control + directory("/d/r1") + line("/d/r1/x"),
      control + directory("/d/r2") + line("/d/r2/x") + line("/d/r2/y"),
      [],
    ],
    ["a name in another directory", control + line("/d/r1"), control + line("/d/r2") + line("/new"), ["added /new"]],
  ])("leave %s", (_, repeat, varied, left) => {
    expect(leftOf(control, repeat, varied)).toEqual(left);
  });

  test("of images are asked for only when there are some", () => {
    expect(new KnownDifferences().isKnown).toBe(undefined);
  });
});

test("a build may follow SOURCE_DATE_EPOCH, and nothing else", () => {
  expect(judge("umask", true)).toBe("differs");
  expect(judge("repeat", true)).toBe("differs");
  expect(judge("umask", false)).toBe("as-repeat");
  expect(judge("source-date-epoch", true)).toBe("follows");
  expect(judge("source-date-epoch", false)).toBe("as-repeat");
});
