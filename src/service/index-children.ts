/** The images that an index names, each of which is a job of its own. */

import { readDescriptor } from "../source/document.ts";
import type { JsonNode } from "../source/json.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "../source/media-types.ts";
import type { Platform } from "../source/platform.ts";
import { parsePlatform, platformMatches, platformText } from "../source/platform.ts";
import { isAttestationEntry, readPlatform } from "../source/select.ts";

/** An image of an index, or an index in it. */
export interface IndexChild {
  /** `sha256:` and hex. */
  digest: string;
  platform: string | null;
}

/**
 * Lists the images of an index, without attestations, each once.
 *
 * @param platforms os/architecture[/variant] of those that are wanted; null for all. What has no platform is wanted
 * @throws {ComposefsError} SOURCE_JSON, SOURCE_DIGEST
 */
export function childrenOf(index: JsonNode, platforms: readonly string[] | null): IndexChild[] {
  const wanted = platforms?.map(parsePlatform) ?? null;
  const isWanted = (platform: Platform | null) =>
    platform === null || wanted === null || wanted.some((one) => platformMatches(platform, one));
  const children = new Map<string, IndexChild>();
  for (const entry of index.field("manifests").items()) {
    const { digest, mediaType, annotations } = readDescriptor(entry);
    const platform = readPlatform(entry);
    if (!MANIFEST_TYPES.has(mediaType) && !INDEX_TYPES.has(mediaType)) continue;
    if (isAttestationEntry(annotations, platform) || entry.field("artifactType").isPresent) continue;
    if (isWanted(platform)) children.set(digest, { digest, platform: platform && platformText(platform) });
  }
  return [...children.values()];
}
