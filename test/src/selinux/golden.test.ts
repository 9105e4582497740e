/** What the reference labelled: `selabel` of oci-golden.json; its fields are explained there. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { policyName } from "../../../src/selinux/config.ts";
import type { ContextFile } from "../../../src/selinux/policy.ts";
import type { SubjectType } from "../../../src/selinux/rules.ts";
import { bytesOf, labelsOf, policyOf, textOf, treeOf } from "./trees.ts";

interface Vector {
  note: string;
  policy: Partial<Record<ContextFile, string>> | null;
  tree: string[];
  labels: Record<string, string | null>;
}

const file = new URL("../../fixtures/oci/oci-golden.json", import.meta.url);
const vectors: Vector[] = JSON.parse(readFileSync(file, "utf8")).selabel;
const TYPES: Record<string, SubjectType> = { d: "d", f: "-", l: "l", b: "b", c: "c", p: "p" };

describe("labels of the reference", () => {
  expect(vectors).toHaveLength(9);
  for (const { note, policy, tree, labels } of vectors.filter((vector) => vector.policy !== null)) {
    test(note, () => {
      const types = new Map<string, SubjectType>();
      for (const line of tree) {
        const [kind, path, target] = line.split(" ") as [string, string, string];
        // A further name of a hard link has the type of its inode.
        types.set(`/${path}`, kind === "h" ? types.get(`/${target}`)! : TYPES[kind]!);
      }
      for (const path of ["/etc", "/boot", "/sysroot"]) types.set(path, "d");
      const entries = treeOf([...types].map(([path, type]) => ({ path, type })));
      const found = labelsOf(policyOf(policy!), entries);
      expect(Object.fromEntries(Object.keys(labels).map((path) => [path, found.get(path)]))).toEqual(labels);
    });
  }

  test("the policy of these vectors is the one that their config names, and without a line there is none", () => {
    expect(textOf(policyName(bytesOf("SELINUXTYPE=targeted\n"))!)).toBe("targeted");
    expect(policyName(bytesOf(""))).toBeNull();
  });
});
