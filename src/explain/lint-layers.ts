/**
 * Rules on the layers of a container image: what the merged tree does not show any more, and what other tools read
 * differently (oci-to-tree.md 2, 4, 7).
 *
 * Some hazards need no rule, since such an image is refused: an entry whose directory is in no layer, or is a link or a
 * file; names that escape with `..`; hard links to nothing.
 */

import * as abi from "../../assembly/abi.ts";
import {
  CHARACTER_DEVICE,
  HARDLINK,
  layerEntries,
  OPAQUE_MARKER,
  REGULAR,
  splitPath,
  WHITEOUT_PREFIX,
} from "../image/layer-entries.ts";
import type { LayerRecords } from "../image/layer-records.ts";
import { type LintOptions, type LintReport, PLACES_DEFAULT, Tally, withFindings } from "./lint.ts";
import type { Rule } from "./lint-rule.ts";

type LayerRuleId =
  | "layer-own-marker"
  | "layer-odd-marker"
  | "layer-duplicate"
  | "layer-device-zero"
  | "layer-global-pax"
  | "layer-file-slash"
  | "layer-contiguous"
  | "layer-implied-parent"
  | "layer-link-below";

/** The rules; how they judge is in {@link lintLayers}. */
export const LAYER_RULES: ReadonlyArray<Rule & { id: LayerRuleId }> = [
  {
    id: "layer-own-marker",
    level: "warning",
    title: "whiteout that removes what its own layer put there before",
    reason:
      "composefs-rs lets it act in the order of the tar; the OCI specification and other tools on lower layers only.",
    advice: "Put whiteouts before the entries of a layer, or leave out what is removed again.",
  },
  {
    id: "layer-odd-marker",
    level: "warning",
    title: "name that begins with .wh. and is no plain whiteout",
    reason: "Some tools keep such entries, some take them for whiteouts, and some refuse them; here they do nothing.",
    advice:
      "A whiteout is an empty regular file .wh.NAME, or .wh..wh..opq. Other names with .wh..wh. are left over from aufs; " +
      "whiteouts of other types come from tools that do not know them.",
  },
  {
    id: "layer-duplicate",
    level: "warning",
    title: "path that is twice in one layer",
    reason: "The last entry counts, but a hard link or a whiteout between the two sees the first one.",
    advice: "Tools that append to a tar leave such layers behind. Write the layer anew.",
  },
  {
    id: "layer-device-zero",
    level: "warning",
    title: "character device 0:0 in a layer",
    reason: "Here it is an entry of the tree; where the layer is unpacked for overlayfs it deletes a name.",
    advice: "A layer deletes with .wh.NAME. The device comes from packing the upper directory of an overlay as it is.",
  },
  {
    id: "layer-global-pax",
    level: "warning",
    title: "global PAX header before this entry",
    reason: "It is ignored here, as by composefs-rs; for tar and other tools it changes the entries that follow.",
    advice: "git archive writes one with a comment, which is harmless. Otherwise write the layer with --format=gnu.",
  },
  {
    id: "layer-file-slash",
    level: "warning",
    title: "regular file whose name ends in a slash",
    reason: "Here it is a file; by the rule of old formats it is a directory, and tar unpacks it as one.",
    advice: "Write the layer anew, with type 5 for directories.",
  },
  {
    id: "layer-contiguous",
    level: "note",
    title: "entry of type 7, a contiguous file",
    reason: "Here it is a regular file; some tools refuse or skip it.",
    advice: "Write the layer anew, with type 0 for files.",
  },
  {
    id: "layer-implied-parent",
    level: "note",
    title: "directory that a layer leaves to lower ones",
    reason:
      "Alone this layer has a tree, and so a digest, only if the directory is made up, with mode 0755 and no time.",
    advice:
      "Let the layer have entries of all directories above what it brings, if digests of single layers are sealed.",
  },
  {
    id: "layer-link-below",
    level: "note",
    title: "hard link to a file of a lower layer",
    reason: "Alone this layer has no tree, and so no digest that could be sealed.",
    advice: "Most often a build step linked or renamed what it found. Copy the file into the layer if that matters.",
  },
];

/**
 * Judges the layers of an image.
 *
 * @param report what the merged tree gave
 * @param layers base first
 * @param options those of `lintTree`
 * @returns the report with the findings in layers; their origin is the layer, from 1
 */
export function lintLayers(report: LintReport, layers: readonly LayerRecords[], options: LintOptions): LintReport {
  const tallies = new Map(LAYER_RULES.map((rule) => [rule.id, new Tally(rule, options.max ?? PLACES_DEFAULT)]));
  layers.forEach((layer, i) => {
    const encoder = (path: string) => Uint8Array.from(`/${path}`, (c) => c.charCodeAt(0));
    judgeLayer(layer, (id, path, detail) => tallies.get(id)!.add(detail ?? true, encoder(path), i + 1));
  });
  return withFindings(report, [...tallies.values()], options);
}

function judgeLayer(layer: LayerRecords, tell: (id: LayerRuleId, path: string, detail?: string) => void): void {
  /** Paths that the layer has put there; directories above them. */
  const own = new Set<string>([""]);
  const above = new Set<string>();
  const implied = new Set<string>();
  for (const { path, type, rdev, flags, link } of layerEntries(layer)) {
    if (flags & abi.RECORD_FLAG_GLOBAL_PAX) tell("layer-global-pax", path);
    if (flags & abi.RECORD_FLAG_FILE_SLASH) tell("layer-file-slash", path);
    if (flags & abi.RECORD_FLAG_CONTIGUOUS) tell("layer-contiguous", path);
    const { parent, name } = splitPath(path);
    if (name.startsWith(WHITEOUT_PREFIX)) {
      const target = name.slice(WHITEOUT_PREFIX.length);
      const isOpaque = name === OPAQUE_MARKER;
      const removed = parent === "" ? target : `${parent}/${target}`;
      if (type !== REGULAR || (!isOpaque && /^(\.wh\..*)?$/s.test(target))) tell("layer-odd-marker", path);
      else if (isOpaque ? above.has(parent) : own.has(removed)) tell("layer-own-marker", path);
      continue;
    }
    if (path !== "" && own.has(path)) tell("layer-duplicate", path);
    if (type === CHARACTER_DEVICE && rdev === 0) tell("layer-device-zero", path);
    if (type === HARDLINK && !own.has(link)) tell("layer-link-below", path);
    if (!own.has(parent) && !implied.has(parent)) {
      implied.add(parent);
      tell("layer-implied-parent", parent);
    }
    own.add(path);
    for (let end = path.lastIndexOf("/"); path !== ""; end = path.lastIndexOf("/", end - 1)) {
      const directory = path.slice(0, Math.max(end, 0));
      if (above.has(directory)) break;
      above.add(directory);
      if (end <= 0) break;
    }
  }
}
