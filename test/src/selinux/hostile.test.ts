/** Policies that want to take for ever: each ends soon, with labels or with an error that names the line. */
import { describe, expect, test } from "vitest";
import { SELINUX_LIMITS } from "../../../src/selinux/limits.ts";
import type { Policy } from "../../../src/selinux/policy.ts";
import { bytesOf, labelOf, labelsOf, matches, policyOf, treeOf } from "./trees.ts";

/** For each of these; the slowest takes a tenth of it alone on a machine. */
const SECONDS = 20;

function within<T>(work: () => T): T {
  const start = performance.now();
  const result = work();
  expect((performance.now() - start) / 1000).toBeLessThan(SECONDS);
  return result;
}

const limitError = (line?: number, limit?: number) =>
  expect.objectContaining({
    code: "SELINUX_LIMIT",
    data: expect.objectContaining({
      ...(line === undefined ? {} : { line }),
      ...(limit === undefined ? {} : { limit }),
    }),
  });

/** A policy of one rule, at line 3, that all but a few paths need backtracking for. */
const oneRule = (pattern: string) => policyOf({ file_contexts: `# 1\n# 2\n${pattern} a\n` });
const longPath = (policy: Policy, path: string) => labelsOf(policy, treeOf([{ path, type: "-" }])).get(path);

describe("patterns for the automaton are linear", () => {
  const many = "a".repeat(4000);
  test.each([
    ["(a+)+b"],
    ["(a*)*c"],
    ["(a|a)*b"],
    ["(a|aa)+b"],
    ["(.*)*x"],
    [".*.*.*.*.*.*x"],
    ["(a?){1000}a{1000}b"],
    ["((a*)*(a*)*)*b"],
    ["(((a+)+)+)+b"],
    ["(|a|aa)*(|a)*b"],
    ["(.*a){100}b"],
  ])("%s", (pattern) => {
    within(() => {
      expect(matches(`/${pattern}`, `/${many}`)).toBe(false);
      expect(labelOf(`/.* yes\n/${pattern} no\n`, `/${many}`)).toBe("yes");
    });
  });

  test("thousands of alternatives, and of rules that are alive at once", () => {
    const words = Array.from({ length: 5000 }, (_, i) => `w${i}x`);
    within(() => {
      expect(matches(`/(${words.join("|")})+`, "/w17xw4999xw0x")).toBe(true);
      expect(labelOf(words.map((word) => `/.*${word} ${word}\n`).join(""), "/w18x/w4242x")).toBe("w4242x");
    });
  });

  test("repetitions nested a hundred deep", () => {
    for (const quantifier of ["*", "+", "?", "*?"]) {
      const pattern = `/${"(".repeat(100)}a${`)${quantifier}`.repeat(100)}`;
      within(() => expect(matches(pattern, `/${"a".repeat(quantifier === "?" ? 1 : 100)}`)).toBe(true));
    }
  });

  test("rules of a type that is never met cost nothing for each entry", () => {
    const rules = Array.from({ length: 20_000 }, () => "/.* -s socket\n").join("");
    const paths = Array.from({ length: 20_000 }, (_, i) => ({ path: `/d/${i}`, type: "-" as const }));
    within(() =>
      expect(labelsOf(policyOf({ file_contexts: `/.* a\n${rules}` }), treeOf(paths)).get("/d/77")).toBe("a"),
    );
  });
});

describe("what would be too large is refused", () => {
  test.each([
    ["counts within counts", "/((a{1000}){1000}){1000}"],
    ["copies of nothing", "/((((){65535}){65535}){65535}){65535}"],
    ["copies of an assertion", "/(((^|$){65535}){65535}){65535}"],
    ["repetitions that may be empty, doubled each time", `/(?=x)${"(".repeat(200)}a*${")+".repeat(200)}`],
  ])("%s", (_, pattern) => {
    within(() => expect(() => oneRule(pattern)).toThrow(limitError(3, SELINUX_LIMITS.ruleParts)));
  });

  test("parts of a rule, at the limit and one beyond", () => {
    const limit = SELINUX_LIMITS.ruleParts;
    // The slash, two repetitions, and what they copy; in brackets, so that nothing is a literal beginning.
    const pattern = (rest: number) => `[/]a{${SELINUX_LIMITS.repeatCount}}b{${rest}}`;
    const rest = limit - 3 - SELINUX_LIMITS.repeatCount;
    oneRule(pattern(rest));
    expect(() => oneRule(pattern(rest + 1))).toThrow(limitError(3, limit));
  });

  test("instructions of all rules", () => {
    const limit = SELINUX_LIMITS.instructions;
    const rule = `/[a]{${SELINUX_LIMITS.repeatCount}} a\n`;
    // Each has its bytes and an acceptance; the root of the trie and "/" are counted, too.
    const fitting = Math.floor((limit - 2) / (SELINUX_LIMITS.repeatCount + 1));
    const rest = limit - 2 - fitting * (SELINUX_LIMITS.repeatCount + 1);
    const compile = (last: number) => policyOf({ file_contexts: `${rule.repeat(fitting)}/[a]{${last}} a\n` });
    expect(compile(rest - 1).ruleCount).toBe(fitting + 1);
    expect(() => compile(rest)).toThrow(
      expect.objectContaining({
        code: "SELINUX_LIMIT",
        data: { path: "file_contexts", line: fitting + 1, actual: limit + 1, limit },
      }),
    );
  });
});

describe("backtracking has a limit", () => {
  const path = `/${"a".repeat(200)}`;
  test.each([
    ["/(?=a)(a+)+b"],
    ["/(?=a)(a|a)*b"],
    ["/(?=(a*)*b)a"],
    ["/(?!(a+)+b)a*"],
    ["/(?>(a+)+b|x)"],
    ["/(a+)(a+)(a+)(a+)(a+)\\1\\2\\3\\4\\5b"],
    ["/(?:(a*)\\1)+b"],
    ["/(a*)*\\1b"],
    ["/((a?){50}){50}\\1b"],
    ["/\\b(.*.*.*.*.*.*)*x"],
  ])("%s", (pattern) => {
    within(() => expect(() => longPath(oneRule(pattern), path)).toThrow(limitError(3, SELINUX_LIMITS.matchSteps)));
  });

  test("what is quick is not refused: empty repetitions, long paths, many groups", () => {
    within(() => {
      expect(matches("/(?=a)(?:|a)*b", "/aab")).toBe(true);
      expect(matches("/(?=a)(?:(?:a*)*)*b", "/aab")).toBe(true);
      expect(matches("/(?=a)(?:(?:)*)*aab", "/aab")).toBe(true);
      expect(matches("/(?=a)(a*)*", `/${"a".repeat(100_000)}`)).toBe(true);
      expect(matches(`/(?=a)${"(a)".repeat(1000)}\\9`, `/${"a".repeat(1001)}`)).toBe(true);
    });
  });

  test("steps of one match, at the limit and one beyond", () => {
    const policy = oneRule("/(?=a)a*b");
    const label = (matchSteps: number) =>
      labelsOf(policy, treeOf([{ path, type: "-" }]), policy.walk({ ...SELINUX_LIMITS, matchSteps })).get(path);
    const least = leastThatIsEnough((steps) => label(steps));
    expect(label(least)).toBeNull();
    expect(() => label(least - 1)).toThrow(limitError(3, least - 1));
    // Each of the bytes is taken once and given back once.
    expect(least).toBeGreaterThan(400);
    expect(least).toBeLessThan(1500);
  });

  test("steps of a walk, at the limit and one beyond, for backtracking and for the automaton", () => {
    for (const pattern of ["/(?=a)a*b", "/.*a.*b"]) {
      const policy = oneRule(pattern);
      const tree = treeOf(["/ab", "/aab", "/ba"].map((path) => ({ path, type: "-" })));
      const run = (walkSteps: number) => {
        const walk = policy.walk({ ...SELINUX_LIMITS, walkSteps });
        labelsOf(policy, tree, walk);
        return walk.cost.steps;
      };
      const needed = run(SELINUX_LIMITS.walkSteps);
      expect(run(needed)).toBe(needed);
      expect(() => run(needed - 1)).toThrow(limitError(undefined, needed - 1));
    }
  });

  test("many quick matches together are too many", () => {
    const policy = oneRule("/(?=a)a*b");
    const names = Array.from({ length: 2000 }, (_, i) => ({ path: `/aaaa${i}`, type: "-" as const }));
    const walk = policy.walk({ ...SELINUX_LIMITS, walkSteps: 20_000 });
    expect(() => labelsOf(policy, treeOf(names), walk)).toThrow(limitError(undefined, 20_000));
  });
});

describe("trees", () => {
  test("a hundred thousand directories within each other", () => {
    const policy = policyOf({ file_contexts: "/(a/)*a deep\n", "file_contexts.subs": "/x /y\n" });
    within(() => {
      const walk = policy.walk();
      walk.label(0, 0, new Uint8Array(), "d");
      let labelled = 0;
      for (let i = 1; i <= 100_000; i++) labelled += walk.label(i, i - 1, bytesOf("a"), "d");
      expect(labelled).toBe(100_000);
    });
  });

  test("a rule for backtracking and a path that grows: the budget ends it", () => {
    const walk = oneRule("/(?=a)[a/]*").walk({ ...SELINUX_LIMITS, walkSteps: 2 ** 20 });
    walk.label(0, 0, new Uint8Array(), "d");
    const grow = () => {
      for (let i = 1; i <= 100_000; i++) walk.label(i, i - 1, bytesOf("a"), "d");
    };
    within(() => expect(grow).toThrow(limitError()));
  });

  test("entries whose names all differ do not fill the memory", () => {
    const policy = policyOf({ file_contexts: "/.*x.{12} a\n/.*y.{10} b\n" });
    const walk = policy.walk({ ...SELINUX_LIMITS, cacheBytes: 1_000_000 });
    walk.label(0, 0, new Uint8Array(), "d");
    within(() => {
      for (let i = 1; i <= 3000; i++) {
        const name = `${(i * 2654435761) % 4294967296}`.replace(/[0-4]/g, "x").replace(/[5-9]/g, "y").repeat(3);
        const label = /x.{12}$/s.test(name) ? 1 : 0;
        const expected = /y.{10}$/s.test(name) ? 2 : label;
        expect(walk.label(i, 0, bytesOf(name), "-")).toBe(expected);
      }
    });
    expect(walk.cost.flushCount).toBeGreaterThan(0);
  });

  test("a parent that is not open, and a type that is none, are mistakes of the caller", () => {
    const walk = policyOf({ file_contexts: "" }).walk();
    walk.label(0, 0, new Uint8Array(), "d");
    walk.label(1, 0, bytesOf("a"), "d");
    walk.label(2, 1, bytesOf("file"), "-");
    walk.label(3, 0, bytesOf("b"), "d");
    expect(() => walk.label(4, 1, bytesOf("x"), "-")).toThrow(RangeError);
    expect(() => walk.label(4, 2, bytesOf("x"), "-")).toThrow(RangeError);
    expect(() => walk.label(4, 3, bytesOf("x"), "x" as "d")).toThrow(RangeError);
    expect(() => walk.label(4, 3, bytesOf("x"), "" as "d")).toThrow(RangeError);
  });
});

/** The least number for which nothing is thrown. */
function leastThatIsEnough(attempt: (limit: number) => unknown): number {
  let [low, high] = [0, 2 ** 20];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    try {
      attempt(middle);
      high = middle;
    } catch {
      low = middle;
    }
  }
  return high;
}
