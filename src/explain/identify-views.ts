/**
 * All trees that a container image makes, by name: whoever has a digest often does not know of which one it is.
 */

import { TRANSFORM_REVISIONS, XATTR_MODES } from "../image/merge.ts";
import type { View } from "../image/view.ts";

/** A tree of a container image under the name that it has in the output. */
export interface NamedView {
  id: string;
  view: View;
  text: string;
  reason: string;
}

/** All trees of a container image (oci-to-tree.md 5 and 7, boot-transform.md): the mode of a digest is often not known. */
export function allViews(layerCount: number): NamedView[] {
  const merged = XATTR_MODES.map((transform): NamedView => {
    const reason = "composefs-rs transforms images in either mode";
    return { id: transform, view: { role: "merged", transform }, text: `OCI transform, xattrs ${transform}`, reason };
  });
  const untransformed: NamedView = {
    ...{ id: "untransformed", view: { role: "merged", transform: null }, text: "no transform" },
    reason: "a tool may leave the tree as the layers make it",
  };
  const bootable = TRANSFORM_REVISIONS.flatMap((revision) =>
    XATTR_MODES.map((transform): NamedView => {
      const id = `bootable-${transform}${revision === 1 ? "" : `-revision-${revision}`}`;
      const text = `bootable, xattrs ${transform}, boot transform revision ${revision}`;
      const reason = "kernel images name the bootable tree";
      return { id, view: { role: "bootable", transform, revision }, text, reason };
    }),
  );
  const layers = Array.from({ length: layerCount }, (_, i): NamedView => {
    const reason = "sealed images carry digests of single layers, too";
    return { id: `layer-${i + 1}`, view: { role: "layer", layer: i + 1 }, text: `layer ${i + 1} alone`, reason };
  });
  return [...merged, untransformed, ...bootable, ...layers];
}
