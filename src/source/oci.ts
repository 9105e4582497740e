/**
 * Images in an OCI layout, in a directory or in an archive: oci-to-tree.md 8.1 to 8.4.
 */

import { ComposefsError } from "../error.ts";
import { type ContainerImage, configPlatform, type FileTable, type LayerBlob, type Wanted } from "./container.ts";
import {
  blobPath,
  type Descriptor,
  findBlob,
  type Reading,
  readBlob,
  readDescriptor,
  readFile,
  whereIs,
} from "./document.ts";
import type { JsonNode } from "./json.ts";
import { CONFIG_TYPES, LAYER_TYPES } from "./media-types.ts";
import { platformText } from "./platform.ts";
import { quoteStart } from "./quote.ts";
import { checkManifest, checkPlatform, selectManifest } from "./select.ts";

/**
 * Opens an image of a layout: reads and checks index, manifest and config, and finds the layers.
 *
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST, IO_OPEN, IO_READ
 */
export async function openOci(
  files: FileTable,
  kind: "oci" | "oci-archive" | "registry",
  wanted: Wanted,
  reading: Reading,
): Promise<ContainerImage> {
  await checkLayout(files, reading);
  const chosen = await selectManifest(files, wanted, reading);
  const { mediaType } = chosen.descriptor;
  const manifest = await readBlob(files, chosen.descriptor, reading);
  checkManifest(manifest.root, mediaType);

  const configDescriptor = readDescriptor(manifest.root.field("config"));
  if (!CONFIG_TYPES.has(configDescriptor.mediaType)) throw artifactError(configDescriptor);
  const config = await readBlob(files, configDescriptor, reading);
  const platform = configPlatform(config.root);
  checkPlatform(platform, chosen.mustBe, config.where);

  const descriptors = manifest.root.field("layers").items().map(readDescriptor);
  const diffIds = readDiffIds(config.root, descriptors.length);
  const layers: LayerBlob[] = [];
  for (const [i, descriptor] of descriptors.entries()) layers.push(await findLayer(files, descriptor, diffIds[i]!));

  const actual = chosen.platform ?? platform;
  const { bytes, digest, json } = manifest;
  return {
    kind,
    name: files.name,
    reference: chosen.tag,
    manifest: { bytes, digest, json, mediaType, annotations: manifest.root.field("annotations").texts() },
    config: { bytes: config.bytes, digest: config.digest, json: config.json },
    platform: actual && platformText(actual),
    layers,
    files,
  };
}

/**
 * The diff_ids of a config, base first.
 *
 * @param layerCount layers that the image has
 * @throws {ComposefsError} SOURCE_JSON, SOURCE_DIGEST, SOURCE_LAYERS
 */
export function readDiffIds(config: JsonNode, layerCount: number): string[] {
  const list = config.field("rootfs").field("diff_ids");
  const diffIds = list.isPresent ? list.items().map((node) => node.digest()) : [];
  if (diffIds.length === layerCount) return diffIds;
  const what = `there are ${diffIds.length} diff_ids, and the image has ${layerCount} layers`;
  throw new ComposefsError("SOURCE_LAYERS", `${list.where}: ${what}`, { actual: diffIds.length, limit: layerCount });
}

/** The file `oci-layout` of a layout of this version: image-spec, image-layout.md. */
export const LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}';

/** A later version of the layout may have other rules. */
async function checkLayout(files: FileTable, reading: Reading): Promise<void> {
  const { root } = await readFile(files, "oci-layout", reading);
  const version = root.field("imageLayoutVersion");
  const text = version.text();
  if (/^1\.\d+\.\d+/.test(text)) return;
  const what = `expected layout version 1.x, got ${quoteStart(text)}`;
  throw new ComposefsError("SOURCE_LAYOUT_VERSION", `${version.where}: ${what}`, { text: text.slice(0, 128) });
}

async function findLayer(files: FileTable, descriptor: Descriptor, diffId: string): Promise<LayerBlob> {
  const { mediaType, digest, size, annotations } = descriptor;
  const compression = LAYER_TYPES.get(mediaType);
  if (compression === undefined) {
    const what = `expected a layer, got media type ${quoteStart(mediaType)}`;
    throw new ComposefsError("SOURCE_MEDIA_TYPE", `${descriptor.where}: ${what}`, { text: mediaType.slice(0, 128) });
  }
  const place = await findBlob(files, descriptor);
  const name = whereIs(files, blobPath(digest));
  return { place, compression, mediaType, digest, size, diffId, name, annotations };
}

function artifactError({ mediaType, where }: Descriptor): ComposefsError {
  const what = `this is an artifact, not an image: its config has media type ${quoteStart(mediaType)}`;
  return new ComposefsError("SOURCE_ARTIFACT", `${where}: ${what}`, { text: mediaType.slice(0, 128) });
}
