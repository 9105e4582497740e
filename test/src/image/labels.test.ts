/** Labels in the engine, against a twin that edits the lines of the canonical dumpfile. */
import { describe, expect, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { labelTree } from "../../../src/image/labels.ts";
import type { Tree } from "../../../src/image/tree.ts";
import type { Policy } from "../../../src/selinux/policy.ts";
import { layeredImage } from "../../support/layered.ts";
import { golden, layersOf, titleOf } from "../../support/oci/golden.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";

const LABELS = ["a_t", "b_t:s0", "c_t:s0-s15"];

/** A policy that draws the label of each entry. */
function drawing(seed: number): { policy: Policy; drawn: number[] } {
  const random = new SplitMix64(seed);
  const drawn: number[] = [];
  const label = () => {
    random.next();
    drawn.push(random.low % (LABELS.length + 1));
    return drawn.at(-1)!;
  };
  const labels = LABELS.map((text) => new TextEncoder().encode(text));
  return { policy: { labels, ruleCount: 0, walk: () => ({ label }) } as unknown as Policy, drawn };
}

function linesOf(tree: Tree): string[] {
  return Buffer.concat([...tree.canonicalDump()].map((piece) => Buffer.from(piece)))
    .toString("latin1")
    .trimEnd()
    .split("\n");
}

/** The lines of the labelled tree (boot-transform.md 3.5). */
function twin(lines: readonly string[], drawn: readonly number[]): string[] {
  const rows = lines.map((line) => line.split(" "));
  const owners = new Map<string, { row: string[]; label: number; split: number }>();
  const labelled = (row: string[], label: number) => {
    const xattrs = row.slice(11).filter((xattr) => !xattr.startsWith("security.selinux="));
    if (label > 0) xattrs.push(`security.selinux=${LABELS[label - 1]}`);
    const key = (xattr: string) => xattr.slice(0, xattr.indexOf("="));
    return [...row.slice(0, 11), ...xattrs.sort((a, b) => (key(a) < key(b) ? -1 : 1))];
  };
  const out = rows.map((row, i) => {
    const label = drawn[i]!;
    if (!row[2]!.startsWith("@")) {
      const copy = labelled(row, label);
      owners.set(row[0]!, { row: copy, label, split: 0 });
      return copy;
    }
    const owner = owners.get(row[8]!)!;
    if (owner.label === label) return row;
    owner.split++;
    const copy = labelled([row[0]!, ...owner.row.slice(1)], label);
    copy[3] = "1";
    return copy;
  });
  for (const { row, split } of owners.values()) if (split > 0) row[3] = String(Number(row[3]) - split);
  return out.map((row) => row.join(" "));
}

const images = golden.images.filter(
  ({ image, scale }) => scale === 1 && ["links", "random", "xattrs", "boot", "merge"].includes(image),
);

describe("against the twin", () => {
  test.each(images.map((image) => [titleOf(image), image] as const))("%s", async (_, image) => {
    const trees = layeredImage(layersOf(image));
    let splits = 0;
    for (const transform of [null, "keep-user-xattrs"] as const) {
      for (let seed = 1; seed <= 5; seed++) {
        const engine = acquireEngineSync();
        const before = await trees.tree(engine, { role: "merged", transform }, "sha256");
        const lines = linesOf(before);
        const { policy, drawn } = drawing(seed);
        const after = labelTree(engine, before, policy, "off");
        expect(linesOf(after)).toEqual(twin(lines, drawn));
        splits += before.counts.hardlinks - after.counts.hardlinks;
        // Counts are those of the tree: a second reading finds the same.
        const files = [...after.openCursor().entries()];
        expect(after.counts.hardlinks).toBe(files.filter(({ type }) => type === "hardlink").length);
        expect(after.counts.inlineFiles).toBe(files.filter(({ content }) => content !== undefined).length);
        expect(after.counts.externalFiles).toBe(files.filter(({ digest }) => digest !== undefined).length);
        releaseEngine(engine);
      }
    }
    if (image.image === "links") expect(splits).toBeGreaterThan(0);
  });
});
