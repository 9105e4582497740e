/** Boot entries of type 1: boot-transform.md 4.1 and 4.3. */
import { describe, expect, test } from "vitest";
import { addKarg, parseBootEntry } from "../../../src/boot/entries.ts";
import { findKarg, formatKarg, splitCmdline } from "../../../src/boot/karg.ts";
import { ComposefsError } from "../../../src/error.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";

const parse = (text: string) => parseBootEntry(Buffer.from(text));
const add = (text: string, karg: string) => Buffer.from(addKarg(Buffer.from(text), karg)).toString();
const coded = (code: string) => expect.objectContaining({ name: ComposefsError.name, code });

const DIGEST = "c3".repeat(32);
const KARG = `composefs=${DIGEST}`;
const ENTRY = `# made by hand
title\tFedora Linux 42
version 6.1.0
linux /boot/vmlinuz-6.1.0
initrd /boot/ucode.img
initrd   /boot/initramfs-6.1.0.img \t
options root=UUID=abc rw
options "a b" quiet
unknown x
`;

describe("reading", () => {
  test("all that is known", () => {
    expect(parse(ENTRY)).toEqual({
      title: "Fedora Linux 42",
      version: "6.1.0",
      linux: "/boot/vmlinuz-6.1.0",
      initrd: ["/boot/ucode.img", "/boot/initramfs-6.1.0.img"],
      efi: null,
      options: 'root=UUID=abc rw "a b" quiet',
    });
  });

  test("nothing", () => {
    const nothing = { title: null, version: null, linux: null, initrd: [], efi: null, options: "" };
    expect(parse("")).toEqual(nothing);
    // A key is the start of a line, followed by white space.
    expect(parse("title\nlinux=/x\n efi /x\n#options x\n\tinitrd /x\nTitle x\nversions 1")).toEqual(nothing);
  });

  test("the first of several lines, empty or not; a last line without end; CR LF", () => {
    expect(parse("linux /a\r\nlinux /b\r\nefi /c")).toMatchObject({ linux: "/a", efi: "/c" });
    expect(parse("title \ntitle x\noptions \noptions y")).toMatchObject({ title: "", options: " y" });
    expect(parse("title\r\ntitle x\r\n")).toMatchObject({ title: "x" });
  });

  test("keys that objects of JavaScript have are keys like others", () => {
    expect(parse("__proto__ x\nconstructor y\ntitle z\n").title).toBe("z");
  });

  test("what is not UTF-8 is refused", () => {
    expect(() => parseBootEntry(Buffer.from("title \xe9\n", "latin1"))).toThrow(coded("BOOT_UTF8"));
    expect(() => addKarg(Buffer.from("title \xe9\n", "latin1"), "x")).toThrow(coded("BOOT_UTF8"));
  });
});

describe("an argument", () => {
  test.each([
    ["replaces the word of its key", `options rw composefs=old x\n`, `options rw ${KARG} x\n`],
    ["the first one", `options composefs=1 composefs=2\n`, `options ${KARG} composefs=2\n`],
    ["on whichever line", `options rw\noptions composefs=1\n`, `options rw\noptions ${KARG}\n`],
    ["with quotes in it", `options a composefs="1 2"3 b\n`, `options a ${KARG} b\n`],
    ["with quotes that do not end", `options a composefs="1 2\n`, `options a ${KARG}\n`],
    ["not within quotes", `options "composefs=1 composefs=2"\n`, `options "composefs=1 composefs=2" ${KARG}\n`],
    ["not another key", `options xcomposefs=1 composefs\n`, `options xcomposefs=1 composefs ${KARG}\n`],
    ["not on a line of another key", `title composefs=1\noptions a\n`, `title composefs=1\noptions a ${KARG}\n`],
    ["else is appended to the first line", "options a\noptions b\n", `options a ${KARG}\noptions b\n`],
    ["all white space stays", "\n\noptions\t a \t b\r\n\r\nx", `\n\noptions\t a \t b ${KARG}\r\n\r\nx`],
    ["to a line without end", "options a", `options a ${KARG}`],
    ["to an empty line", "options \n", `options  ${KARG}\n`],
    ["else gets a line", "title x\n", `title x\noptions ${KARG}\n`],
    ["after a line without end", "title x", `title x\noptions ${KARG}\n`],
    ["in an empty entry", "", `options ${KARG}\n`],
    ["a key without white space is none", "options\n", `options\noptions ${KARG}\n`],
    ["a key with white space before it is none", " options a\n", ` options a\noptions ${KARG}\n`],
  ])("%s", (_, before, after) => {
    expect(add(before, KARG)).toBe(after);
    expect(findKarg(parse(after).options, "sha256")?.digest).toBe(DIGEST);
    // It is its own replacement.
    expect(add(after, KARG)).toBe(after);
  });

  test("of either key", () => {
    const [long, short] = (["v1", "v2"] as const).map((format) => formatKarg(format, "sha256", DIGEST));
    const both = add(add("options a\n", long!), short!);
    expect(both).toBe(`options a ${long} ${short}\n`);
    expect(add(both, long!)).toBe(both);
  });

  test("without = is its own key", () => {
    expect(add("options rwx rw=1 ro\n", "rw")).toBe("options rwx rw=1 ro rw\n");
    expect(add("options rw ro\n", "rw")).toBe("options rw ro\n");
  });

  test("all other bytes stay", () => {
    const title = "title \ufeffé\0\x7f\v €\n";
    expect(add(`\ufeff${title}options a\n`, KARG)).toBe(`\ufeff${title}options a ${KARG}\n`);
    expect(add(ENTRY, KARG)).toBe(ENTRY.replace("abc rw", `abc rw ${KARG}`));
  });

  test("behind quotes without end it would not be read", () => {
    const error = expect.objectContaining({ code: "BOOT_QUOTE", data: { line: 2 } });
    expect(() => add('title "x\noptions a "b\n', KARG)).toThrow(error);
    // With the lines put together, the quotes of one end on the next.
    expect(() => add(`title x\noptions "a\noptions b" composefs=1\n`, KARG)).toThrow(error);
  });

  test.each(["", " ", "a b", " a", "a ", "a\n", 'a="b', "a\noptions b"])("not one word: %j", (karg) => {
    expect(() => add("options x\n", karg)).toThrow(RangeError);
  });

  test("may have white space in quotes", () => {
    expect(add("options x\n", 'y="a b"')).toBe('options x y="a b"\n');
  });
});

test("any entry: the words are the old ones with the argument in its place, and it is read back", () => {
  const random = new SplitMix64(5);
  const tokens = [
    "options ",
    "options\t",
    "title x",
    "composefs=1",
    "composefs=",
    '"a b"',
    "rw",
    " ",
    "\n",
    "\n",
    "\r\n",
    "é",
  ];
  for (let i = 0; i < 1500; i++) {
    const before = Array.from({ length: random.below(14) }, () => random.pick(tokens)).join("");
    const words = splitCmdline(parse(before).options);
    const place = words.findIndex((word) => word.startsWith("composefs="));
    const after = add(before, KARG);
    const found = splitCmdline(parse(after).options);
    if (place >= 0) expect(found).toEqual(words.with(place, KARG));
    else {
      expect(found).toHaveLength(words.length + 1);
      expect(found.filter((word) => word !== KARG)).toEqual(words);
    }
    // One piece was cut out, one was put in.
    const at = after.indexOf(KARG);
    expect(
      before.startsWith(
        after
          .slice(0, at)
          .trimEnd()
          .replace(/\n?options$/, ""),
      ),
    ).toBe(true);
    expect(add(after, KARG)).toBe(after);
  }
});

describe("the work is linear", () => {
  const size = 1024 * 1024;
  test.each([" ", "x", "\r", "\n", "options\n", "options x\n", '"" '])("1 MiB of %j", (unit) => {
    const long = unit.repeat(size / unit.length);
    for (const text of [`options ${long}\n`, `${long}options rw\n`, `title x${long}y\n`]) {
      expect(add(text, KARG)).toContain(KARG);
      expect(parse(text)).toHaveProperty("options");
    }
  });
});
