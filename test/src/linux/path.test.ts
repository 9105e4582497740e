/** Paths of any bytes, and what Node makes of them. */
import { describe, expect, test } from "vitest";
import { absolutePath, argumentBytes, joinPath, pathBytes, realPath, showPath } from "../../../src/linux/path.node.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const commandLine = (...args: string[]) => bytes(["node", "--enable-source-maps", "script", ...args, ""].join("\0"));
const REPLACEMENT = "\ufffd";

describe("a path", () => {
  test("is text in UTF-8, or bytes", () => {
    expect(pathBytes("é")).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(pathBytes(Uint8Array.of(0xff))).toEqual(Buffer.from([0xff]));
  });

  test("is neither empty nor has a NUL, nor is it a number", () => {
    expect(() => pathBytes("")).toThrow(RangeError);
    expect(() => pathBytes("a\0b")).toThrow(RangeError);
    expect(() => pathBytes(1 as unknown as string)).toThrow(TypeError);
  });

  test("is shown so that nothing is lost and nothing steers a terminal", () => {
    expect(showPath("/a b/é")).toBe('"/a b/é"');
    expect(showPath(bytes("/\xff\x1b[31m"))).toBe('"/\\xff\\u001b[31m"');
    expect(showPath('"')).toBe('"\\""');
  });

  test("begins at the root, links and dots included", () => {
    expect(String(absolutePath("/a/../b"))).toBe("/a/../b");
    expect(String(absolutePath("a"))).toBe(`${process.cwd()}/a`);
    expect(String(realPath("."))).toBe(process.cwd());
    expect(String(realPath("/nowhere/at all"))).toBe("/nowhere/at all");
  });

  test("goes on behind one slash", () => {
    expect(String(joinPath("/", "a"))).toBe("/a");
    expect(joinPath(bytes("/\xff"), "a")).toEqual(bytes("/\xff/a"));
  });
});

describe("the bytes of an argument", () => {
  test("are those of its text where that says all", () => {
    expect(argumentBytes("é", [], bytes(""))).toEqual(Buffer.from("é"));
  });

  test("come from the command line where the text has lost them", () => {
    const args = [`a${REPLACEMENT}`, `${REPLACEMENT}b`];
    expect(argumentBytes(`${REPLACEMENT}b`, args, commandLine("a\xff", "\xfeb"))).toEqual(bytes("\xfeb"));
  });

  test("may stand behind the equals sign of an option", () => {
    expect(argumentBytes(REPLACEMENT, [`--repo=${REPLACEMENT}`], commandLine("--repo=\xff"))).toEqual(bytes("\xff"));
  });

  test("are a character U+FFFD where the user wrote one", () => {
    const found = argumentBytes(
      REPLACEMENT,
      [REPLACEMENT],
      Buffer.concat([commandLine().subarray(0, -1), bytes("\0\xef\xbf\xbd\0")]),
    );
    expect(found).toEqual(Buffer.from(REPLACEMENT));
  });

  test.each([
    ["two arguments look alike and differ", [REPLACEMENT, REPLACEMENT], commandLine("\xff", "\xfe")],
    ["the system does not tell", [REPLACEMENT], bytes("")],
    ["the command line is another one", [REPLACEMENT], commandLine("other")],
  ])("cannot be told when %s", (_, args, line) => {
    expect(() => argumentBytes(REPLACEMENT, args, line)).toThrow(expect.objectContaining({ code: "IO_OPEN" }));
  });

  test("the same argument twice is one", () => {
    const args = [REPLACEMENT, REPLACEMENT];
    expect(argumentBytes(REPLACEMENT, args, commandLine("\xff", "\xff"))).toEqual(bytes("\xff"));
  });
});
