/**
 * The way from a path to its directory keeps the previous line's path; whatever the order of the lines, the tree must be
 * the one that a reader without memory makes.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAll } from "../../support/cursor.ts";
import { readDumpNaively } from "../../support/naive/dump.ts";
import { RawEngine } from "../../support/raw-engine.mjs";

const engine = new RawEngine();

const quote = (name: string) =>
  Array.from(name, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");

/** Names that share beginnings with one another, with the dots and with what lies beside a slash in ASCII. */
const name = fc.oneof(
  fc.constantFrom("a", "aa", "aaa", "ab", "b", "!", "+", "-", ".-", "...", "..a", ".a", "a.b", "a-", "a0", "0"),
  fc.string({ unit: fc.constantFrom("a", "b", "\x01", "\xff"), minLength: 1, maxLength: 20 }),
  fc.constantFrom("n".repeat(255), `${"n".repeat(254)}m`, "n".repeat(8), "n".repeat(16)),
);

/** A random tree as paths, every directory before what it holds, otherwise in random order. */
const paths = fc.array(fc.tuple(fc.nat(), name, fc.boolean(), fc.boolean()), { maxLength: 60 }).map((steps) => {
  const directories = [""];
  const seen = new Set<string>();
  const lines: Array<{ path: string; isDirectory: boolean; escaped: boolean }> = [];
  for (const [where, leaf, isDirectory, escaped] of steps) {
    const path = `${directories[where % directories.length]}/${leaf}`;
    if (seen.has(path) || path.length > 4000) continue;
    seen.add(path);
    if (isDirectory) directories.push(path);
    lines.push({ path, isDirectory, escaped });
  }
  return lines;
});

describe("paths", () => {
  it("lead to the same tree as without memory of the previous line", () => {
    fc.assert(
      fc.property(paths, (lines) => {
        const text = lines.map(({ path, isDirectory, escaped }) => {
          const mode = isDirectory ? "40755" : "100644";
          // Plain where the format allows it, else every byte escaped: both ways give the same path.
          const plain = path.split("/").map((part) => (escaped ? quote(part) : part));
          return `${plain.join("/")} 0 ${mode} 1 0 0 0 0.0 - - -\n`;
        });
        const dump = Buffer.from(`/ 0 40755 2 0 0 0 0.0 - - -\n${text.join("")}`, "latin1");
        engine.parse([dump]);
        engine.check(engine.exports.cursorOpen());
        const shown = readAll(engine).map(({ name, line, parent }) => ({ name, line, parent }));
        const entries = readDumpNaively(dump);
        const indexOf = new Map(entries.map((entry, index) => [entry.path, index]));
        const wanted = entries.map(({ path, name, line }) => ({
          name,
          line,
          parent: indexOf.get(path.slice(0, path.lastIndexOf("/")) || "/")!,
        }));
        expect(shown).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it("may be as deep as they may be long", () => {
    const lines = ["/ 0 40755 2 0 0 0 0.0 - - -\n"];
    for (let path = "/d"; path.length <= 4096; path += "/d") lines.push(`${path} 0 40755 2 0 0 0 0.0 - - -\n`);
    engine.parse([Buffer.from(lines.join(""))]);
    engine.check(engine.exports.cursorOpen());
    expect(readAll(engine).map(({ index, parent }) => parent === Math.max(0, index - 1))).not.toContain(false);
    expect(lines.length).toBe(2049);
  });
});
