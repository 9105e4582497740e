/**
 * An input of a lock file: its digests with what they are bound to, and why one of them is not the locked one.
 */

import { releaseEngine } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { diffTrees } from "../explain/diff.ts";
import { identify, parseExpected } from "../explain/identify.ts";
import { identificationText } from "../explain/identify-text.ts";
import { explainImages } from "../explain/image.ts";
import { CONTAINER_PROFILE, digestImage, hashesOf } from "../image/container-digests.ts";
import { algorithmParameters, type Profile, parseProfile } from "../image/profile.ts";
import { sourceFacts } from "../image/read-container.node.ts";
import type { Role } from "../image/view.ts";
import type { Explanation } from "../lock/check.ts";
import { type DigestRole, digestOf, type LockedDigest } from "../lock/digest-line.ts";
import type { ImageBinding, LockedInput } from "../lock/lockfile.ts";
import { quote } from "../source/files.node.ts";
import { openInput } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment } from "./common.ts";
import { digestGiven } from "./digest-given.ts";
import { viewsOf } from "./identify.ts";
import { type InputOptions, openLayers, readInput, type TreeInput } from "./input.ts";
import type { ProgressLine } from "./progress.ts";

/** How layers are read, which changes no digest. */
export type ReadingOptions = Pick<InputOptions, "workers" | "cache">;

/** Which digests of an input are wanted. */
export interface WantedDigests {
  platform: string | null;
  /** Undefined: those that `composefs digest` prints. */
  profiles: Profile[] | undefined;
  roles: readonly DigestRole[];
  /** Whether options say how layers become a tree, which a tree that is given has no use for. */
  hasContainerOptions: boolean;
  /** How the trees of a container image are made. */
  made: Pick<ImageBinding, "xattrs" | "transformRevision">;
  /** Of a directory: whether its xattrs are left out. */
  isWithoutXattrs: boolean;
}

/** What was found out of an input. */
export type FoundInput = Pick<LockedInput, "image" | "digests">;

/** What is wanted of an input that is locked: what is locked. */
export function wantedOf({ platform, image, digests }: LockedInput): WantedDigests {
  const given = digests.filter(({ role }) => role !== "stored");
  return {
    platform,
    profiles: given.length === 0 ? undefined : [...new Set(given.map(({ profile }) => profile))],
    roles: [...new Set(digests.map(({ role }) => role))],
    hasContainerOptions: image !== null,
    made: { xattrs: image?.xattrs ?? null, transformRevision: image?.transformRevision ?? null },
    isWithoutXattrs: image?.unseen.includes("xattrs") ?? false,
  };
}

/**
 * Computes digests.
 *
 * @param operand relative to the working directory
 * @throws {ComposefsError} SOURCE_KIND, PROFILE_HASH, and all that reading gives
 */
export async function digestInput(
  operand: string,
  wanted: WantedDigests,
  reading: ReadingOptions,
  progress: ProgressLine,
): Promise<FoundInput> {
  const source = openInput(operand);
  const accelerator = acceleratorFromEnvironment();
  if (source.kind !== "container") {
    if (wanted.hasContainerOptions) throw kindError(source.name, "a tree that is given", "a container image");
    const { engine, tree } = await readInput(source, {}, { progress, accelerator });
    try {
      const isStored = tree.image !== undefined && (wanted.profiles === undefined || wanted.roles.includes("stored"));
      const stored = isStored ? await digestGiven(tree, undefined, progress) : [];
      const isWritten = wanted.profiles !== undefined || tree.image === undefined;
      const written = isWritten ? await digestGiven(tree, wanted.profiles, progress) : [];
      const lines = (role: DigestRole, rows: typeof stored) =>
        rows.map((row) => digestOf(role, row.profile, row.digest));
      return { image: null, digests: [...lines("stored", stored), ...lines("tree", written)] };
    } finally {
      releaseEngine(engine);
    }
  }
  const profiles = wanted.profiles ?? [CONTAINER_PROFILE];
  const options = { ...reading, ...inputOptions(wanted) };
  const input = await openLayers(source, options, hashesOf(profiles), { progress, accelerator });
  try {
    const roles = ROLES_OF.filter(([role]) => wanted.roles.includes(role)).map(([, role]) => role);
    const { xattrs, transformRevision } = wanted.made;
    const made = { transform: xattrs, revision: transformRevision ?? 1 } as const;
    const { images, layers } = await digestImage(input.trees, { profiles, roles, ...made });
    const { manifest, config, diffIds, unseen } = sourceFacts(input);
    const wholes = images.map(({ role, profile, digest }) => {
      return digestOf(role === "merged" ? "tree" : role, profile, digest);
    });
    const alone = layers.flatMap((one) =>
      one.images.map(({ profile, digest }) => digestOf("layer", profile, digest, one.layer)),
    );
    return { image: { ...wanted.made, manifest, config, diffIds, unseen }, digests: [...wholes, ...alone] };
  } finally {
    await input.image.close();
  }
}

/** Roles of a lock file, and those of container images. */
const ROLES_OF: ReadonlyArray<[DigestRole, Role]> = [
  ["tree", "merged"],
  ["bootable", "bootable"],
  ["layer", "layer"],
];

function inputOptions({ platform, isWithoutXattrs }: WantedDigests): InputOptions {
  return { ...(platform !== null && { platform }), ...(isWithoutXattrs && { xattrs: false as const }) };
}

function kindError(name: string, got: string, wanted: string): ComposefsError {
  return new ComposefsError("SOURCE_KIND", `${quote(name)}: expected ${wanted}, got ${got}`);
}

/** An input, and the digest of it that is not the locked one. */
export interface Mismatch {
  /** Operand, relative to the working directory. */
  operand: string;
  wanted: WantedDigests;
  locked: LockedDigest;
}

/**
 * Says why a digest is not the locked one.
 *
 * @param old operand of the old image; null when there is none at hand
 * @throws {ComposefsError} all that reading gives
 */
export async function explainMismatch(
  mismatch: Mismatch,
  old: string | null,
  reading: ReadingOptions,
  progress: ProgressLine,
): Promise<Explanation> {
  const input = await openMismatch(mismatch.operand, mismatch, reading, progress);
  try {
    if (old === null) return await identifyLocked(mismatch, input, null);
    let before: TreeInput;
    try {
      before = await openMismatch(old, mismatch, reading, progress);
    } catch (error) {
      // An input that is new has no old image.
      if (!(error instanceof ComposefsError) || error.isBug) throw error;
      return await identifyLocked(mismatch, input, `${error.code}: ${error.message}`);
    }
    try {
      return await compareWith(mismatch, old, before, input, progress);
    } finally {
      await before.close();
      releaseEngine(before.engine);
    }
  } finally {
    await input.close();
    releaseEngine(input.engine);
  }
}

/** Reads the tree that a locked digest is of. */
async function openMismatch(
  operand: string,
  { wanted, locked }: Mismatch,
  reading: ReadingOptions,
  progress: ProgressLine,
): Promise<TreeInput> {
  const source = openInput(operand);
  if (source.kind !== "container") return readInput(source, {}, { progress });
  const { xattrs, transformRevision } = wanted.made;
  const { hash } = algorithmParameters(parseProfile(locked.profile).algorithm);
  const options: InputOptions = { ...reading, ...inputOptions(wanted), hash };
  if (locked.role === "layer")
    return readInput(source, { ...options, role: "layer", layer: `${locked.layer}` }, { progress });
  if (xattrs === null) options.transform = false;
  else options.xattrs ??= xattrs;
  if (locked.role === "bootable")
    Object.assign(options, { role: "bootable", transformRevision: `${transformRevision ?? 1}` });
  return readInput(source, options, { progress });
}

async function compareWith(
  { locked }: Mismatch,
  old: string,
  before: TreeInput,
  input: TreeInput,
  progress: ProgressLine,
): Promise<Explanation> {
  const diff = diffTrees(before.tree, input.tree);
  const isImage = locked.role === "stored" && before.tree.image !== undefined && input.tree.image !== undefined;
  const images = diff.equal && isImage ? explainImages(before.tree, input.tree, acceleratorFromEnvironment()) : null;
  const isStored = locked.role === "stored" && before.tree.image !== undefined;
  const digests = await digestGiven(before.tree, isStored ? undefined : [locked.profile], progress);
  const isLocked = digests.some(({ digest }) => digest === locked.digest);
  return { kind: "diff", old, isLocked, diff, images };
}

async function identifyLocked(
  { locked }: Mismatch,
  { engine, tree, container }: TreeInput,
  oldError: string | null,
): Promise<Explanation> {
  const expected = parseExpected(`${locked.profile}:${locked.digest}`);
  const views = container === undefined ? {} : { views: viewsOf(container, expected.hash) };
  const result = await identify(engine, tree, expected, { accelerator: acceleratorFromEnvironment(), ...views });
  const stored = tree.image && { format: tree.format!, size: tree.image.size };
  const { found } = result;
  const name = found && `${found.profile ?? found.what}, ${result.tree?.text ?? "of the tree as given"}`;
  // The table of all that was tried in vain follows behind an empty line: a report has no use for it.
  const [text] = identificationText(expected, result, stored).split("\n\n");
  return { kind: "identify", text: `${text!.trimEnd()}\n`, found: name ?? null, oldError };
}
