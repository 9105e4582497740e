/** The forms of a run: what people read, and what programs do. */
import { describe, expect, test } from "vitest";
import { type CaseResult, formatJson, formatText } from "../../../src/conformance/report.ts";

const result = (id: string, changes: Partial<CaseResult> = {}): CaseResult => ({
  ...{ id, level: "v1", rule: "a rule", state: "pass", reason: null, explanation: null, stderr: "" },
  ...changes,
});
const FAIL = { state: "fail", reason: "another image" } as const;
const RESULTS = [
  result("v1/a"),
  result("v1/b", { ...FAIL, explanation: "A: wanted, B: the answer\n\n    /x  A 1  B 2\n", stderr: "one\n\ntwo \n" }),
  result("v1/c", FAIL),
  result("v2/d", { level: "v2", state: "optional", reason: "not refused: X takes it" }),
  result("v2/e", { level: "v2", state: "unsupported", reason: "exit code 77" }),
];

describe("text", () => {
  test("failures, the others by reason, the table", () => {
    expect(formatText(RESULTS, 1)).toBe(
      [
        "FAIL  v1/b: another image",
        "  rule: a rule",
        "  A: wanted, B: the answer",
        "      /x  A 1  B 2",
        "  stderr: one",
        "  stderr: two",
        "FAIL  v1/c: another image",
        "",
        "optional     not refused: X takes it: v2/d",
        "unsupported  exit code 77: v2/e",
        "",
        "level  cases  pass  fail  optional  unsupported",
        "v1         3     1     2         0            0",
        "v2         2     0     0         1            1",
        "",
      ].join("\n"),
    );
  });

  test("is the table alone when all is well", () => {
    expect(formatText([result("v1/a")], 20)).toBe(
      "level  cases  pass  fail  optional  unsupported\nv1         1     1     0         0            0\n",
    );
  });

  test("of many lines the first, of standard error the last; of many names some", () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join("");
    const text = formatText([result("v1/a", { ...FAIL, explanation: lines, stderr: lines })], 1);
    expect(text.split("\n").filter((line) => /line \d/.test(line))).toHaveLength(40);
    expect(text).toContain("  line 19\n  … and 80 more lines\n  stderr: line 80\n");
    const many = Array.from({ length: 1000 }, (_, i) =>
      result(`v1/${i}`, { state: "unsupported", reason: "exit code 77" }),
    );
    expect(formatText(many, 1).split("\n")[0]).toBe(
      "unsupported  exit code 77: v1/0, v1/1, v1/2, v1/3, v1/4, v1/5, and 994 more",
    );
  });

  test("nothing that a command printed can steer a terminal", () => {
    const hostile = "\x1b[2J\u202e";
    const text = formatText([result("v1/a", { ...FAIL, reason: hostile, stderr: hostile, rule: hostile })], 1);
    expect([...hostile].filter((c) => c < " " || c > "~").some((c) => text.includes(c))).toBe(false);
    expect(text.match(/\\x1b\[2J/g)).toHaveLength(3);
  });
});

test("JSON has all of it", () => {
  const found = JSON.parse(formatJson("tool {}", RESULTS));
  expect(found).toEqual({
    ...{ command: "tool {}", cases: 5, pass: 1, fail: 2, optional: 1, unsupported: 1 },
    levels: [
      { level: "v1", cases: 3, pass: 1, fail: 2, optional: 0, unsupported: 0 },
      { level: "v2", cases: 2, pass: 0, fail: 0, optional: 1, unsupported: 1 },
    ],
    results: RESULTS,
  });
});
