/**
 * Which tree of a container image is meant: options as they are typed, checked, as a view, and in words.
 */

import { countOf } from "../explain/words.ts";
import type { Unseen } from "../image/layers.ts";
import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "../image/merge.ts";
import { type LayeredImage, ROLES, type Role, type View } from "../image/view.ts";
import { quote } from "../source/files.node.ts";
import { usageError } from "./common.ts";
import { printable } from "./text.ts";

/** Options that choose a tree of a container image, as they are typed. */
export interface ViewOptions {
  /** One of ROLES; `all` where a command takes several trees. */
  role?: string;
  /** Of the role layer: which one, from 1. */
  layer?: string;
  transformRevision?: string;
  /** False for `--no-xattrs`. */
  xattrs?: string | false;
  /** False for `--no-transform`. */
  transform?: boolean;
}

/** All roles at once. */
const ALL_ROLES = "all";

/**
 * Refuses values that no option has, and options that would change nothing together.
 *
 * @param takesAll whether the command takes several trees
 * @throws {ComposefsError} USAGE
 */
export function checkViewOptions(options: ViewOptions, takesAll = false): void {
  const { role, layer, transformRevision, xattrs, transform } = options;
  const oneOf = (option: string, value: string | false | undefined, names: readonly string[]) => {
    if (value === undefined || value === false || names.includes(value)) return;
    throw usageError(`--${option}: expected ${names.join(" or ")}, got ${quote(value)}`);
  };
  if (role === ALL_ROLES && !takesAll) throw usageError("--role: this command takes one tree; all is for digest");
  oneOf("role", role, takesAll ? [...ROLES, ALL_ROLES] : ROLES);
  oneOf("xattrs", xattrs, XATTR_MODES);
  oneOf("transform-revision", transformRevision, TRANSFORM_REVISIONS.map(String));
  const hasBootable = role === "bootable" || role === ALL_ROLES;
  if (layer !== undefined && role !== "layer") throw usageError("--layer says which one of --role layer");
  if (layer !== undefined && !/^[1-9][0-9]{0,8}$/.test(layer)) {
    throw usageError(`--layer: expected a number from 1 on, got ${quote(layer)}`);
  }
  if (transformRevision !== undefined && !hasBootable) {
    throw usageError("--transform-revision is that of the boot transform, of --role bootable");
  }
  if (transform === false && hasBootable) {
    throw usageError("--no-transform: a bootable tree goes through the OCI transform");
  }
  const isModeGiven = typeof xattrs === "string";
  if (isModeGiven && transform === false) {
    throw usageError("--xattrs says what the transform keeps; with --no-transform all xattrs stay");
  }
  if (role === "layer" && (isModeGiven || transform === false)) {
    throw usageError("--role layer: the tree of one layer goes through no transform, and keeps all xattrs");
  }
}

/** The roles that were asked for; `isMany` says that options name none. */
export function rolesOf({ role }: ViewOptions): Role[] {
  if (role === ALL_ROLES) return [...ROLES];
  return [(role as Role | undefined) ?? ROLES[0]!];
}

/** What is done to the trees of container images. */
export function transformOf({ transform, xattrs }: ViewOptions): XattrMode | null {
  return transform === false ? null : ((xattrs || XATTR_MODES[0]!) as XattrMode);
}

/** Revision of the boot transform. */
export function revisionOf({ transformRevision }: ViewOptions): TransformRevision {
  return transformRevision === undefined ? TRANSFORM_REVISIONS[0]! : (Number(transformRevision) as TransformRevision);
}

/** The one tree that was asked for. @param layerCount layers of the image @throws {ComposefsError} USAGE */
export function viewOf(options: ViewOptions, layerCount: number): View {
  const [role] = rolesOf(options);
  if (role === "bootable") return { role, transform: transformOf(options)!, revision: revisionOf(options) };
  if (role !== "layer") return { role: "merged", transform: transformOf(options) };
  const layer = options.layer === undefined && layerCount === 1 ? 1 : Number(options.layer ?? 0);
  if (layer < 1 || layer > layerCount) {
    throw usageError(`--layer: expected a number from 1 to ${layerCount}, got ${options.layer ?? "none"}`);
  }
  return { role, layer };
}

/** A tree of a container image. */
export interface ViewedImage {
  trees: LayeredImage;
  view: View;
}

/** How a tree was made, for JSON: null and false where it is that of the input. */
export interface TreeFacts {
  layers: number | null;
  role: Role | null;
  /** Of the role layer: which one, from 1. */
  layer: number | null;
  /** Whether it went through the OCI transform. */
  transform: boolean;
  /** Which xattrs that kept. */
  xattrs: XattrMode | null;
  /** Revision of the boot transform. */
  transformRevision: TransformRevision | null;
  /** The SELinux policy that labels come from. */
  policy: PolicyFacts | null;
  /** What of a directory was not seen, so that the digest does not stand for it. */
  unseen: Unseen[];
}

/** A policy, for JSON. */
export interface PolicyFacts {
  /** SELINUXTYPE of etc/selinux/config. */
  name: string;
  rules: number;
}

/** How a tree was made, for JSON. */
export function treeFacts(image: ViewedImage | undefined): TreeFacts {
  const facts: TreeFacts = {
    ...{ layers: null, role: null, layer: null, transform: false, xattrs: null },
    ...{ transformRevision: null, policy: null, unseen: [] },
  };
  if (image === undefined) return facts;
  const { trees, view } = image;
  const layers = trees.isDirectory ? null : trees.layers.length;
  const made = { ...facts, layers, role: view.role, unseen: trees.unseen };
  if (view.role === "layer") return { ...made, layer: view.layer };
  const whole = { ...made, transform: view.transform !== null, xattrs: view.transform };
  return view.role === "merged" ? whole : { ...whole, transformRevision: view.revision, policy: policyFacts(trees) };
}

/** The policy of an image whose bootable tree was made. */
export function policyFacts({ policy }: LayeredImage): PolicyFacts | null {
  if (policy == null) return null;
  return { name: printable(new TextDecoder("latin1").decode(policy.name)), rules: policy.policy.ruleCount };
}

/** Such as `merged of 3 layers, OCI transform, xattrs allowlist-only`; of a directory also what was not seen. */
export function describeTree(image: ViewedImage | undefined): string {
  if (image === undefined) return "as it is, no transform";
  const { trees, view } = image;
  const layers = trees.isDirectory ? describeDirectory(trees) : countOf(trees.layers.length, "layer");
  if (view.role === "layer") return `layer ${view.layer} of ${layers} alone, no transform`;
  const how = view.transform === null ? "no transform" : `OCI transform, xattrs ${view.transform}`;
  if (view.role === "merged") return `merged of ${layers}, ${how}`;
  return `bootable of ${layers}, ${how}, boot transform revision ${view.revision}, ${describePolicy(trees)}`;
}

/** Such as `labels of the SELinux policy targeted (5,012 rules)`. */
export function describePolicy(trees: LayeredImage): string {
  const policy = policyFacts(trees);
  return policy === null ? "no SELinux policy" : `SELinux policy ${policy.name} (${countOf(policy.rules, "rule")})`;
}

function describeDirectory({ unseen }: LayeredImage): string {
  return unseen.length === 0 ? "a directory" : `a directory without its ${unseen.join(" and ")}`;
}
