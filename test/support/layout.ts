/** OCI layouts that are right apart from what a test changes. */
import type { ContainerImage } from "../../src/source/container.ts";
import { openOci } from "../../src/source/oci.ts";
import { parsePlatform } from "../../src/source/platform.ts";
import { digestOf, filesOf, readingWith } from "./source.ts";

export type Json = Record<string, unknown>;
export type Files = Map<string, Uint8Array>;

export const OCI = "application/vnd.oci.image.";
export const DOCKER = "application/vnd.docker.";
export const MANIFEST = `${OCI}manifest.v1+json`;
export const INDEX = `${OCI}index.v1+json`;
export const TAG = "org.opencontainers.image.ref.name";
export const LAYER = Buffer.alloc(1024);

export const json = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

/** Adds a blob. @returns its descriptor */
export function add(files: Files, bytes: Uint8Array, mediaType: string): Json {
  files.set(`blobs/${digestOf(bytes).replace(":", "/")}`, bytes);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

export interface Changes {
  config?: Json | string;
  configType?: string;
  configDescriptor?: Json;
  layer?: Json;
  layers?: unknown;
  manifest?: Json;
  manifestType?: string;
}

/** Adds an image of one layer, which is right apart from the changes. @returns the descriptor of its manifest */
export function addImage(files: Files, changes: Changes = {}): Json {
  const config = changes.config ?? {};
  const rootfs = { type: "layers", diff_ids: [digestOf(LAYER)] };
  const configBytes = json(
    typeof config === "string" ? config : { os: "linux", architecture: "amd64", rootfs, ...config },
  );
  const layer = { ...add(files, LAYER, `${OCI}layer.v1.tar`), ...changes.layer };
  const manifest = {
    schemaVersion: 2,
    config: { ...add(files, configBytes, changes.configType ?? `${OCI}config.v1+json`), ...changes.configDescriptor },
    layers: changes.layers ?? [layer],
    ...changes.manifest,
  };
  return add(files, json(manifest), changes.manifestType ?? MANIFEST);
}

export function layoutOf(manifests: unknown, files: Files, more: Json = {}): Files {
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  files.set("index.json", json({ schemaVersion: 2, manifests, ...more }));
  return files;
}

/** A layout of one image with changes. */
export function layoutWith(changes: Changes): Files {
  const files: Files = new Map();
  return layoutOf([addImage(files, changes)], files);
}

/** Manifests that differ in nothing but an annotation, so that each has a digest of its own. */
export function descriptors(files: Files, ...more: Json[]): Json[] {
  return more.map((fields, i) => ({ ...addImage(files, { manifest: { annotations: { i: `${i}` } } }), ...fields }));
}

/** Opens the image of a layout. */
export function openLayout(
  files: Files,
  { tag = null as string | null, platform = "", limits = {} } = {},
): Promise<ContainerImage> {
  const wanted = { reference: tag, platform: platform === "" ? null : parsePlatform(platform) };
  return openOci(filesOf(files), "oci", wanted, readingWith(limits));
}
