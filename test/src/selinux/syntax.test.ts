/** What is accepted means the same elsewhere: random texts of the syntax against re2js, and against PCRE2 by `grep -P`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { parsePattern } from "../../../src/selinux/pattern.ts";
import type { Pattern } from "../../../src/selinux/pattern-tree.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";
import { bytesOf, labelsOf, policyOf, treeOf } from "./trees.ts";

/** Pieces that are put together without regard to syntax. */
const PIECES = [
  ..."abx./-*+?|()[]{}^$\\,:&~<>=!012",
  ...[
    "[^",
    "[a-c]",
    "(?:",
    "\\d",
    "\\w",
    "\\.",
    "\\b",
    "\\x61",
    "[[:alpha:]]",
    "{2}",
    "{1,2}",
    "{0,}",
    "[:",
    ":]",
    "--",
    "&&",
  ],
  ...["(?=", "(?!", "(?<=", "(?>", "\\1", "*+", "+?", "\\A", "\\z", "\\Z", "\\h", "(?i)", "\\Q", "\\<"],
];
const SUBJECTS = ["", "a", "b", "ab", "ba", "aab", "abx", "x.", "-", "a-b", "2", "a2", "]", "aa", "a b"];

/** What can be read as a pattern behind a slash, with what the reader knows of it. */
function acceptedPatterns(seed: number, attempts: number): Array<Pattern & { text: string }> {
  const random = new SplitMix64(seed);
  const accepted = new Map<string, Pattern & { text: string }>();
  for (let i = 0; i < attempts; i++) {
    const text = `/(?:${Array.from({ length: 1 + random.below(7) }, () => random.pick(PIECES)).join("")})`;
    try {
      accepted.set(text, { text, ...parsePattern(bytesOf(text), { file: "file_contexts", line: 1 }) });
    } catch (error) {
      // Nothing else may come out of it.
      expect(error).toBeInstanceOf(ComposefsError);
    }
  }
  return [...accepted.values()];
}

const tree = treeOf(
  SUBJECTS.filter((subject) => subject !== "").map((subject) => ({ path: `/${subject}`, type: "-" })),
);

/** The paths, in the order of the tree, that a pattern matches. */
function matchedPaths(pattern: string): string[] {
  const labels = labelsOf(policyOf({ file_contexts: `${pattern} -- yes\n` }), tree);
  return [...labels].filter(([, label]) => label !== null).map(([path]) => path);
}

describe("random texts that are accepted", () => {
  test("re2js reads those for the automaton alike", () => {
    const regular = acceptedPatterns(3, 25_000).filter(({ isRegular, isPcre2 }) => isRegular && !isPcre2);
    let matched = 0;
    for (const { text } of regular) {
      const twin = RE2JS.compile(`^(?:${text})-$`, RE2JS.DOTALL);
      const paths = tree.filter(({ path, type }) => type === "-" && twin.matcher(`${path}-`).matches());
      expect(matchedPaths(text), text).toEqual(paths.map(({ path }) => path));
      matched += paths.length;
    }
    expect(regular.length).toBeGreaterThan(500);
    expect(matched).toBeGreaterThan(500);
  });

  const hasPcre2 = spawnSync("grep", ["-P", "^(?>a)"], { input: "a" }).status === 0;
  test.skipIf(!hasPcre2)("PCRE2 reads all alike (skipped without grep -P)", () => {
    const folder = mkdtempSync(join(tmpdir(), "composefs-pcre2-"));
    try {
      const leaves = tree.filter(({ type }) => type === "-").map(({ path }) => path);
      writeFileSync(join(folder, "subjects"), leaves.map((path) => `${path}-\n`).join(""));
      const patterns = acceptedPatterns(4, 25_000);
      const special = patterns.filter(({ isRegular, isPcre2 }) => !isRegular || isPcre2);
      expect(special.length).toBeGreaterThan(100);
      for (const { text } of [...special.slice(0, 100), ...patterns.slice(0, 100)]) {
        const grep = spawnSync("grep", ["-P", `^(?:${text})-$`, "subjects"], { cwd: folder, env: { LC_ALL: "C" } });
        expect(grep.status, `${text} ${grep.stderr}`).toBeLessThan(2);
        const paths = grep.stdout.toString("latin1").split("\n").slice(0, -1);
        expect(matchedPaths(text), text).toEqual(paths.map((line) => line.slice(0, -1)));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
