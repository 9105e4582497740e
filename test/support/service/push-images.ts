/** Images that share bases, made by number and pushed by our own client. */
import { gzipSync } from "node:zlib";
import { Registry } from "../../../src/registry/registry.ts";
import { dir, file, tarball } from "../oci/tar.mjs";
import { digestOf } from "../source.ts";

const OCI = "application/vnd.oci.image.";
const BASES = 4;
const MIDDLES = 20;

/** An image with its blobs, by digest. */
export interface MadeImage {
  manifest: Uint8Array;
  digest: string;
  /** Digests as stored, base first. */
  layers: string[];
  blobs: Map<string, Uint8Array>;
}

/** Image `i`: a base that a quarter of all have, a layer that one in twenty has, and one of its own. */
export function makeImage(i: number): MadeImage {
  const text = (kind: string, n: number, size: number) => `${kind} ${n} `.repeat(size);
  return imageOfTars([
    tarball([dir("usr"), file("usr/base", text("base", i % BASES, 20_000), { mtime: 1 })]),
    tarball([file("usr/middle", text("middle", i % MIDDLES, 2_000), { mtime: 2 })]),
    tarball([dir("app"), file("app/own", text("own", i, 100), { mtime: 3 })]),
  ]);
}

/**
 * An image of layers as they are given, base first: also of what is no tar.
 *
 * @param annotations of each layer
 */
export function imageOfTars(tars: readonly Uint8Array[], annotations?: Record<string, string>): MadeImage {
  const blobs = new Map<string, Uint8Array>();
  const add = (bytes: Uint8Array, mediaType: string) => {
    const copy = new Uint8Array(bytes);
    blobs.set(digestOf(copy), copy);
    return { mediaType: `${OCI}${mediaType}`, digest: digestOf(copy), size: copy.length };
  };
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(new Uint8Array(tar))) };
  const config = new TextEncoder().encode(JSON.stringify({ os: "linux", architecture: "amd64", rootfs }));
  const layers = tars.map((tar) => ({
    ...add(gzipSync(tar), "layer.v1.tar+gzip"),
    ...(annotations && { annotations }),
  }));
  const document = {
    schemaVersion: 2,
    mediaType: `${OCI}manifest.v1+json`,
    config: add(config, "config.v1+json"),
    layers,
  };
  const manifest = new TextEncoder().encode(JSON.stringify(document));
  return { manifest, digest: digestOf(manifest), layers: layers.map(({ digest }) => digest), blobs };
}

/** Pushes an image. */
export async function pushImage(host: string, repository: string, tag: string, image: MadeImage): Promise<void> {
  const registry = new Registry(host);
  for (const [digest, bytes] of image.blobs) {
    await registry.pushBlob(repository, { digest, size: bytes.length, open: () => bytes });
  }
  await registry.pushManifest(repository, tag, image.manifest, `${OCI}manifest.v1+json`);
}
