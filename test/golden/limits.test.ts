/**
 * Every limit at its value and one beyond, and trees whose shape is the attack.
 *
 * Nothing here may trap, hang or take memory out of proportion: bad input gets a status.
 */
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { generateDumpBytes } from "../support/generate-dump.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();
const engine = new RawEngine(module);
const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";

/** `OK`, or code, line and field of the refusal. An image is written when the tree is taken. */
function answer(lines: string, target = engine): string {
  try {
    target.build(Buffer.from(ROOT + lines, "latin1"), abi.FORMAT_AUTO);
    return "OK";
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    return `${error.code} ${error.line} ${error.field}`;
  }
}

const file = (fields: string, xattrs = "") => `/f ${fields}${xattrs}\n`;
const external = (size: bigint | number) => file(`${size} 100644 1 0 0 0 0.0 - - -`);
const inline = (size: number) => file(`${size} 100644 1 0 0 0 0.0 - ${"c".repeat(size)} -`);
const payload = (size: number) => file(`9 100644 1 0 0 0 0.0 ${"p".repeat(size)} - -`);
const symlink = (size: number) => file(`0 120777 1 0 0 0 0.0 ${"t".repeat(size)} - -`);
const xattr = (text: string) => file("0 100644 1 0 0 0 0.0 - - -", ` ${text}`);
const name = (size: number) => `/${"n".repeat(size)} 0 100644 1 0 0 0 0.0 - - -\n`;

/** Directories of 250 bytes each, then an entry that makes a path of `size` bytes. */
function path(size: number): string {
  let out = "";
  let at = "";
  while (size - at.length > 252) {
    at += `/${"d".repeat(249)}`;
    out += `${at} 0 40755 2 0 0 0 0.0 - - -\n`;
  }
  return `${out}${at}/${"e".repeat(size - at.length - 1)} 0 100644 1 0 0 0 0.0 - - -\n`;
}

/** Xattr text of exactly `size` escaped bytes that stays far below the budget. */
const xattrText = (size: number) => xattr(`user.a=${"\\x61".repeat((size - 7) >> 2)}${"b".repeat((size - 7) & 3)}`);
/** One xattr that costs `budget` as C counts: 12 + 7 + key + value. */
const xattrBudget = (budget: number) => xattr(`user.a=${"v".repeat(budget - 12 - 7 - 6)}`);

/** What, lines at the limit, lines one beyond, the refusal. */
const LIMITS: [string, string, string, string][] = [
  ["a name of NAME_MAX_BYTES", name(abi.NAME_MAX_BYTES), name(abi.NAME_MAX_BYTES + 1), "DUMP_NAME_TOO_LONG 2 path"],
  [
    "an escaped name",
    `/${"\\x6e".repeat(255)} 0 100644 1 0 0 0 0.0 - - -\n`,
    `/${"\\x6e".repeat(256)} 0 100644 1 0 0 0 0.0 - - -\n`,
    "DUMP_NAME_TOO_LONG 2 path",
  ],
  ["a path of PATH_MAX_BYTES", path(abi.PATH_MAX_BYTES), path(abi.PATH_MAX_BYTES + 1), "DUMP_PATH_TOO_LONG 18 path"],
  [
    "a payload of PAYLOAD_MAX_BYTES",
    payload(abi.PAYLOAD_MAX_BYTES),
    payload(abi.PAYLOAD_MAX_BYTES + 1),
    "DUMP_PAYLOAD_TOO_LONG 2 payload",
  ],
  [
    "a symlink target",
    symlink(abi.PAYLOAD_MAX_BYTES),
    symlink(abi.PAYLOAD_MAX_BYTES + 1),
    "DUMP_SYMLINK_TOO_LONG 2 payload",
  ],
  ["inline content", inline(abi.INLINE_MAX_BYTES), inline(abi.INLINE_MAX_BYTES + 1), "DUMP_CONTENT_TOO_LONG 2 content"],
  ["an external size", external(2n ** 53n), external(2n ** 53n + 1n), "DUMP_SIZE_TOO_LARGE 2 size"],
  ["an xattr key", xattr(`${"k".repeat(255)}=`), xattr(`${"k".repeat(256)}=`), "DUMP_XATTR_KEY_TOO_LONG 2 xattr"],
  [
    "xattr text",
    xattrText(abi.XATTR_TEXT_MAX_BYTES),
    xattrText(abi.XATTR_TEXT_MAX_BYTES + 1),
    "DUMP_XATTR_TEXT_TOO_LONG 2 xattr",
  ],
  [
    "the xattr budget",
    xattrBudget(abi.XATTR_BUDGET_BYTES),
    xattrBudget(abi.XATTR_BUDGET_BYTES + 1),
    "DUMP_XATTR_BUDGET 2 xattr",
  ],
  [
    "nlink",
    file("0 100644 4294967295 0 0 0 0.0 - - -"),
    file("0 100644 4294967296 0 0 0 0.0 - - -"),
    "DUMP_NUMBER_RANGE 2 nlink",
  ],
  [
    "uid",
    file("0 100644 1 4294967295 0 0 0.0 - - -"),
    file("0 100644 1 4294967296 0 0 0.0 - - -"),
    "DUMP_NUMBER_RANGE 2 uid",
  ],
  [
    "gid",
    file("0 100644 1 0 4294967295 0 0.0 - - -"),
    file("0 100644 1 0 4294967296 0 0.0 - - -"),
    "DUMP_NUMBER_RANGE 2 gid",
  ],
  [
    "rdev",
    file("0 20644 1 0 0 4294967295 0.0 - - -"),
    file("0 20644 1 0 0 4294967296 0.0 - - -"),
    "DUMP_NUMBER_RANGE 2 rdev",
  ],
  [
    "mode",
    file("0 37777700644 1 0 0 0 0.0 - - -"),
    file("0 40000100644 1 0 0 0 0.0 - - -"),
    "DUMP_NUMBER_RANGE 2 mode",
  ],
  [
    "size as a number",
    file("18446744073709551615 10644 1 0 0 0 0.0 - - -"),
    file("18446744073709551616 10644 1 0 0 0 0.0 - - -"),
    "DUMP_NUMBER_RANGE 2 size",
  ],
  [
    "seconds",
    file("0 100644 1 0 0 0 9223372036854775807.0 - - -"),
    file("0 100644 1 0 0 0 9223372036854775808.0 - - -"),
    "DUMP_NUMBER_RANGE 2 mtime",
  ],
  [
    "negative seconds",
    file("0 100644 1 0 0 0 -9223372036854775808.0 - - -"),
    file("0 100644 1 0 0 0 -9223372036854775809.0 - - -"),
    "DUMP_NUMBER_RANGE 2 mtime",
  ],
  [
    "nanoseconds",
    file("0 100644 1 0 0 0 0.999999999 - - -"),
    file("0 100644 1 0 0 0 0.1000000000 - - -"),
    "DUMP_NSEC_RANGE 2 mtime",
  ],
];

test.each(LIMITS)("%s", (_, inside, beyond, refusal) => {
  expect(answer(inside)).toBe("OK");
  expect(answer(beyond)).toBe(refusal);
});

test("the xattr budget counts what a later value of a key replaces once", () => {
  const half = "v".repeat(20000);
  expect(answer(xattr(`user.a=${half} user.a=${half} user.a=${half}`))).toBe("OK");
  expect(answer(xattr(`user.a=${half} user.b=${half}`))).toBe("DUMP_XATTR_BUDGET 2 xattr");
});

describe("lowered limits", () => {
  const lowered = (index: number, value: number): RawEngine => {
    const target = new RawEngine(module);
    expect(target.exports.setLimit(index, value)).toBe(abi.STATUS_OK);
    return target;
  };
  const entries = (count: number) =>
    Array.from({ length: count }, (_, i) => `/${i} 0 100644 1 0 0 0 0.0 - - -\n`).join("");

  test("entries, the root and hardlink names included", () => {
    const target = lowered(abi.LIMIT_ENTRIES, 10);
    expect(answer(entries(9), target)).toBe("OK");
    expect(answer(entries(10), target)).toBe("DUMP_TOO_MANY_ENTRIES 11 none");
    expect(answer(`${entries(9)}/l 0 @100644 - - - - 0.0 /1\n`, target)).toBe("DUMP_TOO_MANY_ENTRIES 11 none");
  });

  test("bytes of a line, without its LF", () => {
    const target = lowered(abi.LIMIT_LINE_BYTES, 100);
    const line = (length: number) => `/${"n".repeat(length - 28)} 0 100644 1 0 0 0 0.0 - - -`;
    expect(line(100).length).toBe(100);
    expect(answer(`${line(100)}\n`, target)).toBe("OK");
    expect(answer(line(100), target)).toBe("OK");
    expect(answer(`${line(101)}\n`, target)).toBe("DUMP_LINE_TOO_LONG 2 none");
    expect(answer(line(101), target)).toBe("DUMP_LINE_TOO_LONG 2 none");
  });

  test("an endless line stops at the default limit, however it arrives", () => {
    const target = new RawEngine(module);
    const chunk = Buffer.alloc(1000, "x");
    let written = 0;
    const endless = function* (): Generator<Uint8Array> {
      yield Buffer.from(`${ROOT}/`);
      for (; written < 1 << 30; written += chunk.length) yield chunk;
    };
    expect(() => target.parse(endless())).toThrow("DUMP_LINE_TOO_LONG");
    expect(written).toBeLessThan(abi.LIMIT_LINE_BYTES_DEFAULT + 2 * chunk.length);
    expect(target.memory.buffer.byteLength).toBeLessThan(16 << 20);
  });

  test("memory: a status at every size, never a trap, and a new job works", () => {
    const dump = generateDumpBytes("edges", 15000, 2);
    const bytes = new RawEngine(module).memory.buffer.byteLength;
    const codes = new Set<string>();
    for (let limit = bytes; !codes.has("OK") && limit < 256 << 20; limit = Math.ceil(limit * 1.05)) {
      const target = lowered(abi.LIMIT_MEMORY_BYTES, limit);
      let code = "OK";
      try {
        target.build(dump, abi.FORMAT_V1);
      } catch (error) {
        if (!(error instanceof EngineStatus)) throw error;
        code = error.code;
      }
      codes.add(code);
      expect(["OK", "ENGINE_MEMORY"]).toContain(code);
      // Memory grows by whole pages of 64 KiB.
      expect(target.memory.buffer.byteLength).toBeLessThan(Math.max(limit, bytes) + 65_536);
      expect(answer("", target)).toBe("OK");
    }
    expect([...codes].sort()).toEqual(["ENGINE_MEMORY", "OK"]);
  });
});

describe("hardlinks as an attack", () => {
  const COUNT = 100_000;
  const link = (from: number | string, to: number | string) => `/l${from} 0 @120000 - - - - 0.0 /${to} - -\n`;
  const links = (target: (i: number) => string) => Array.from({ length: COUNT }, (_, i) => link(i, target(i))).join("");
  const owner = "/f 0 100644 1 0 0 0 0.0 - - -\n";

  test("a chain of 100,000, forward and backward", () => {
    expect(answer(`${links((i) => (i + 1 < COUNT ? `l${i + 1}` : "f"))}${owner}`)).toBe("OK");
    expect(answer(`${owner}${links((i) => (i === 0 ? "f" : `l${i - 1}`))}`)).toBe("OK");
  });

  test("a chain that ends nowhere", () => {
    expect(answer(links((i) => (i + 1 < COUNT ? `l${i + 1}` : "nowhere")))).toMatch(/^DUMP_LINK_DANGLING \d+ payload$/);
  });

  test("a cycle of 100,000, and 100,000 links that lead into a cycle", () => {
    expect(answer(links((i) => `l${(i + 1) % COUNT}`))).toMatch(/^DUMP_LINK_CYCLE \d+ payload$/);
    expect(answer(`${links(() => "lx")}${link("x", "ly")}${link("y", "lx")}`)).toMatch(/^DUMP_LINK_CYCLE \d+ payload$/);
  });

  test("100,000 links to one file", () => {
    expect(answer(`${owner}${links(() => "f")}`)).toBe("OK");
  });
});

describe("shapes as an attack", () => {
  test("2,000 levels of directories", () => {
    let lines = "";
    for (let depth = 1; depth <= 2000; depth++) lines += `${"/d".repeat(depth)} 0 40755 2 0 0 0 0.0 - - -\n`;
    expect(answer(lines)).toBe("OK");
  });

  test("50,000 names in one directory in reverse order", () => {
    let lines = "/d 0 40755 2 0 0 0 0.0 - - -\n";
    for (let i = 49_999; i >= 0; i--) lines += `/d/n${String(i).padStart(6, "0")} 0 100644 1 0 0 0 0.0 - - -\n`;
    expect(answer(lines)).toBe("OK");
  });

  test("a claimed size costs nothing", () => {
    const target = new RawEngine(module);
    expect(answer(external(2n ** 53n), target)).toBe("OK");
    expect(target.memory.buffer.byteLength).toBeLessThan(16 << 20);
  });
});
