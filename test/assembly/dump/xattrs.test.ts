/** Xattr tokens: order, keys given twice, the budget that C keeps (dumpfile.md 3.4 and 4). */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAll } from "../../support/cursor.ts";
import { EngineStatus, RawEngine } from "../../support/raw-engine.mjs";

const engine = new RawEngine();

function read(tokens: string[]): Array<[string, string]> | string {
  const line = `/ 0 40755 2 0 0 0 0.0 - - - ${tokens.join(" ")}\n`;
  try {
    engine.parse([Buffer.from(line, "latin1")]);
  } catch (error) {
    if (error instanceof EngineStatus) return error.code;
    throw error;
  }
  engine.check(engine.exports.cursorOpen());
  return readAll(engine)[0]!.xattrs;
}

/** C's counter, a step at a time (dumpfile.md 4): null when a step exceeds it. */
function budget(tokens: Array<[string, string]>): Map<string, string> | null {
  const held = new Map<string, string>();
  let counter = 0;
  for (const [key, value] of tokens) {
    const old = held.get(key);
    if (old !== undefined) {
      held.delete(key);
      counter = held.size === 0 ? 0 : counter - (7 + key.length + old.length);
    }
    counter += 7 + key.length + value.length + (held.size === 0 ? 12 : 0);
    if (counter > 32767) return null;
    held.set(key, value);
  }
  return held;
}

const byKey = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : a > b ? 1 : 0);

describe("xattrs", () => {
  it("come out sorted, the last value of a key winning", () => {
    const key = fc.oneof(
      fc.constantFrom(
        "a",
        "b",
        "user.x",
        "user.xx",
        "trusted.overlay.x",
        "trusted.overlay.overlay.x",
        "trusted.overlay",
      ),
      fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 12 }),
    );
    const value = fc.string({ unit: fc.constantFrom("x", "=", "-"), maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 40 }), (tokens) => {
        expect(read(tokens.map(([k, v]) => `${k}=${v}`))).toEqual([...new Map(tokens)].sort(byKey));
      }),
      { numRuns: 500 },
    );
  });

  it("are counted as C counts them, also when a key is given again", () => {
    const token = fc.tuple(
      fc.constantFrom("a", "b", "c"),
      fc.integer({ min: 0, max: 33000 }).map((length) => "v".repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 4 }), (tokens) => {
        fc.pre(tokens.reduce((sum, [k, v]) => sum + k.length + v.length + 2, -1) <= 65535);
        const held = budget(tokens);
        expect(read(tokens.map(([k, v]) => `${k}=${v}`))).toEqual(held ? [...held].sort(byKey) : "DUMP_XATTR_BUDGET");
      }),
      { numRuns: 300 },
    );
  });

  it("stop at the budget and not before", () => {
    expect(read([`a=${"v".repeat(32767 - 12 - 8)}`])).not.toBeTypeOf("string");
    expect(read([`a=${"v".repeat(32767 - 12 - 7)}`])).toBe("DUMP_XATTR_BUDGET");
    const many = Array.from({ length: 3600 }, (_, i) => `${String.fromCharCode(33 + (i % 60), 97 + i / 60)}=`);
    const fitting = many.filter((token) => !/[=\\]./.test(token)).slice(0, 3639);
    expect(read(fitting)).toHaveLength(fitting.length);
  });

  it("keep every byte", () => {
    const bytes = Array.from({ length: 256 }, (_, i) => `\\x${i.toString(16).padStart(2, "0")}`).join("");
    const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
    expect(read([`user.\\x3d=${bytes}`])).toEqual([["user.=", all]]);
  });
});
