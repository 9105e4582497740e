/**
 * How the tree of a container image was made: as plain data, and in words.
 */

import type { Unseen } from "../image/layers.ts";
import type { TransformRevision, XattrMode } from "../image/merge.ts";
import type { LayeredImage, Role, View } from "../image/view.ts";
import { quote } from "../source/quote.ts";
import { countOf } from "./words.ts";

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
  return { name: quote(new TextDecoder("latin1").decode(policy.name)).slice(1, -1), rules: policy.policy.ruleCount };
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
