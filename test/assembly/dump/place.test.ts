/** Every refusal points at the field it names: by offset, by the text that it shows. */

import { describe, expect, it } from "vitest";
import { FIELD_XATTR } from "../../../assembly/abi.ts";
import { FIELD_NAMES } from "../../support/abi.mjs";
import { readFixture, vectors } from "../../support/fixtures.ts";
import { EngineStatus, RawEngine } from "../../support/raw-engine.mjs";

const engine = new RawEngine();

function refusal(dump: Uint8Array): EngineStatus {
  try {
    engine.parse([dump]);
  } catch (error) {
    if (error instanceof EngineStatus) return error;
    throw error;
  }
  throw new Error("accepted");
}

const numberOf = (field: string) => [...FIELD_NAMES].find(([, name]) => name === field)?.[0] ?? 0;

describe("the place of a refusal", () => {
  it.each(vectors.rejects.map(({ name, file }) => [name, file] as const))("%s", (_, file) => {
    const dump = Buffer.from(readFixture(file));
    const error = refusal(dump);
    const lines = dump.toString("latin1").split("\n");
    // Judged when the last line was read: the path or the target is shown, the offset is not known.
    if (error.offset === 0 && error.line > 1) {
      expect(lines[error.line - 1]).toContain(error.text.toString("latin1"));
      return;
    }
    const start = lines.slice(0, Math.max(0, error.line - 1)).join("\n").length + (error.line > 1 ? 1 : 0);
    const field = numberOf(error.field);
    if (field === 0) {
      expect(error.text).toHaveLength(0);
      // What is wrong with a line as a whole is placed at its beginning, a byte that may not be there at that byte.
      const byte = { DUMP_NUL_BYTE: "\0", DUMP_CR_LINE_END: "\r" }[error.code];
      const wanted = byte === undefined ? start : dump.indexOf(byte, start);
      expect(error.offset).toBe(error.line === 0 ? 0 : wanted);
      return;
    }
    const before = dump.toString("latin1", start, error.offset);
    const spaces = before.split(" ").length - 1;
    if (field < FIELD_XATTR) expect(spaces - (error.code === "DUMP_FIELD_MISSING" ? -1 : 0)).toBe(field - 1);
    else expect(spaces).toBeGreaterThanOrEqual(field - 1);
    const text = dump.toString("latin1", error.offset).split(/[ \n]/, 1)[0]!;
    expect(error.text.toString("latin1")).toBe(text.slice(0, 128));
  });

  it("names how many fields are wanted", () => {
    const root = "/ 0 40755 2 0 0 0 0.0 - - -\n";
    expect(refusal(Buffer.from(`${root}/f 0 100644 1\n`))).toMatchObject({ field: "uid", actual: 4n, limit: 11n });
    expect(refusal(Buffer.from(`${root}/f 0 @100644 1 0\n`))).toMatchObject({ field: "gid", actual: 5n, limit: 9n });
    expect(refusal(Buffer.from(`${root}/f`))).toMatchObject({ field: "size", actual: 1n, limit: 11n });
  });
});

describe("a refusal under every chunking", () => {
  const root = "/ 0 40755 2 0 0 0 0.0 - - -\n";
  const long = 262_144;
  const inputs: Array<[string, string]> = [
    ["a line too long", `${root}/${"a".repeat(300_000)} 0 100644 1 0 0 0 0.0 - - -\n`],
    ["one byte beyond the limit", `${root}${"a".repeat(long + 1)}\n`],
    ["a zero byte far beyond the limit", `${root}/${"a".repeat(300_000)}\0\n`],
    ["a zero byte just beyond the limit", `${root}${"a".repeat(long)}\0`],
    ["a zero byte at the limit", `${root}${"a".repeat(long - 1)}\0`],
    ["a zero byte in the next line", `${root}/f x\n\0`],
    ["an endless line", "a".repeat(2_000_000)],
  ];

  it.each(inputs)("%s", (_, text) => {
    const dump = Buffer.from(text, "latin1");
    const errors = [1000, 4096, 65_536, 70_000, long, long + 1, 1 << 20, dump.length].map((size) => {
      const chunks = [];
      for (let at = 0; at < dump.length; at += size) chunks.push(dump.subarray(at, at + size));
      try {
        engine.parse(chunks);
      } catch (error) {
        if (error instanceof EngineStatus) return { ...error };
        throw error;
      }
      throw new Error("accepted");
    });
    for (const error of errors) expect(error).toEqual(errors[0]);
  });
});
