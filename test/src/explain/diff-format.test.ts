/**
 * The text and the JSON of comparisons: those of all pairs are in diff.golden.txt and diff.golden.jsonl.
 * Nothing writes them anew: a difference is read, understood, and entered by hand.
 */

import { describe, expect, test } from "vitest";
import { type DiffOptions, diffTrees } from "../../../src/explain/diff.ts";
import { formatDiff } from "../../../src/explain/diff-format.ts";
import { diffToJson } from "../../../src/explain/diff-json.ts";
import { DIFF_PAIRS } from "../../support/diff-pairs.ts";
import { expectGolden } from "../../support/golden-text.ts";
import { treeOf } from "../../support/trees.ts";

const compare = (a: string, b: string, options?: DiffOptions) => diffTrees(treeOf(a), treeOf(b), options);
const COLUMNS = 100;

describe("golden texts", () => {
  const diffs = DIFF_PAIRS.map(({ cause, a, b }) => ({ cause, diff: compare(a, b) }));

  test("text", async () => {
    const text = diffs.map(({ cause, diff }) => `==== ${cause}\n\n${formatDiff(diff)}`).join("\n");
    expectGolden(text, "diff.golden.txt", import.meta.url);
    expect(text.split("\n").filter((line) => line.length > COLUMNS)).toEqual([]);
  });

  test("JSON", async () => {
    const lines = diffs.map(({ cause, diff }) => JSON.stringify({ cause, ...diffToJson(diff) }));
    expectGolden(`${lines.join("\n")}\n`, "diff.golden.jsonl", import.meta.url);
  });
});

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";

describe("text", () => {
  test("equal trees", () => {
    expect(formatDiff(compare(ROOT, ROOT))).toBe("The trees are equal: 1 entry.\n");
  });

  test("without examples there are numbers and hints still", () => {
    const text = formatDiff(compare(ROOT, ROOT.replace("40755", "41777"), { max: 0 }));
    expect(text).toBe(`The trees differ.

mode: 1 of 1 entry, the root
  hint: root-metadata: Here only the root directory differs: layers and archives often have no entry
    for it, and readers then make it up; a directory on disk has its own metadata; the OCI transform
    gives it those of /usr. Set them on both sides.

equal after: ignore root metadata
`);
  });

  test("what is in a name or a value cannot steer the terminal; long lines are broken", () => {
    const name = `/\\x1b[2J${"n".repeat(60)}`;
    const a = `${ROOT}${name} 1 100644 1 0 0 0 0.0 - x - user.a=\\x9b\\n${"v".repeat(70)}\n`;
    const b = `${ROOT}${name} 1 100644 1 0 0 0 9223372036854775807.0 - \\xe2\\x80\\xae -\n`.replace(
      " 1 1006",
      " 3 1006",
    );
    expect(formatDiff(compare(a, b))).toBe(`The trees differ.

content: 1 of 1 entry
    /\\x1b[2J${"n".repeat(60)}
      A 1 byte "x"
      B 3 bytes "\\xe2\\x80\\xae"

mtime-seconds: 1 of 2 entries
    /\\x1b[2J${"n".repeat(60)}
      A 1970-01-01T00:00:00Z
      B @9223372036854775807
  hint: mtimes-zero: A has mtime 0 where they differ: it was made by something that keeps no mtimes,
    such as an ostree checkout or tar --mtime=@0. Set them to 0 on both sides, or on none.

xattr:user.a: 1 of 2 entries, in A only
    /\\x1b[2J${"n".repeat(60)}
      A "\\x9b\\n${"v".repeat(34)}…" (72 bytes)
      B none
  hint: xattr-user: B lacks user xattrs: the OCI transform drops them unless told to keep them, cp
    and tar do without --preserve=xattr and --xattrs.

no normalisation removes: 1 content
all else is equal after: ignore all mtimes, ignore xattr user.a
`);
  });

  test("a long value is cut between characters", () => {
    const link = (target: string) => `${ROOT}/l 0 120777 1 0 0 0 0.0 ${target} - -\n`;
    const text = formatDiff(compare(link(`${"x".repeat(35)}\\xc3\\xa9\\xc3\\xa9`), link("y")));
    expect(text).toContain(`/l  A "${"x".repeat(35)}…" (39 bytes)  B "y"\n`);
  });

  test("numbers beyond 2^53 are strings in JSON", () => {
    const file = (size: string, seconds: string) => `${ROOT}/f ${size} 100644 1 0 0 0 ${seconds}.0 f - -\n`;
    const json = diffToJson(compare(file("9007199254740992", "-9007199254740993"), file("5", "1")));
    expect(json["classes"]).toMatchObject([
      { class: "content", examples: [{ path: "/f", a: { size: "9007199254740992", object: "f" }, b: { size: 5 } }] },
      { class: "mtime-seconds", examples: [{ path: "/f", a: "-9007199254740993", b: 1 }] },
    ]);
  });
});

describe("options", () => {
  const many = (count: number, key: (i: number) => string) =>
    ROOT + Array.from({ length: count }, (_, i) => `/f${i} 0 100644 1 0 0 0 0.0 - - - ${key(i)}=1\n`).join("");

  test("--only and --ignore take classes, groups and keys", () => {
    const a = `${ROOT}/f 0 100644 1 0 0 0 0.0 - - - user.a=1 user.b=1\n`;
    const b = `${ROOT}/f 0 100600 1 0 0 0 5.5 - - - user.a=2 user.b=2\n`;
    const ids = (options: DiffOptions) => compare(a, b, options).classes.map(({ id }) => id);
    expect(ids({})).toEqual(["mode", "mtime-seconds", "mtime-nanoseconds", "xattr:user.a", "xattr:user.b"]);
    expect(ids({ only: ["mtime"] })).toEqual(["mtime-seconds", "mtime-nanoseconds"]);
    expect(ids({ only: ["xattr"], ignore: ["xattr:user.a"] })).toEqual(["xattr:user.b"]);
    expect(ids({ ignore: ["mtime-seconds", "mode", "xattr"] })).toEqual(["mtime-nanoseconds"]);
    expect(compare(a, b, { only: ["added"] }).equal).toBe(true);
    expect(() => compare(a, b, { only: ["bogus"] })).toThrow(RangeError);
    expect(() => compare(a, b, { max: -1 })).toThrow(RangeError);
  });

  test("a thousand keys of xattrs are told apart; the text lists twenty", () => {
    const diff = compare(
      many(1100, (i) => `user.${String(i).padStart(4, "0")}`),
      many(1100, () => "user.a"),
    );
    expect(diff.classes.length).toBeLessThanOrEqual(1001);
    expect(diff.classes.reduce((sum, { count }) => sum + count, 0)).toBe(2200);
    expect(diff.equalising.remaining).toEqual([]);
    const text = formatDiff(diff);
    expect(text).toContain("xattr: 981 more keys");
    expect(text.length).toBeLessThan(100_000);
  });

  test("examples are the first ones of the tree, wherever the inode of a hardlink is", () => {
    const line = (path: string, mode: string) => `${path} 1 ${mode} 2 0 0 0 0.0 - x -\n`;
    const a = `${ROOT}/a 1 @100644 1 0 0 0 0.0 /z - -\n${["b", "c", "d"].map((name) => line(`/${name}`, "100644")).join("")}`;
    const b = `${ROOT}${["a", "b", "c", "d"].map((name) => line(`/${name}`, "100600")).join("")}`;
    const diff = compare(`${a}${line("/z", "100644")}`, `${b}/z 1 @100644 1 0 0 0 0.0 /a - -\n`, { max: 2 });
    expect(diff.classes).toMatchObject([{ id: "mode", count: 4 }]);
    expect(diff.classes[0]!.examples.map(({ path }) => Buffer.from(path).toString())).toEqual(["/a", "/b"]);
  });
});
