/** os-release texts and the labels of boot menus: boot-transform.md 4.2. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { menuLabel, parseOsRelease } from "../../../src/boot/os-release.ts";
import { ComposefsError } from "../../../src/error.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";

const parse = (text: string) => Object.fromEntries(parseOsRelease(Buffer.from(text)));
const label = (text: string) => menuLabel(parseOsRelease(Buffer.from(text)));
const coded = (code: string) => expect.objectContaining({ name: ComposefsError.name, code });

describe("lines", () => {
  test("KEY=VALUE; the value may hold more of =", () => {
    expect(parse("A=1\nB=2=3\nC=\n")).toEqual({ A: "1", B: "2=3", C: "" });
  });

  test("the last line need not end, and a CR before LF is white space", () => {
    expect(parse("A=1\r\nB=2")).toEqual({ A: "1", B: "2" });
  });

  test("comments and lines without = say nothing", () => {
    expect(parse("# A=1\n#B=2\n\nC\nD=4\n")).toEqual({ D: "4" });
  });

  test("the last of one key counts, even when it cannot be read", () => {
    expect(parse("A=1\nA=2\n")).toEqual({ A: "2" });
    expect(parse("A=1\nA='2\n")).toEqual({});
    expect(parse("A='1\nA=2\n")).toEqual({ A: "2" });
  });

  test("keys that objects of JavaScript have are keys like others", () => {
    expect([...parseOsRelease(Buffer.from("__proto__=x\n"))]).toEqual([["__proto__", "x"]]);
    expect(() => label("constructor=x\n")).toThrow(coded("UKI_LABEL"));
  });

  test("what is not UTF-8 is refused", () => {
    expect(() => parseOsRelease(Buffer.from("A=\xff\n", "latin1"))).toThrow(coded("UKI_UTF8"));
    expect(parse("A=é€😀\n")).toEqual({ A: "é€😀" });
  });
});

describe("quotes", () => {
  test.each([
    // Without quotes; white space around a value is not part of it.
    ["hello", "hello"],
    ["  two words\t", "two words"],
    ["", ""],
    // In single quotes nothing is special but the end.
    ["'a b'", "a b"],
    ["' '", " "],
    ["'$`\"\\'", '$`"\\'],
    // In double quotes a backslash takes the next character as it is.
    ['"a b"', "a b"],
    ['""', ""],
    ['"\\"\\$\\`\\\\"', '"$`\\'],
    ['"it\'s"', "it's"],
    ['"$5 `x`"', "$5 `x`"],
    ['"\\n"', "n"],
    ['"\\😀"', "😀"],
    // Outside of double quotes it does not.
    ["\\$", "\\$"],
    // Parts follow each other.
    [`a"b c"'d e'f`, "ab cd ef"],
    [`""''""`, ""],
  ])("%s", (quoted, expected) => {
    expect(parse(`KEY=${quoted}\n`)).toEqual({ KEY: expected });
  });

  test.each(["'", '"', "'open", '"open', '"open\\"', '"\\', "'it's'", `'a'"b`])("without end: %s", (quoted) => {
    expect(parse(`KEY=${quoted}\nOTHER='x'\n`)).toEqual({ OTHER: "x" });
  });

  const sh = spawnSync("sh", ["-c", "true"]).status === 0;
  test.skipIf(!sh)("what os-release(5) allows is read as by a shell (needs sh)", () => {
    const random = new SplitMix64(7);
    const piece = (alphabet: string[]) => Array.from({ length: random.below(6) }, () => random.pick(alphabet)).join("");
    const values = Array.from({ length: 500 }, () => {
      const parts = Array.from({ length: 1 + random.below(3) }, () =>
        random.pick([
          piece(["a", "Z", "0", ".", "-", "_", "é"]),
          `'${piece(["a", " ", '"', "$", "\\", "`", "#", "=", "é"])}'`,
          `"${piece(["a", " ", "'", "\\$", "\\\\", "\\`", '\\"', "#", "=", "é"])}"`,
        ]),
      );
      return parts.join("");
    });
    const text = values.map((value, i) => `K${i}=${value}\n`).join("");
    const script = `${text}printf '%s\\n' ${values.map((_, i) => `"$K${i}"`).join(" ")}\n`;
    const expected = spawnSync("sh", ["-s"], { input: script, encoding: "utf8" }).stdout.split("\n");
    const found = parse(text);
    expect(values.map((_, i) => found[`K${i}`])).toEqual(expected.slice(0, -1));
  });
});

describe("the label", () => {
  const lines = ["PRETTY_NAME=p", "NAME=n", "ID=i", "VERSION_ID=7", "VERSION=8"];

  test.each([
    [[0, 1, 2, 3, 4], "p 7"],
    [[1, 2, 3, 4], "n 7"],
    [[2, 3, 4], "i 7"],
    [[2, 4], "i 8"],
    [[0, 4], "p 8"],
    [[0], "p"],
    [[1], "n"],
    [[2], "i"],
  ])("of lines %j: %s", (chosen, expected) => {
    const text = chosen.map((i) => `${lines[i]}\n`);
    expect(label(text.join(""))).toBe(expected);
    expect(label(text.reverse().join(""))).toBe(expected);
  });

  test("a name whose quotes do not end is none", () => {
    expect(label("PRETTY_NAME='p\nVERSION_ID='7\nVERSION=8\nID=i\n")).toBe("i 8");
  });

  test("without a name there is none", () => {
    expect(() => label("VERSION_ID=7\nVERSION=8\n")).toThrow(coded("UKI_LABEL"));
    expect(() => label("")).toThrow("os-release: expected one of PRETTY_NAME, NAME, ID");
  });
});

test.each([
  ["quotes", '"'],
  ["escapes", '"\\'],
  ["white space", " "],
  ["lines", "A=1\n"],
])("the work is linear: 1 MiB of %s", (_, unit) => {
  const text = Buffer.from(`ID=x\nB=${unit.repeat(2 ** 20 / unit.length)}x\nNAME=n\n`);
  expect(menuLabel(parseOsRelease(text))).toBe("n");
});
