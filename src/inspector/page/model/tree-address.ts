/**
 * The chosen tree in addresses, `?tree=bootable.allowlist-only.2`, so that who gets one sees the tree that its sender saw.
 *
 * Links between views do not name it: an address without a tree means the one that is shown, and is completed as soon as
 * it is there, unless that is the tree which an image is shown with at first.
 */

import { useEffect } from "preact/hooks";
import { TRANSFORM_REVISIONS, XATTR_MODES } from "../../../image/merge.ts";
import type { Side, TreeView } from "../../protocol.ts";
import { parseRoute, type Route } from "./route.ts";
import { go, replace } from "./use-route.ts";
import { useSession, useSides } from "./use-session.ts";

/** What stands for the tree that the layers leave, without a transform. */
const NO_TRANSFORM = "none";

/** A tree as addresses have it: `merged.none`, `layer.2`. */
export function treeText({ role, layer, transform, revision }: TreeView): string {
  if (role === "layer") return `layer.${layer}`;
  const mode = transform ?? NO_TRANSFORM;
  return role === "bootable" ? `bootable.${mode}.${revision}` : `merged.${mode}`;
}

/** Reads a tree of an address. @returns null for anything that is none */
export function parseTree(text: string): TreeView | null {
  const [role, first = "", second, ...more] = text.split(".");
  const plain = { layer: null, transform: null, revision: TRANSFORM_REVISIONS[0]! };
  if (more.length > 0) return null;
  if (role === "layer" && second === undefined && /^[1-9]\d{0,5}$/.test(first)) {
    return { ...plain, role, layer: Number(first) };
  }
  const transform = first === NO_TRANSFORM ? null : XATTR_MODES.find((mode) => mode === first);
  if (transform === undefined) return null;
  if (role === "merged" && second === undefined) return { ...plain, role, transform };
  const revision = TRANSFORM_REVISIONS.find((one) => String(one) === second);
  if (role !== "bootable" || transform === null || revision === undefined) return null;
  return { role, layer: null, transform, revision };
}

/** Shows the tree that the address names, and names in it the one that is shown. */
export function useTreeAddress(route: Route): void {
  const session = useSession();
  const state = useSides()[route.side];
  useEffect(() => {
    if (state.state !== "open" || state.opened.view === null) return;
    const { view, viewOptions } = state.opened;
    const shown = treeText(view);
    if (route.tree === undefined) {
      if (viewOptions.length > 0) replace({ ...route, tree: shown });
      return;
    }
    if (route.tree === shown) return;
    const wanted = parseTree(route.tree);
    const keep = () => replace({ ...route, tree: shown });
    if (wanted === null) keep();
    else session.show(route.side, wanted).catch(keep);
    // Not when another tree is shown: whoever shows it has the address follow.
  }, [route, state.state]);
}

/** Names the tree that is shown before another one is chosen, so that back leads to it. */
export function keepTree(side: Side, shown: TreeView): void {
  const route = parseRoute(location.hash);
  if (route.side === side) replace({ ...route, tree: treeText(shown) });
}

/** Has the address follow a choice, with a way back. */
export function goToTree(side: Side, chosen: TreeView): void {
  const route = parseRoute(location.hash);
  if (route.side === side) go({ ...route, tree: treeText(chosen) });
}
