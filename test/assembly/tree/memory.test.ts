/**
 * Memory grows with entries, xattrs and the bytes of what is kept, by the constants of abi.ts: a job that is given just
 * that much must succeed, in all formats.
 */

import { describe, expect, it } from "vitest";
import {
  FORMAT_V1,
  FORMAT_V2,
  LIMIT_MEMORY_BYTES,
  LIMIT_MEMORY_BYTES_DEFAULT,
  MEMORY_BASE_BYTES,
  MEMORY_PER_RECORD_BYTES,
  MEMORY_PER_TEXT_BYTE,
  STATUS_ENGINE_MEMORY,
} from "../../../assembly/abi.ts";
import { generateDumpBytes } from "../../support/generate-dump.mjs";
import { readDumpNaively } from "../../support/naive/dump.ts";
import { EngineStatus, RawEngine } from "../../support/raw-engine.mjs";

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const many = (count: number, line: (i: number) => string) =>
  Buffer.from(ROOT + Array.from({ length: count }, (_, i) => line(i)).join(""));
const hex = (i: number, digits: number) => (i * 2654435761).toString(16).padStart(digits, "0");

const shapes: Array<[string, () => Uint8Array]> = [
  ["an ordinary tree", () => generateDumpBytes("distro", 30_000, 12)],
  ["a tree on every limit", () => generateDumpBytes("edges", 8000, 13)],
  ["empty files", () => many(40_000, (i) => `/${i} 0 100644 1 0 0 0 0.0 - - -\n`)],
  ["empty files, reversed", () => many(40_000, (i) => `/${99_999 - i} 0 100644 1 0 0 0 0.0 - - -\n`)],
  ["directories", () => many(40_000, (i) => `/${i} 0 40755 2 0 0 0 0.0 - - -\n`)],
  [
    "hardlinks",
    () => many(40_000, (i) => (i ? `/${i} 0 @100644 - - - - 0.0 /0\n` : "/0 0 100644 1 0 0 0 0.0 - - -\n")),
  ],
  ["SHA-512 objects", () => many(40_000, (i) => `/${i} 9 100644 1 0 0 0 0.0 - - ${hex(i, 128)}\n`)],
  ["free payloads", () => many(40_000, (i) => `/${i} 9 100644 1 0 0 0 0.0 x${i} - -\n`)],
  ["tiny unique xattrs", () => many(15_000, (i) => `/${i} 0 100644 1 0 0 0 0.0 - - - a=${i} b=${i} c=${i} d=${i}\n`)],
  ["tiny unique keys", () => many(15_000, (i) => `/${i} 0 100644 1 0 0 0 0.0 - - - a${i}= b${i}= c${i}= d${i}=\n`)],
  ["whiteouts", () => many(40_000, (i) => `/${i} 0 20000 1 0 0 0 0.0 - - -\n`)],
];

/** Entries and xattrs, and bytes of text, that the engine keeps. */
function cost(dump: Uint8Array): number {
  const entries = readDumpNaively(dump);
  let records = entries.length;
  let text = 0;
  for (const entry of entries) {
    records += entry.xattrs.length;
    text +=
      entry.name.length + (entry.target ?? "").length + (entry.payload ?? "").length + (entry.content ?? "").length;
    for (const [key, value] of entry.xattrs) text += key.length + value.length;
  }
  return records * MEMORY_PER_RECORD_BYTES + text * MEMORY_PER_TEXT_BYTE;
}

describe("memory", () => {
  it.each(shapes)("of %s stays within the constants", (_, make) => {
    const dump = make();
    const engine = new RawEngine();
    expect(engine.memory.buffer.byteLength).toBe(MEMORY_BASE_BYTES);
    const limits = { [LIMIT_MEMORY_BYTES]: MEMORY_BASE_BYTES + cost(dump) };
    engine.parse([dump], { limits });
    for (const format of [FORMAT_V1, FORMAT_V2, FORMAT_V1]) {
      try {
        engine.image(format);
      } catch (error) {
        // Some shapes are not for V2; memory is never the reason.
        if (!(error instanceof EngineStatus) || error.code.startsWith("ENGINE_")) throw error;
      }
    }
    engine.check(engine.exports.cursorOpen());
  });

  it("that is refused gives a status at whatever point, and the instance works on", () => {
    const dump = generateDumpBytes("distro", 20_000, 5);
    const engine = new RawEngine();
    const whole = engine.build(dump, FORMAT_V1).image;
    const statuses = new Set<number>();
    for (let bytes = MEMORY_BASE_BYTES; ; bytes += 131_072) {
      const fresh = new RawEngine();
      try {
        const { image } = fresh.build(dump, FORMAT_V1, [], { limits: { [LIMIT_MEMORY_BYTES]: bytes } });
        expect(image.equals(whole)).toBe(true);
        break;
      } catch (error) {
        if (!(error instanceof EngineStatus)) throw error;
        statuses.add(error.status);
        fresh.exports.setLimit(LIMIT_MEMORY_BYTES, LIMIT_MEMORY_BYTES_DEFAULT);
        expect(fresh.build(dump, FORMAT_V1).image.equals(whole)).toBe(true);
      }
    }
    expect([...statuses]).toEqual([STATUS_ENGINE_MEMORY]);
  });
});
