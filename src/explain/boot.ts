/**
 * What the kernel images and boot entries of an image name, and whether it is the bootable tree of that image
 * (boot-transform.md 4.4).
 *
 *   const report = await explainBoot(trees, { xattrs: "allowlist-only", revision: 1 })
 *   report.files[0].verdict // "sealed"
 */

import { parseBootEntry } from "../boot/entries.ts";
import { type BootFile, type BootKind, findBootFiles } from "../boot/find.ts";
import { type ComposefsKarg, formatKarg, type KargProblem, listKargs } from "../boot/karg.ts";
import { menuLabel, parseOsRelease } from "../boot/os-release.ts";
import { peSection, peText } from "../boot/pe.ts";
import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { readContent } from "../image/contents.ts";
import type { Entry } from "../image/cursor.ts";
import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "../image/merge.ts";
import type { ImageFormat, Profile } from "../image/profile.ts";
import type { LayeredImage } from "../image/view.ts";

/**
 * What a file that boots says of the image:
 *
 *   sealed     it names the bootable tree
 *   insecure   it does, but lets the image be mounted without fs-verity
 *   mismatch   it names another one
 *   unsealed   it names none
 *   inside     it lies below /usr/lib/modules, is part of the tree, and so cannot name it
 *   broken     it cannot be read
 *   part       it names no tree by itself: an addon, a kernel beside its modules
 */
export type BootVerdict = "sealed" | "insecure" | "mismatch" | "unsealed" | "inside" | "broken" | "part";

/** A bootable tree and the image written of it. */
export interface BootProfile {
  profile: Profile;
  xattrs: XattrMode;
  transformRevision: TransformRevision;
}

/** An argument that names an image. */
export interface BootArgument extends ComposefsKarg {
  /** Which tree of this image has the digest; null when none has it or there is no image to compare with. */
  names: BootProfile | null;
  /** The argument that would name this image, where this one does not. */
  wanted: string | null;
}

/** A file that boots. */
export interface BootReportFile {
  /** Absolute. */
  path: Uint8Array;
  kind: BootKind;
  kernelVersion: Uint8Array | null;
  /** Of an addon: the kernel image that it belongs to. */
  uki: Uint8Array | null;
  /** What the boot menu shows. */
  label: string | null;
  cmdline: string | null;
  /** Fields of os-release, in their order. */
  osRelease: ReadonlyMap<string, string> | null;
  arguments: Array<BootArgument | KargProblem>;
  verdict: BootVerdict;
  /** What is wrong. */
  problem: string | null;
}

/** What {@link explainBoot} finds. */
export interface BootReport {
  /** In byte order of the paths. */
  files: BootReportFile[];
  /** Whether there is a kernel image or boot entry outside the tree, and each of them names the bootable tree. */
  isSealed: boolean;
}

/** Options of {@link explainBoot}. */
export interface BootOptions {
  /** Tried first; the other mode and revision are tried, too. */
  xattrs: XattrMode;
  revision: TransformRevision;
  /** Whether an argument that lets the image be mounted without fs-verity counts. Default false. */
  allowInsecure?: boolean;
}

/** Layout that an argument means (boot-transform.md 4.3). */
const FORMAT_OF = { v1: "v1", v2: "v2" } as const satisfies Record<ComposefsKarg["version"], ImageFormat>;
const LAYOUTS: readonly ImageFormat[] = ["v1", "v2"];

/** Verdicts that a verifier takes. */
const GOOD: readonly BootVerdict[] = ["sealed", "part", "inside"];

/**
 * Finds what boots in the merged tree, and holds what it names against the bootable tree.
 *
 * @param trees of which both hashes were computed
 * @throws {ComposefsError} LAYER_*, SELINUX_*, ENGINE_MEMORY, and what reading a content gives; faults of kernel images and
 *   boot entries are in the report
 */
export async function explainBoot(trees: LayeredImage, options: BootOptions): Promise<BootReport> {
  const digests = new BootDigests(trees, options);
  const files: BootReportFile[] = [];
  for (const file of await readBootFiles(trees, "sha256")) {
    files.push(await judge(file, digests, options.allowInsecure ?? false));
  }
  return { files, isSealed: isSealed(files) };
}

/**
 * Reads what boots in the merged tree; the verdicts are not those of the image yet.
 *
 * @param hash of the objects, which were computed of the layers
 * @throws {ComposefsError} as `explainBoot`
 */
export async function readBootFiles(trees: LayeredImage, hash: HashName): Promise<BootReportFile[]> {
  const engine = await acquireEngine();
  try {
    const tree = await trees.tree(engine, { role: "merged", transform: null }, hash);
    const files: BootReportFile[] = [];
    for (const file of findBootFiles<Entry>(tree.openCursor())) {
      const isText = file.kind !== "problem" && file.kind !== "kernel";
      const content = isText ? await readContent(trees.layers, hash, file.entry) : undefined;
      files.push(readBootFile(file, content));
    }
    return files;
  } finally {
    releaseEngine(engine);
  }
}

/**
 * Holds a kernel image that lies beside an image against it.
 *
 * @param digests null when there is no image: then it is only read
 */
export async function explainKernel(
  path: Uint8Array,
  content: Uint8Array,
  digests: BootDigests | null,
  allowInsecure = false,
): Promise<BootReport> {
  const file = readBootFile({ kind: "uki", path }, content);
  const judged = digests === null ? file : await judge(file, digests, allowInsecure);
  return { files: [judged], isSealed: isSealed([judged]) };
}

/** Whether something names the tree, and nothing another one. */
function isSealed(files: readonly BootReportFile[]): boolean {
  return files.some(({ verdict }) => verdict === "sealed") && files.every(({ verdict }) => GOOD.includes(verdict));
}

/** Reads what a file says of itself; its verdict is not that of an image yet. */
function readBootFile(
  { kind, path, kernelVersion, uki, problem }: Omit<BootFile<Entry>, "entry">,
  content: Uint8Array | undefined,
): BootReportFile {
  const file: BootReportFile = {
    ...{ path, kind, kernelVersion: kernelVersion ?? null, uki: uki ?? null },
    ...{ label: null, cmdline: null, osRelease: null, arguments: [] },
    ...{ verdict: "part", problem: problem ?? null },
  };
  if (kind === "problem") return { ...file, verdict: "broken" };
  if (kind === "kernel") return file;
  try {
    if (kind === "entry") readEntry(file, content!);
    else readKernel(file, content!, kind === "uki");
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    return { ...file, verdict: "broken", problem: `${error.code}: ${error.message}` };
  }
  const kargs = listKargs(file.cmdline ?? "");
  file.arguments = kargs.map((karg) => ("problem" in karg ? karg : { ...karg, names: null, wanted: null }));
  if (kind === "addon" || kind === "global addon") return file;
  return { ...file, verdict: kernelVersion === undefined ? "unsealed" : "inside" };
}

function readEntry(file: BootReportFile, content: Uint8Array): void {
  const entry = parseBootEntry(content);
  file.label = entry.title;
  file.cmdline = entry.options;
}

/** An addon may lack the sections that a kernel image must have. */
function readKernel(file: BootReportFile, content: Uint8Array, isWhole: boolean): void {
  const optional = (name: string) => {
    try {
      return peText(content, name);
    } catch (error) {
      if (!isWhole && error instanceof ComposefsError && error.code === "UKI_SECTION") return null;
      throw error;
    }
  };
  file.cmdline = optional(".cmdline")?.replace(/\0+$/, "") ?? null;
  if (!isWhole) return;
  file.osRelease = parseOsRelease(peSection(content, ".osrel"));
  file.label = menuLabel(file.osRelease);
}

/** Compares each argument; the worst one decides. */
async function judge(file: BootReportFile, digests: BootDigests, allowInsecure: boolean): Promise<BootReportFile> {
  if (file.verdict !== "unsealed" && file.verdict !== "part" && file.verdict !== "inside") return file;
  const compared: BootReportFile["arguments"] = [];
  for (const argument of file.arguments) {
    compared.push("problem" in argument ? argument : await digests.compare(argument));
  }
  const judged = { ...file, arguments: compared };
  if (file.verdict !== "unsealed" || compared.length === 0) return judged;
  const broken = compared.find((argument) => "problem" in argument);
  if (broken !== undefined) return { ...judged, verdict: "broken", problem: `${broken.word}: ${broken.problem}` };
  const named = compared as BootArgument[];
  if (named.some(({ names }) => names === null)) return { ...judged, verdict: "mismatch" };
  const isInsecure = named.some((argument) => argument.isInsecure);
  return { ...judged, verdict: isInsecure && !allowInsecure ? "insecure" : "sealed" };
}

/** The digests of the bootable trees of an image, each computed when it is first asked for. */
export class BootDigests {
  readonly #trees: LayeredImage;
  readonly #xattrs: readonly XattrMode[];
  readonly #revisions: readonly TransformRevision[];
  /** By hash, xattr mode and revision: digests by layout. */
  readonly #known = new Map<string, Promise<Map<ImageFormat, string>>>();

  constructor(trees: LayeredImage, { xattrs, revision }: BootOptions) {
    this.#trees = trees;
    this.#xattrs = [xattrs, ...XATTR_MODES.filter((mode) => mode !== xattrs)];
    this.#revisions = [revision, ...TRANSFORM_REVISIONS.filter((one) => one !== revision)];
  }

  /** Looks for the tree that an argument names: the layout and mode that it should have first. */
  async compare(argument: BootArgument): Promise<BootArgument> {
    const { hash, version, digest, isInsecure } = argument;
    const own = FORMAT_OF[version];
    for (const format of [own, ...LAYOUTS.filter((layout) => layout !== own)]) {
      for (const transformRevision of this.#revisions) {
        for (const xattrs of this.#xattrs) {
          const digests = await this.#of(hash, xattrs, transformRevision);
          if (digests.get(format) !== digest) continue;
          return { ...argument, names: { profile: `${format}-${hash}-12`, xattrs, transformRevision } };
        }
      }
    }
    const right = (await this.#of(hash, this.#xattrs[0]!, this.#revisions[0]!)).get(own);
    return { ...argument, wanted: right === undefined ? null : formatKarg(own, hash, right, isInsecure) };
  }

  #of(hash: HashName, xattrs: XattrMode, revision: TransformRevision): Promise<Map<ImageFormat, string>> {
    const key = `${hash} ${xattrs} ${revision}`;
    const known = this.#known.get(key) ?? this.#compute(hash, xattrs, revision);
    this.#known.set(key, known);
    return known;
  }

  async #compute(hash: HashName, transform: XattrMode, revision: TransformRevision): Promise<Map<ImageFormat, string>> {
    const engine = await acquireEngine();
    const digests = new Map<ImageFormat, string>();
    try {
      const tree = await this.#trees.tree(engine, { role: "bootable", transform, revision }, hash);
      for (const format of LAYOUTS) {
        try {
          const image = tree.openImage(format, [`${hash}-12`]);
          while (image.read().length > 0);
          digests.set(format, image.digests()[`${hash}-12`]!);
        } catch (error) {
          // A layout that cannot hold the tree is named by nobody.
          if (!(error instanceof ComposefsError) || !error.code.startsWith("EROFS_")) throw error;
        }
      }
      return digests;
    } finally {
      releaseEngine(engine);
    }
  }
}
