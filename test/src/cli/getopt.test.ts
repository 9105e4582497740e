/** Option rules of getopt_long(3), each as glibc has it. */
import { expect, test } from "vitest";
import { parseOptions } from "../../../src/cli/getopt.ts";

const TABLE = {
  "print-digest": { takesValue: false },
  "print-digest-only": { takesValue: false },
  "min-version": { takesValue: true },
  "max-version": { takesValue: true },
};
const parse = (...args: string[]) => parseOptions(args, TABLE, false);
const ok = (options: [string, string][], operands: string[]) => ({ kind: "ok", options, operands });

test.each([
  ["an option after its operand", ["a", "--print-digest", "b"], ok([["print-digest", ""]], ["a", "b"])],
  ["a value behind =", ["--min-version=1"], ok([["min-version", "1"]], [])],
  ["a value of its own", ["--min-version", "1", "a"], ok([["min-version", "1"]], ["a"])],
  ["a value that looks like an option", ["--min-version", "--", "a"], ok([["min-version", "--"]], ["a"])],
  ["an empty value", ["--min-version="], ok([["min-version", ""]], [])],
  ["an abbreviation", ["--mi=1"], ok([["min-version", "1"]], [])],
  ["a whole name that begins a longer one", ["--print-digest"], ok([["print-digest", ""]], [])],
  ["a dash alone", ["-"], ok([], ["-"])],
  ["an empty operand", [""], ok([], [""])],
  ["what comes after --", ["--", "--print-digest"], ok([], ["--print-digest"])],
  [
    "an option twice",
    ["--mi=0", "--mi=1"],
    ok(
      [
        ["min-version", "0"],
        ["min-version", "1"],
      ],
      [],
    ),
  ],
] as const)("%s", (_, args, expected) => {
  expect(parse(...args)).toEqual(expected);
});

test.each([
  ["unknown", ["--bogus"]],
  ["ambiguous", ["--m=1"]],
  ["ambiguous between two that begin alike", ["--print"]],
  ["a value where none belongs", ["--print-digest=1"]],
  ["short", ["-p"]],
] as const)("%s is refused", (_, args) => {
  expect(parse(...args)).toEqual({ kind: "unknown" });
});

test("a missing value", () => {
  expect(parse("--min-version")).toEqual({ kind: "value-missing" });
});

test("POSIXLY_CORRECT: the first operand ends the options", () => {
  expect(parseOptions(["a", "--print-digest"], TABLE, true)).toEqual(ok([], ["a", "--print-digest"]));
});
