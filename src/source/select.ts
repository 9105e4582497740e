/**
 * Which image of a layout is meant: oci-to-tree.md 8.3.
 */

import { ComposefsError } from "../error.ts";
import { isFallbackTag } from "../registry/reference.ts";
import type { FileTable, Wanted } from "./container.ts";
import { type Descriptor, type Reading, readBlob, readDescriptor, readFile, whereIs } from "./document.ts";
import type { JsonNode } from "./json.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "./media-types.ts";
import { type Platform, platformMatches, platformText } from "./platform.ts";
import { quote, quoteStart } from "./quote.ts";

/** image-spec, annotations.md. */
export const TAG_KEY = "org.opencontainers.image.ref.name";
/** By which BuildKit marks manifests that say something about another one. */
const REFERENCE_TYPE_KEY = "vnd.docker.reference.type";
const ATTESTATION = "attestation-manifest";
/** Choices that a message lists. */
const LISTED = 20;

/** A manifest that could be the one. */
export interface Candidate {
  descriptor: Descriptor;
  /** As the index says; null when it does not. */
  platform: Platform | null;
  /** The tag in index.json by which it was reached. */
  tag: string | null;
  /** The platform that was wanted, when the index does not say and the config has to. */
  mustBe: Platform | null;
}

/**
 * Chooses a manifest.
 *
 * @throws {ComposefsError} SOURCE_TAG, SOURCE_PLATFORM, SOURCE_SEVERAL, SOURCE_EMPTY, SOURCE_MEDIA_TYPE, SOURCE_NESTED,
 *   SOURCE_AMBIGUOUS, and what reading documents gives
 */
export async function selectManifest(files: FileTable, wanted: Wanted, reading: Reading): Promise<Candidate> {
  const found: Candidate[] = [];
  for await (const candidate of candidates(files, wanted.reference, reading)) {
    const { platform } = candidate;
    if (isAttestation(candidate)) continue;
    if (wanted.platform !== null && platform !== null && platformMatches(platform, wanted.platform)) return candidate;
    // Several tags of one manifest are no choice.
    if (!found.some((other) => other.descriptor.digest === candidate.descriptor.digest)) found.push(candidate);
  }
  const first = found[0];
  const where = whereIs(files, "index.json");
  if (first === undefined) throw new ComposefsError("SOURCE_EMPTY", `${where}: there is no image`);
  if (found.length === 1 && (wanted.platform === null || first.platform === null)) {
    return { ...first, mustBe: wanted.platform };
  }
  const isByTag = new Set(found.map(({ tag }) => tag)).size > 1;
  const text = listOf(found.map((candidate) => labelOf(candidate, isByTag)));
  if (wanted.platform !== null) throw platformError(where, wanted.platform, text);
  const what = `there are ${found.length} images, say which by platform or tag: ${text}`;
  const choices = found.slice(0, LISTED).flatMap((candidate) => choiceOf(candidate, isByTag) ?? []);
  throw new ComposefsError("SOURCE_SEVERAL", `${where}: ${what}`, { actual: found.length, limit: 1, text, choices });
}

/**
 * What a tag names: a manifest, or an index with all that it names. Without a tag it is what there is, if there is one.
 *
 * @throws {ComposefsError} SOURCE_TAG, SOURCE_SEVERAL, SOURCE_EMPTY, SOURCE_MEDIA_TYPE, and what reading documents gives
 */
export async function selectRoot(files: FileTable, tag: string | null, reading: Reading): Promise<Descriptor> {
  const where = whereIs(files, "index.json");
  const roots = new Map<string, Root>();
  for await (const root of rootsOf(files, tag, reading)) roots.set(root.descriptor.digest, root);
  const unique = [...roots.values()];
  const first = unique[0];
  if (first === undefined) throw new ComposefsError("SOURCE_EMPTY", `${where}: there is no image`);
  if (unique.length === 1) return first.descriptor;
  const text = listOf(
    unique.map(({ tag, descriptor }) => (tag === null ? descriptor.digest : `tag ${quoteStart(tag)}`)),
  );
  const what = `there are ${unique.length} images, say which by tag: ${text}`;
  throw new ComposefsError("SOURCE_SEVERAL", `${where}: ${what}`, { actual: unique.length, limit: 1, text });
}

/**
 * The platforms of all images that a tag names, each of which chooses one.
 *
 * @returns in the order of the index; null for an only image of which nothing says its platform
 * @throws {ComposefsError} SOURCE_PLATFORM when one has none that would choose it; SOURCE_TAG, SOURCE_EMPTY, and what reading
 *   documents gives
 */
export async function selectAll(files: FileTable, tag: string | null, reading: Reading): Promise<Array<string | null>> {
  const found: Candidate[] = [];
  for await (const candidate of candidates(files, tag, reading)) if (!isAttestation(candidate)) found.push(candidate);
  if (found.length === 0)
    throw new ComposefsError("SOURCE_EMPTY", `${whereIs(files, "index.json")}: there is no image`);
  const platforms = new Set<string | null>();
  for (const { platform, descriptor } of found) {
    const text = platform && platformText(platform);
    if (platforms.has(text) || (text === null && found.length > 1)) {
      const what = `${descriptor.digest} has ${text === null ? "no platform" : `the platform ${text} of another image`}`;
      throw new ComposefsError("SOURCE_PLATFORM", `${descriptor.where}: ${what}, by which it could be chosen`, {
        text: descriptor.digest,
      });
    }
    platforms.add(text);
  }
  return [...platforms];
}

/** Holds the platform of a config against the one that is wanted, if any. @throws {ComposefsError} SOURCE_PLATFORM */
export function checkPlatform(actual: Platform | null, wanted: Platform | null, where: string): void {
  if (wanted === null || (actual !== null && platformMatches(actual, wanted))) return;
  throw platformError(where, wanted, actual === null ? "a platform that it does not tell" : platformText(actual));
}

/** @param text the platforms that there are */
function platformError(where: string, wanted: Platform, text: string): ComposefsError {
  const what = `there is no image for ${platformText(wanted)}, only for: ${text}`;
  return new ComposefsError("SOURCE_PLATFORM", `${where}: ${what}`, { text });
}

/** What index.json lists. */
interface Root {
  descriptor: Descriptor;
  entry: JsonNode;
  tag: string | null;
}

/** The manifests and indexes of index.json that a tag names; without a tag all that are no artifacts, in order. */
async function* rootsOf(files: FileTable, tag: string | null, reading: Reading): AsyncGenerator<Root, void> {
  const index = await readFile(files, "index.json", reading);
  checkIndex(index.root, null);
  const entries = index.root.field("manifests").items();
  const tagOf = (entry: JsonNode) => entry.field("annotations").field(TAG_KEY).optionalText();
  const tags = entries.map((entry) => (entry.field("annotations").isPresent ? tagOf(entry) : null));
  if (tag !== null && !tags.includes(tag)) {
    const known = [...new Set(tags.filter((name) => name !== null))];
    const text = listOf(known.map(quote)) || "none";
    throw new ComposefsError("SOURCE_TAG", `${index.where}: there is no tag ${quote(tag)}; tags: ${text}`, { text });
  }
  for (const [i, entry] of entries.entries()) {
    if (tag !== null && tags[i] !== tag) continue;
    // Seals, signatures and the like: artifacts about an image, which stand beside it (image-spec, descriptor.md).
    if (tag === null && (entry.field("artifactType").isPresent || isFallbackTag(tags[i] ?? ""))) continue;
    const descriptor = readDescriptor(entry);
    const isKnown = MANIFEST_TYPES.has(descriptor.mediaType) || INDEX_TYPES.has(descriptor.mediaType);
    if (!isKnown) throw typeError(descriptor, false);
    yield { descriptor, entry, tag: tags[i]! };
  }
}

/** The manifests of index.json, and of the indexes that it names, in order. */
async function* candidates(files: FileTable, wanted: string | null, reading: Reading): AsyncGenerator<Candidate, void> {
  for await (const { descriptor, entry, tag } of rootsOf(files, wanted, reading)) {
    const reached = { tag, mustBe: null };
    if (MANIFEST_TYPES.has(descriptor.mediaType)) {
      yield { descriptor, platform: readPlatform(entry), ...reached };
      continue;
    }
    const nested = await readBlob(files, descriptor, reading);
    checkIndex(nested.root, descriptor.mediaType);
    for (const inner of nested.root.field("manifests").items()) {
      const descriptor = readDescriptor(inner);
      if (!MANIFEST_TYPES.has(descriptor.mediaType)) throw typeError(descriptor, true);
      yield { descriptor, platform: readPlatform(inner), ...reached };
    }
  }
}

function typeError({ mediaType, where }: Descriptor, isNested: boolean): ComposefsError {
  if (isNested && INDEX_TYPES.has(mediaType)) {
    return new ComposefsError("SOURCE_NESTED", `${where}: an index inside an index of an index is not followed`);
  }
  const what = `expected a manifest${isNested ? "" : " or an index"}, got media type ${quoteStart(mediaType)}`;
  return new ComposefsError("SOURCE_MEDIA_TYPE", `${where}: ${what}`, { text: mediaType.slice(0, 128) });
}

/**
 * An index must not pass as a manifest for other tools, which would see another image under the same digest.
 *
 * @param mediaType what its descriptor says; null for index.json, which has none
 */
function checkIndex(root: JsonNode, mediaType: string | null): void {
  checkMediaType(root, mediaType, INDEX_TYPES);
  for (const name of ["layers", "config", "fsLayers"]) if (root.field(name).isPresent) throw ambiguous(root, name);
}

/** A manifest must not pass as an index for other tools. @throws {ComposefsError} SOURCE_AMBIGUOUS, SOURCE_MEDIA_TYPE */
export function checkManifest(root: JsonNode, mediaType: string): void {
  checkMediaType(root, mediaType, MANIFEST_TYPES);
  for (const name of ["manifests", "fsLayers"]) if (root.field(name).isPresent) throw ambiguous(root, name);
}

/** A document may say its media type itself, and then has to say the right one. */
function checkMediaType(root: JsonNode, mediaType: string | null, allowed: ReadonlySet<string>): void {
  const own = root.field("mediaType").optionalText();
  if (own === null || (mediaType === null ? allowed.has(own) : own === mediaType)) return;
  const what = `expected media type ${mediaType ?? [...allowed].join(" or ")}, got ${quoteStart(own)}`;
  throw new ComposefsError("SOURCE_MEDIA_TYPE", `${root.where}: ${what}`, { text: own.slice(0, 128) });
}

function ambiguous(root: JsonNode, name: string): ComposefsError {
  const what = "the document could be read as a manifest and as an index";
  return new ComposefsError("SOURCE_AMBIGUOUS", `${root.field(name).where}: ${what}`, { text: name });
}

/** The platform in a descriptor; null where it does not say. @throws {ComposefsError} SOURCE_JSON */
export function readPlatform(entry: JsonNode): Platform | null {
  const platform = entry.field("platform");
  if (!platform.isPresent) return null;
  return {
    os: platform.field("os").text(),
    architecture: platform.field("architecture").text(),
    variant: platform.field("variant").optionalText(),
  };
}

function isAttestation({ descriptor, platform }: Candidate): boolean {
  return isAttestationEntry(descriptor.annotations, platform);
}

/** Whether an entry of an index is no image, but says something about another one. */
export function isAttestationEntry(annotations: Readonly<Record<string, string>>, platform: Platform | null): boolean {
  if (annotations[REFERENCE_TYPE_KEY] === ATTESTATION) return true;
  return platform?.os === "unknown" && platform.architecture === "unknown";
}

/** @param isByTag whether tags tell the images apart */
function labelOf({ platform, tag, descriptor }: Candidate, isByTag: boolean): string {
  const name = tag === null || !isByTag ? descriptor.digest : `tag ${quoteStart(tag)}`;
  if (platform === null) return `${name} without a platform`;
  return isByTag ? `${platformText(platform)} (${name})` : platformText(platform);
}

/** By what an image can be chosen; null for what has neither tag nor platform of its own. */
function choiceOf({ platform, tag }: Candidate, isByTag: boolean): { reference?: string; platform?: string } | null {
  if (isByTag && tag !== null) return { reference: tag };
  return platform === null ? null : { platform: platformText(platform) };
}

function listOf(labels: readonly string[]): string {
  const more = labels.length > LISTED ? `, and ${labels.length - LISTED} more` : "";
  return labels.slice(0, LISTED).join(", ") + more;
}
