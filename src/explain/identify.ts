/**
 * Which digest is this? Tries all that a tree can give: images of every format with every algorithm, what is mistaken
 * for their digests, and the images of trees that differ from the given one in a way that is known to happen.
 *
 *   const expected = parseExpected("v1-sha256-12:9f1c…")
 *   const { found, tried } = await identify(engine, tree, expected, options)
 *
 * An fs-verity digest is the hash of a descriptor with the root of a Merkle tree: never the plain hash of the bytes.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError, type ComposefsErrorCode } from "../error.ts";
import { type ImageFormat, type Profile, parseProfile, type VerityAlgorithm } from "../image/profile.ts";
import { OpenImage, type Tree } from "../image/tree.ts";
import { rereadCanonical } from "./canonical.ts";
import { type Comparison, ImageComparer, nearestFirst, type Place, placeOf } from "./identify-compare.ts";
import { VARIANTS, type Variant } from "./identify-variants.ts";

/** A digest that is to be identified. */
export interface Expected {
  /** Lower-case digits: 64 of SHA-256, 128 of SHA-512. */
  hex: string;
  hash: HashName;
  /** What stood before the digits: a profile, `sha256`, `sha512` or `canonical-dump-sha256`. */
  label: string | undefined;
}

/** Something that has a digest. */
export interface Candidate {
  /**
   *   image            fs-verity digest of an image written of the tree
   *   image-bytes      plain hash of such an image
   *   canonical-dump   plain hash of the canonical dumpfile
   *   input            fs-verity digest of the input as it is
   *   input-bytes      plain hash of the input as it is
   */
  what: "image" | "image-bytes" | "canonical-dump" | "input" | "input-bytes";
  /** `given`, or the id of the variant of the tree (identify-variants.ts). */
  variant: string;
  /** Of an image. */
  format: ImageFormat | undefined;
  /** Of an fs-verity digest. */
  algorithm: VerityAlgorithm | undefined;
  /** When this is a digest that composefs uses: the hash is then that of the objects, too. */
  profile: Profile | undefined;
  digest: string;
}

/** An image that a format cannot hold, or a tree that could not be made. */
export interface Refusal {
  /** As in {@link Candidate}. */
  variant: string;
  /** Null for a tree. */
  format: ImageFormat | null;
  code: ComposefsErrorCode;
  message: string;
}

/** What {@link identify} finds. */
export interface Identification {
  found: Candidate | undefined;
  /** What the tree of `found` is, when it is not the one that was given. */
  tree: Pick<TreeView, "text" | "reason"> | undefined;
  /** All that were tried until then, none with the digest of another; `found` is the last one. */
  tried: Candidate[];
  /** Formats that cannot hold the tree as given, and trees whose labels cannot be known. */
  refused: Refusal[];
  /** An image that was read against the images of its tree, in the order in which they were written. */
  comparisons: Comparison[];
  /** When none of them is the same as the stored image: the one most like it, or the one that was found. */
  nearest: (Comparison & { place: Place | undefined }) | undefined;
}

/** A hash that takes bytes as they come. */
export interface PlainHash {
  update(bytes: Uint8Array): unknown;
  /** Lower-case hex. */
  digest(): string;
}

/** Another tree of the same input: that of a container image with another transform, or of one layer alone. */
export interface TreeView extends Pick<Variant, "id" | "text" | "reason"> {
  /** Makes it. @param engine a fresh one @throws {ComposefsError} LAYER_* when there is no such tree, SELINUX_* when its labels cannot be known */
  merge(engine: Engine): Promise<Tree>;
}

/** Options of {@link identify}. */
export interface IdentifyOptions {
  accelerator: Accelerator;
  /** Without it no plain hashes are tried. */
  plainHash?: (hash: HashName) => PlainHash;
  /** Digests of the input as it is, with the hash of the expected one: plain, and fs-verity with blocks of 4096. */
  input?: { plain?: string; verity?: string };
  /** Other trees of the input, in the order in which they are tried. */
  views?: readonly TreeView[];
  /** Is told what is written and how far that is, in bytes. */
  onProgress?: (verb: string, bytes: number, totalBytes: number) => void;
}

const GIVEN = "given";
const FORMATS = ["v1", "v0", "v2"] as const;

/**
 * Takes a digest as tools print it: 64 or 128 digits, upper or lower case, behind a label with a colon or none. Kernel
 * arguments `composefs=` and `composefs.digest=` are taken, too.
 *
 * @throws {RangeError} when it is no digest, or its label is not one or speaks of another hash
 */
export function parseExpected(text: string): Expected {
  const [, label, digits] = /^(?:composefs(?:\.digest)?=\??)?(?:([\w.-]+):)?([0-9a-fA-F]+)$/.exec(text.trim()) ?? [];
  if (digits?.length !== 64 && digits?.length !== 128) {
    const got = digits === undefined ? JSON.stringify(text) : `${digits.length} digits`;
    throw new RangeError(`expected 64 or 128 hexadecimal digits, perhaps behind v1-sha256-12: or sha256:, got ${got}`);
  }
  const hash = digits.length === 64 ? "sha256" : "sha512";
  if (label !== undefined && hashOfLabel(label) !== hash) {
    throw new RangeError(`expected the label of a ${hash} digest before the colon, got ${JSON.stringify(label)}`);
  }
  return { hex: digits.toLowerCase(), hash, label };
}

function hashOfLabel(label: string): string | undefined {
  if (label === "canonical-dump-sha256") return "sha256";
  if (label === "sha256" || label === "sha512") return label;
  try {
    return parseProfile(label).algorithm.slice(0, 6);
  } catch {
    return undefined;
  }
}

/**
 * Looks for what has the expected digest, and stops when it is found. Digests of another hash are not computed: they
 * have another length.
 *
 * @param engine holds `tree`; a second one is used beside it
 * @throws {ComposefsError} ENGINE_MEMORY, EROFS_IMAGE_TOO_LARGE
 */
export async function identify(
  engine: Engine,
  tree: Tree,
  expected: Expected,
  options: IdentifyOptions,
): Promise<Identification> {
  const search = new Search(expected, tree, options);
  search.given(engine, tree);
  search.inputs(tree);
  for (const view of options.views ?? []) {
    if (search.found !== undefined) break;
    const second = await acquireEngine();
    try {
      search.view(second, await view.merge(second), view);
    } catch (error) {
      if (!(error instanceof ComposefsError) || !/^(LAYER|SELINUX|LABEL)_/.test(error.code)) throw error;
      // That layers make no such tree is not worth a word; that its labels cannot be known is.
      if (!error.code.startsWith("LAYER_")) search.refuse(view.id, null, error);
    } finally {
      releaseEngine(second);
    }
  }
  for (const variant of VARIANTS) {
    if (search.found !== undefined) break;
    if (variant.edit === undefined && search.isCanonicalDump) continue;
    const second = await acquireEngine();
    try {
      const reread = rereadCanonical(tree, second, options.accelerator, variant.edit?.(tree));
      if (variant.edit === undefined || reread.isChanged) search.variant(second, reread.tree, variant);
    } catch (error) {
      // A change may leave what is no tree, such as a hardlink to a name that it took away: then there is no image.
      if (!(error instanceof ComposefsError) || !error.code.startsWith("DUMP_")) throw error;
    } finally {
      releaseEngine(second);
    }
  }
  search.explain(tree);
  return search;
}

/** What was tried so far. */
class Search implements Identification {
  found: Candidate | undefined;
  tree: Identification["tree"];
  readonly tried: Candidate[] = [];
  readonly refused: Refusal[] = [];
  readonly comparisons: Comparison[] = [];
  nearest: Identification["nearest"];
  /** Whether the input is a dumpfile in canonical form, as far as that is known. */
  isCanonicalDump = false;
  readonly #expected: Expected;
  readonly #isObjectHash: boolean;
  readonly #options: IdentifyOptions;

  constructor(expected: Expected, tree: Tree, options: IdentifyOptions) {
    this.#expected = expected;
    this.#options = options;
    const { objectHash } = tree.counts;
    this.#isObjectHash = objectHash === null || objectHash === expected.hash;
  }

  /** Writes the images of the tree as it is, the format of an image that was read before the others. */
  given(engine: Engine, tree: Tree): void {
    for (const format of new Set([tree.format ?? "v1", ...FORMATS])) {
      if (this.found === undefined) this.#image(engine, tree, GIVEN, format);
    }
  }

  /** Writes the images of another tree of the input. */
  view(engine: Engine, tree: Tree, view: TreeView): void {
    for (const format of FORMATS) if (this.found === undefined) this.#image(engine, tree, view.id, format);
    if (this.found !== undefined) this.tree = view;
  }

  /** Writes the images of a variant of the tree. */
  variant(engine: Engine, tree: Tree, variant: Variant): void {
    const { id, edit } = variant;
    for (const format of FORMATS) {
      const before = this.tried.length;
      if (this.found === undefined) this.#image(engine, tree, id, format);
      // Format v1 keeps all that a canonical dumpfile says: when its image was tried, so was this variant.
      if (edit !== undefined && format === "v1" && this.tried.length === before) return;
    }
    if (this.found !== undefined) this.tree = variant;
  }

  /** What people take for the digest of an image. */
  inputs(tree: Tree): void {
    const { plainHash, input } = this.#options;
    const { hash } = this.#expected;
    if (this.found !== undefined) return;
    if (tree.image !== undefined) {
      const algorithms: VerityAlgorithm[] = [`${hash}-12`, `${hash}-16`];
      const digests = tree.imageDigests(algorithms);
      for (const algorithm of algorithms) this.#add({ what: "input", algorithm, digest: digests[algorithm]! });
    } else if (input?.verity !== undefined) {
      this.#add({ what: "input", algorithm: `${hash}-12`, digest: input.verity });
    }
    if (plainHash !== undefined) {
      const dump = plainHash(hash);
      for (const piece of tree.canonicalDump()) dump.update(piece);
      const digest = dump.digest();
      this.isCanonicalDump = digest === input?.plain;
      this.#add({ what: "canonical-dump", digest });
    }
    if (input?.plain !== undefined) this.#add({ what: "input-bytes", digest: input.plain });
  }

  /** Says where an image that is not canonical begins to differ. */
  explain(tree: Tree): void {
    if (this.comparisons.some(({ firstDifference }) => firstDifference === undefined)) return;
    const sorted = nearestFirst(this.comparisons);
    const near = sorted.find(({ format }) => format === this.found?.format) ?? sorted[0];
    this.nearest = near && { ...near, place: placeOf(tree, near.firstDifference!) };
  }

  #image(engine: Engine, tree: Tree, variant: string, format: ImageFormat): void {
    const { plainHash, onProgress } = this.#options;
    const { hash } = this.#expected;
    const image = this.#open(engine, variant, format);
    if (image === undefined) return;
    // Of the tree as given only: nobody gets a plain hash of an image that has the wrong bytes anyway.
    const plain = variant === GIVEN ? plainHash?.(hash) : undefined;
    const comparer = variant === GIVEN && tree.image !== undefined ? new ImageComparer(tree, format) : undefined;
    let bytes = 0;
    for (let piece = image.read(); piece.length > 0; piece = image.read()) {
      plain?.update(piece);
      bytes += piece.length;
      onProgress?.(`writing ${format} image`, bytes, image.layout.size);
      comparer?.write(piece);
    }
    if (comparer !== undefined) this.comparisons.push(comparer.end());
    for (const [algorithm, digest] of Object.entries(image.digests()) as Array<[VerityAlgorithm, string]>) {
      const profile: Profile | undefined = this.#isObjectHash ? `${format}-${algorithm}` : undefined;
      this.#add({ what: "image", variant, format, algorithm, profile, digest });
    }
    if (plain !== undefined) this.#add({ what: "image-bytes", variant, format, digest: plain.digest() });
  }

  /** Lays an image out; undefined when the format cannot hold the tree. */
  #open(engine: Engine, variant: string, format: ImageFormat): OpenImage | undefined {
    const { hash } = this.#expected;
    try {
      // Not Tree.openImage, which refuses the other hash: that makes no profile, but somebody may have computed it.
      return new OpenImage(engine, format, [`${hash}-12`, `${hash}-16`], this.#options.accelerator);
    } catch (error) {
      if (!(error instanceof ComposefsError) || !error.code.startsWith("EROFS_V2_")) throw error;
      if (variant === GIVEN) this.refuse(variant, format, error);
      return undefined;
    }
  }

  /** Notes what was tried in vain. */
  refuse(variant: string, format: ImageFormat | null, { code, message }: ComposefsError): void {
    this.refused.push({ variant, format, code, message });
  }

  #add(candidate: Pick<Candidate, "what" | "digest"> & Partial<Candidate>): void {
    if (this.tried.some(({ digest }) => digest === candidate.digest) || this.found !== undefined) return;
    const whole = { variant: GIVEN, format: undefined, algorithm: undefined, profile: undefined, ...candidate };
    this.tried.push(whole);
    if (whole.digest === this.#expected.hex) this.found = whole;
  }
}
