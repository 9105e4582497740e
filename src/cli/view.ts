/**
 * Which tree of a container image is meant: options as they are typed, checked, and as a view.
 */

import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "../image/merge.ts";
import { ROLES, type Role, type View } from "../image/view.ts";
import { quote } from "../source/files.node.ts";
import { usageError } from "./common.ts";

export {
  describePolicy,
  describeTree,
  type PolicyFacts,
  policyFacts,
  type TreeFacts,
  treeFacts,
  type ViewedImage,
} from "../explain/made.ts";

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
