/** The walk against slow twins: each rule alone, by re2js or by backtracking of JavaScript, from the last one on. */
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { SELINUX_LIMITS } from "../../../src/selinux/limits.ts";
import { SUBJECT_TYPES, type SubjectType } from "../../../src/selinux/rules.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";
import { labelsOf, policyOf, type TreeEntry, treeOf } from "./trees.ts";

const ROUNDS = 60;

interface TwinRule {
  pattern: string;
  type: SubjectType | null;
  label: string;
}

/** A random regular pattern. Few letters, so that rules and paths meet. */
function randomPattern(random: SplitMix64, depth = 0): string {
  const atom = (): string => {
    switch (random.below(depth < 3 ? 12 : 9)) {
      case 0:
        return ".";
      case 1:
        return random.pick(["[^/]", "[ab]", "[^a]", "[a-c\\-]", "[[:alpha:].]", "\\w", "\\d", "[^\\w/]"]);
      case 2:
        return random.pick(["/a", "/b", "/"]);
      case 3:
        return random.pick(["\\.", "\\-", "\\xe9", "1"]);
      case 9:
        return `(${randomPattern(random, depth + 1)})`;
      case 10:
        return `(?:${randomPattern(random, depth + 1)}|${randomPattern(random, depth + 1)})`;
      case 11:
        return `(/${randomPattern(random, depth + 1)})?`;
      default:
        return random.pick(["a", "b", "c", "ab"]);
    }
  };
  let pattern = depth === 0 ? random.pick(["/", "/", "/a", "/b/", "", "^/"]) : "";
  for (let i = random.below(4); i >= 0; i--) {
    const one = atom();
    const isOne = one.length === 1 || /^(\[.*\]|\\.|\\xe9|\(.*\))$/.test(one);
    pattern +=
      one + (isOne && !one.endsWith(")?") ? random.pick(["", "", "", "*", "+", "?", "{2}", "{1,3}", "*?"]) : "");
  }
  return pattern;
}

function randomRules(random: SplitMix64, count: number, makePattern: () => string): TwinRule[] {
  return Array.from({ length: count }, (_, i) => ({
    pattern: makePattern(),
    type: random.chance(30) ? (random.pick([...SUBJECT_TYPES]) as SubjectType) : null,
    label: random.chance(10) ? "<<none>>" : `label${i % 7}`,
  }));
}

function randomTree(random: SplitMix64, count: number): TreeEntry[] {
  const name = () =>
    Array.from({ length: 1 + random.below(3) }, () => random.pick(["a", "b", "c", "-", ".", "1", "\n", "\xe9"])).join(
      "",
    );
  const paths = ["/a", "/b"];
  for (let i = 0; i < count; i++) paths.push(`${random.chance(30) ? "" : random.pick(paths)}/${name()}`);
  const isName = (path: string) => !/\/\.{1,2}(\/|$)/.test(path);
  const leaves = paths.filter(isName).map((path) => ({ path, type: random.pick([..."-lcbps"]) as SubjectType }));
  // What has something below it becomes a directory.
  return treeOf(leaves).map((entry, _, all) =>
    all.some(({ path }) => path.startsWith(`${entry.path}/`)) ? { ...entry, type: "d" } : entry,
  );
}

/** The rules one after another from the last one on. */
function twinLabel(rules: readonly TwinRule[], test: (rule: number, subject: string) => boolean, entry: TreeEntry) {
  for (let i = rules.length - 1; i >= 0; i--) {
    if (test(i, entry.path + entry.type)) return rules[i]!.label === "<<none>>" ? null : rules[i]!.label;
  }
  return null;
}

const textOfRules = (rules: readonly TwinRule[]) =>
  rules.map(({ pattern, type, label }) => `${pattern} ${type === null ? "" : `-${type} `}${label}\n`).join("");

describe("random policies and trees", () => {
  test("as re2js, rule by rule", () => {
    const random = new SplitMix64(1);
    let labelled = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const rules = randomRules(random, 1 + random.below(30), () => randomPattern(random));
      const twins = rules.map(({ pattern, type }) => RE2JS.compile(`^(?:${pattern})${type ?? "."}$`, RE2JS.DOTALL));
      const tree = randomTree(random, 60);
      const policy = policyOf({ file_contexts: textOfRules(rules) });
      const expected = tree.map((entry) =>
        twinLabel(rules, (i, subject) => twins[i]!.matcher(subject).matches(), entry),
      );
      const found = labelsOf(policy, tree);
      expect([...found.values()], textOfRules(rules)).toEqual(expected);
      // A cache that holds next to nothing gives the same.
      const walk = policy.walk({ ...SELINUX_LIMITS, cacheBytes: 2000 });
      expect([...labelsOf(policy, tree, walk).values()]).toEqual(expected);
      expect(walk.cost.flushCount).toBeGreaterThan(0);
      labelled += expected.filter((label) => label !== null).length;
    }
    // Not all are without a label.
    expect(labelled).toBeGreaterThan(ROUNDS * 10);
  });

  test("as JavaScript, with look-around and back-references among the rules", () => {
    const random = new SplitMix64(2);
    const special = [
      "/(?=a).*",
      "/(?!a)[^/]*(/.*)?",
      "/(.)\\1.*",
      "/.*(?<=a)b.*",
      "/.*(?<!b)a",
      "/([ab]+)/\\1(.*)",
      "/a(?!.*/b).*",
      "/(?:(a)|b)*\\1?.*",
      "/(a*)(b*)(?=\\1)c?.*",
      "/\\ba\\b.*",
      "/(?=(a|b))\\1.*",
      "/.*/(?!.*[.]).*-$|/(?=.*1).*",
    ];
    let labelled = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const rules = randomRules(random, 1 + random.below(20), () =>
        random.chance(50) ? random.pick(special) : randomPattern(random).replaceAll("[[:alpha:].]", "[a-zA-Z.]"),
      );
      const twins = rules.map(({ pattern, type }) => {
        const isPcre2 = /\(\?[=!<]|\\1/.test(pattern);
        return new RegExp(`^(?:${pattern})${type ?? "."}$`, isPcre2 ? "" : "s");
      });
      // In JavaScript a dot is no CR and no U+2028 either, and a group is forgotten when it is repeated.
      const tree = randomTree(random, 60);
      const policy = policyOf({ file_contexts: textOfRules(rules) });
      const expected = tree.map((entry) => twinLabel(rules, (i, subject) => twins[i]!.test(subject), entry));
      expect([...labelsOf(policy, tree).values()], textOfRules(rules)).toEqual(expected);
      labelled += expected.filter((label) => label !== null).length;
    }
    expect(labelled).toBeGreaterThan(ROUNDS * 10);
  });
});
