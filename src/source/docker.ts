/**
 * Images in docker-save archives: oci-to-tree.md 8.5. Such an image has no manifest; the diff_ids of its config decide.
 */

import { ComposefsError } from "../error.ts";
import type { ArchiveFiles } from "./archive.ts";
import { type ContainerImage, configPlatform, firstBytes, type LayerBlob, type Wanted } from "./container.ts";
import { findFile, type Reading, readFile, readWhole, whereIs } from "./document.ts";
import type { JsonNode } from "./json.ts";
import { compressionOf } from "./media-types.ts";
import { readDiffIds } from "./oci.ts";
import { platformText } from "./platform.ts";
import { quote, quoteStart } from "./quote.ts";
import { checkPlatform } from "./select.ts";

/**
 * Opens an image of a docker-save archive: reads and checks manifest.json and config, and finds the layers.
 *
 * @throws {ComposefsError} SOURCE_*, BLOB_DIGEST, IO_READ
 */
export async function openDocker(files: ArchiveFiles, wanted: Wanted, reading: Reading): Promise<ContainerImage> {
  const { root } = await readFile(files, "manifest.json", reading);
  const image = chooseImage(root, wanted.reference);
  const configPath = image.field("Config").text();
  const config = await readFile(files, configPath, reading, digestInName(configPath));
  const platform = configPlatform(config.root);
  checkPlatform(platform, wanted.platform, config.where);
  const list = image.field("Layers");
  const paths = list.isPresent ? list.items() : [];
  const diffIds = readDiffIds(config.root, paths.length);
  const layers: LayerBlob[] = [];
  for (const [i, path] of paths.entries()) layers.push(await findLayer(files, path.text(), diffIds[i]!, reading));
  return {
    kind: "docker-archive",
    name: files.name,
    reference: wanted.reference ?? namesOf(image)[0] ?? null,
    manifest: null,
    config: { bytes: config.bytes, digest: config.digest, json: config.json },
    platform: platform && platformText(platform),
    layers,
    files: null,
  };
}

/** The only image, or the one that has the name. @throws {ComposefsError} SOURCE_TAG, SOURCE_SEVERAL, SOURCE_EMPTY */
function chooseImage(root: JsonNode, name: string | null): JsonNode {
  const images = root.items();
  const fitting = name === null ? images : images.filter((image) => namesOf(image).includes(name));
  if (fitting.length === 1) return fitting[0]!;
  const text = images.flatMap(namesOf).slice(0, 20).map(quote).join(", ") || "none";
  if (images.length === 0) throw new ComposefsError("SOURCE_EMPTY", `${root.where}: there is no image`);
  if (fitting.length === 0) {
    throw new ComposefsError("SOURCE_TAG", `${root.where}: there is no image ${quote(name!)}; names: ${text}`, {
      text,
    });
  }
  const what = `there are ${fitting.length} images, say which by name: ${text}`;
  const choices = images.slice(0, 20).flatMap((image) =>
    namesOf(image)
      .slice(0, 1)
      .map((reference) => ({ reference })),
  );
  const data = { actual: fitting.length, limit: 1, text, choices };
  throw new ComposefsError("SOURCE_SEVERAL", `${root.where}: ${what}`, data);
}

function namesOf(image: JsonNode): string[] {
  const tags = image.field("RepoTags");
  return tags.isPresent ? tags.items().map((tag) => tag.text()) : [];
}

/** The digest that the name of a config is made of: HEX.json or blobs/sha256/HEX; null for other names. */
function digestInName(path: string): string | null {
  const [, hex] = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(path) ?? [];
  return hex === undefined ? null : `sha256:${hex}`;
}

/**
 * Finds a layer. Docker of old wrote a layer that occurs again as a symbolic link to the first one. That link is
 * followed once, and leads to members of the archive only.
 */
async function findLayer(files: ArchiveFiles, path: string, diffId: string, reading: Reading): Promise<LayerBlob> {
  const link = files.linkTarget(path);
  const target = link === null ? path : resolveLink(files, path, link);
  const place = await findFile(files, target);
  // Some tools store gzip here, and nothing says so: the only place where the first bytes decide.
  const isGzip = compressionOf(await readWhole(firstBytes(place, 2), reading)) === "gzip";
  const compression = isGzip ? "gzip" : "none";
  const mediaType = `application/vnd.docker.image.rootfs.diff.tar${isGzip ? ".gzip" : ""}`;
  const name = whereIs(files, path);
  return { place, compression, mediaType, digest: null, size: null, diffId, name, annotations: {} };
}

/** The member that a link leads to. @throws {ComposefsError} SOURCE_LINK */
function resolveLink(files: ArchiveFiles, path: string, link: string): string {
  const fail = (what: string) => {
    const message = `${whereIs(files, path)}: the symbolic link to ${quoteStart(link)} ${what}`;
    return new ComposefsError("SOURCE_LINK", message, { path: files.name, text: link.slice(0, 128) });
  };
  if (link.startsWith("/")) throw fail("leads out of the archive");
  const parts = path.split("/").slice(0, -1);
  for (const part of link.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) throw fail("leads out of the archive");
    } else if (part !== "." && part !== "") {
      parts.push(part);
    }
  }
  const target = parts.join("/");
  if (files.linkTarget(target) !== null) throw fail("leads to another one");
  return target;
}
