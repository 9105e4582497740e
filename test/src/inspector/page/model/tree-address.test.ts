/** Trees in addresses. */
import { expect, test } from "vitest";
import { TRANSFORM_REVISIONS, XATTR_MODES } from "../../../../../src/image/merge.ts";
import { parseTree, treeText } from "../../../../../src/inspector/page/model/tree-address.ts";
import type { TreeView } from "../../../../../src/inspector/protocol.ts";

const trees: TreeView[] = [
  { role: "layer", layer: 1, transform: null, revision: 1 },
  { role: "layer", layer: 127, transform: null, revision: 1 },
  ...[null, ...XATTR_MODES].map((transform): TreeView => ({ role: "merged", layer: null, transform, revision: 1 })),
  ...XATTR_MODES.flatMap((transform) =>
    TRANSFORM_REVISIONS.map((revision): TreeView => ({ role: "bootable", layer: null, transform, revision })),
  ),
];

test.each(trees.map((tree) => [treeText(tree), tree] as const))("%s", (text, tree) => {
  expect(parseTree(text)).toEqual(tree);
});

test.each([
  "",
  "layer",
  "layer.0",
  "layer.-1",
  "layer.1.1",
  "layer.1234567",
  "merged",
  "merged.all",
  "merged.none.1",
  "bootable.none.1",
  "bootable.allowlist-only",
  "bootable.allowlist-only.3",
  "bootable.allowlist-only.1.1",
  "config.none",
])("%s is none", (text) => {
  expect(parseTree(text)).toBeNull();
});
