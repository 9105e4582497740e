/**
 * Rules on what boots: images that are made to boot and cannot, or not as they are meant to (boot-transform.md 2 to 5).
 *
 * What lies in /boot, where the bootable tree leaves it out, is a matter of the rules of trees (rules-places.ts).
 */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { TRANSFORM_REVISIONS, XATTR_MODES } from "../image/merge.ts";
import type { LayeredImage } from "../image/view.ts";
import { readBootFiles } from "./boot.ts";
import { type LintOptions, type LintReport, PLACES_DEFAULT, Tally, withFindings } from "./lint.ts";
import type { Rule } from "./lint-rule.ts";

type BootRuleId = "boot-inside" | "boot-no-tree" | "boot-policy" | "boot-no-label";

/** The rules; how they judge is in {@link lintBoot}. */
export const BOOT_RULES: ReadonlyArray<Rule & { id: BootRuleId }> = [
  {
    id: "boot-inside",
    level: "error",
    title: "kernel image below /usr/lib/modules that names an image",
    reason: "It is part of the tree whose digest it would have to carry, so it names another one.",
    advice: "Move it to /boot/EFI/Linux, which the bootable tree leaves out, or take the argument away.",
  },
  {
    id: "boot-no-tree",
    level: "error",
    title: "image with a kernel that has no bootable tree",
    reason: "Without the directories /boot and /sysroot there is no digest that a kernel image could name.",
    advice: "Add both as empty directories in a layer. If the image is never booted, ignore this rule.",
  },
  {
    id: "boot-policy",
    level: "error",
    title: "SELinux policy that cannot be read",
    reason: "No label can be computed from it, so the image has no bootable tree.",
    advice: "The detail names the file and the line. Without SELINUXTYPE in /etc/selinux/config there is no policy.",
  },
  {
    id: "boot-no-label",
    level: "error",
    title: "SELinux policy of which no rule matches anything",
    reason: "The bootable tree has no labels, and a system that enforces the policy does not come up.",
    advice: "Look at file_contexts: it is empty, cut short, or of paths that the image does not have.",
  },
];

const encode = (path: string) => new TextEncoder().encode(path);
const CONFIG = "/etc/selinux/config";

/**
 * Judges what boots of an image.
 *
 * @param report what trees and layers gave
 * @param hash of the objects, which were computed of the layers
 * @param options those of `lintTree`
 * @returns the report with what was found; origins are layers, from 1, or 0 for what is in none
 * @throws {ComposefsError} ENGINE_MEMORY, and what reading a content gives
 */
export async function lintBoot(
  report: LintReport,
  trees: LayeredImage,
  hash: HashName,
  options: LintOptions,
): Promise<LintReport> {
  const tallies = new Map(BOOT_RULES.map((rule) => [rule.id, new Tally(rule, options.max ?? PLACES_DEFAULT)]));
  const tell = (id: BootRuleId, path: Uint8Array, detail?: string) => tallies.get(id)!.add(detail ?? true, path, 0);
  const files = await readBootFiles(trees, hash);
  for (const { path, verdict, arguments: words } of files) {
    if (verdict === "inside" && words.length > 0) tell("boot-inside", path, words[0]!.word);
  }
  const engine = await acquireEngine();
  try {
    const view = { role: "bootable", transform: XATTR_MODES[0]!, revision: TRANSFORM_REVISIONS[0]! } as const;
    const tree = await trees.tree(engine, view, hash);
    if (trees.policy != null && !hasLabel(tree.openCursor().entries())) tell("boot-no-label", encode(CONFIG));
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    const isKernel = files.some(({ kind }) => kind !== "problem");
    if (error.code.startsWith("SELINUX_")) tell("boot-policy", encode(CONFIG), error.message);
    else if (!error.code.startsWith("LAYER_")) throw error;
    else if (isKernel) tell("boot-no-tree", encode("/"), error.message);
  } finally {
    releaseEngine(engine);
  }
  return withFindings(report, [...tallies.values()], options);
}

/** In a bootable tree xattrs other than labels are rare; one label is enough. */
function hasLabel(entries: Iterable<{ xattrs: Array<{ key: Uint8Array }> }>): boolean {
  const decoder = new TextDecoder("latin1");
  for (const { xattrs } of entries) {
    if (xattrs.some(({ key }) => decoder.decode(key) === "security.selinux")) return true;
  }
  return false;
}
