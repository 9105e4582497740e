/** Canonical dumpfiles line by line, and read back into another engine. */
import { createHash } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { canonicalLines, type LineEdit, rereadCanonical } from "../../../src/explain/canonical.ts";
import { DumpJob } from "../../../src/image/job.ts";
import type { Tree } from "../../../src/image/tree.ts";
import { dumpOf, vectors } from "../../support/fixtures.ts";

function engine() {
  const taken = acquireEngineSync();
  onTestFinished(() => releaseEngine(taken));
  return taken;
}

function read(dump: Uint8Array): Tree {
  const job = new DumpJob(engine(), { strict: false, accelerator: "off" });
  job.write(dump);
  return job.end();
}

function text(tree: Tree): string {
  return [...canonicalLines(tree)].flat().join("\n").concat("\n");
}

const reread = (tree: Tree, edit?: LineEdit) => rereadCanonical(tree, engine(), "off", edit);

// Many pieces long.
const large = vectors.generated[0]!;

test("lines are whole, wherever pieces end", () => {
  const tree = read(dumpOf(large));
  expect(createHash("sha256").update(text(tree)).digest("hex")).toBe(large.canonical.sha256);
});

test("read back it is the same tree, with an edit or without", () => {
  const tree = read(dumpOf(large));
  const expected = text(tree);
  const same = reread(tree);
  expect(same.isChanged).toBe(false);
  expect(text(same.tree)).toBe(expected);
  const edited = reread(tree, (fields) => fields);
  expect(edited.isChanged).toBe(false);
  expect(text(edited.tree)).toBe(expected);
});

test("edits change and leave out lines", () => {
  const tree = read(
    Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n/b 0 100644 1 0 0 0 0.0 - - -\n"),
  );
  const without = reread(tree, (fields) => (fields[0] === "/a" ? undefined : fields));
  expect(without.isChanged).toBe(true);
  expect(text(without.tree)).toBe("/ 0 40755 2 0 0 0 0.0 - - -\n/b 0 100644 1 0 0 0 0.0 - - -\n");
  const last = reread(tree, (fields) => (fields[0] === "/b" ? [...fields, "user.k=v"] : fields));
  expect(last.isChanged).toBe(true);
  expect(text(last.tree)).toMatch(/\n\/b 0 100644 1 0 0 0 0\.0 - - - user\.k=v\n$/);
});

test("what an edit spoils is refused as a dumpfile", () => {
  const tree = read(Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n"));
  expect(() => reread(tree, () => undefined)).toThrow(expect.objectContaining({ code: "DUMP_EMPTY_INPUT" }));
});
