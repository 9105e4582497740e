/** Property: the order of the lines does not matter as long as parents come before children. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { FORMAT_AUTO, FORMAT_V2 } from "../../assembly/abi.ts";
import { dumpOf, vectors } from "../support/fixtures.ts";
import { generateDumpBytes } from "../support/generate-dump.mjs";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";

const engine = new RawEngine(compileEngine());

interface Entry {
  line: string;
  children: Entry[];
}

/** Lines as a tree of entries; names and parents are compared in escaped form, as the fixtures spell them. */
function readEntries(dump: string): Entry {
  const byPath = new Map<string, Entry>();
  for (const line of dump.split("\n").filter((text) => text !== "")) {
    const path = line.slice(0, line.indexOf(" "));
    const entry = { line, children: [] };
    byPath.set(path, entry);
    if (path === "/") continue;
    const parent = byPath.get(path.slice(0, path.lastIndexOf("/")) || "/");
    if (parent === undefined) throw new Error(`no parent for ${path}`);
    parent.children.push(entry);
  }
  return byPath.get("/")!;
}

/** All lines, always taking a random one among those whose parent is written. `picks` decides. */
function shuffle(root: Entry, picks: readonly number[]): string {
  const lines: string[] = [];
  const ready = [root];
  for (let i = 0; ready.length > 0; i++) {
    const at = picks[i % picks.length]! % ready.length;
    const entry = ready[at]!;
    ready[at] = ready[ready.length - 1]!;
    ready.pop();
    lines.push(entry.line);
    ready.push(...entry.children);
  }
  return `${lines.join("\n")}\n`;
}

const inputs: [string, Uint8Array][] = [
  ...vectors.vectors
    .filter(({ name }) => /^(random|mixed|bfs|deep|dir-|hardlink|shared|stub|whiteout)/.test(name))
    .map((vector): [string, Uint8Array] => [vector.name, dumpOf(vector)]),
  ["generated", generateDumpBytes("edges", 6000, 3)],
];

test.each(inputs)("%s", (name, dump) => {
  const root = readEntries(Buffer.from(dump).toString("latin1"));
  const build = (text: Uint8Array, format: number) => engine.build(text, format).image;
  const expected = build(dump, FORMAT_AUTO);
  // V2 numbers hardlinked inodes by the first name in the tree, not by the owning line: it holds there too.
  const withV2 = vectors.vectors.find((vector) => vector.name === name)?.v2 !== undefined;
  const expectedV2 = withV2 ? build(dump, FORMAT_V2) : undefined;
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 300 }), (picks) => {
      const shuffled = Buffer.from(shuffle(root, picks), "latin1");
      expect(build(shuffled, FORMAT_AUTO).equals(expected)).toBe(true);
      if (expectedV2 !== undefined) expect(engine.image(FORMAT_V2).image.equals(expectedV2)).toBe(true);
    }),
    { numRuns: name === "generated" ? 8 : 15 },
  );
});
