/** The command of an implementation: how it is split, and what its placeholders become. */
import { describe, expect, test } from "vitest";
import { fillTemplate, type Placeholder, parseTemplate } from "../../../src/conformance/template.ts";

const VALUES = new Map<Placeholder, string>([
  ["input", "/tmp/a b"],
  ["format", "v1"],
  ["version", "1"],
]);
const fill = (text: string, values = VALUES) => fillTemplate(parseTemplate(text), values);

describe("words", () => {
  test.each([
    ["mkcomposefs --from-file - -", ["mkcomposefs", "--from-file", "-", "-"]],
    ["  a\t b\n", ["a", "b"]],
    ["'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]],
    ["a'b'\"c\"d", ["abcd"]],
    ["'' \"\"", ["", ""]],
    ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
    ["$HOME `x` *.dump ~ a;b | c > d", ["$HOME", "`x`", "*.dump", "~", "a;b", "|", "c", ">", "d"]],
    ["a\\'b", ["a'b"]],
    ["end\\", ["end\\"]],
  ])("%j", (text, words) => {
    expect(fill(text)).toEqual(words);
  });
});

describe("placeholders", () => {
  test.each([
    // A value is never split.
    ["x {} {input} pre{}post", ["x", "/tmp/a b", "/tmp/a b", "pre/tmp/a bpost"]],
    ["--min={version} --max={version}", ["--min=1", "--max=1"]],
    ["\"{format}\" '{format}' \\{format}", ["v1", "{format}", "{format}"]],
    ['"\\{format}"', ["{format}"]],
    ["--salt={salt}", ["--salt="]],
  ])("%j", (text, words) => {
    expect(fill(text)).toEqual(words);
  });

  test("names what a command can say", () => {
    expect([...parseTemplate("x {} --salt={salt} '{hash}'").names]).toEqual(["input", "salt"]);
  });
});

describe("brackets", () => {
  test.each([
    ["x [--salt={salt}] {}", ["x", "/tmp/a b"]],
    ["x [--salt {salt}] [--format {format}]", ["x", "--format", "v1"]],
    ["x [ --salt {salt} ] [ --format {format} ]", ["x", "--format", "v1"]],
    // One value that is missing takes all words of its brackets.
    ["x [{format} {salt}] y", ["x", "y"]],
    ["x [always]", ["x", "always"]],
    // Elsewhere they are what they are.
    ["a[1] '[b]' \\[c \"[d]\" e]", ["a[1]", "[b]", "[c", "[d]", "e]"]],
  ])("%j", (text, words) => {
    expect(fill(text)).toEqual(words);
  });
});

test.each([
  ["", /expected a command, got nothing/],
  ["  ", /expected a command, got nothing/],
  ["'a", /a single quote has no end/],
  ['"a', /a double quote has no end/],
  ["[a", /a bracket has no end/],
  ["[a [b]]", /brackets cannot be in brackets/],
  ["{formt}", /expected one of \{input\}, \{output\}.*written \\\{/],
  ["{format", /expected one of/],
])("%j is refused", (text, message) => {
  expect(() => parseTemplate(text)).toThrow(message);
  expect(() => parseTemplate(text)).toThrow(RangeError);
});
