/** A small image in memory, sealed and signed, and what an attacker can do to it. */
import { generateKeyPairSync } from "node:crypto";
import { gzipSync } from "node:zlib";
import { fromHex } from "../../src/image/hex.ts";
import { algorithmParameters, type VerityAlgorithm } from "../../src/image/profile.ts";
import { type ImageBytes, sealImage } from "../../src/seal/in-memory.ts";
import type { Signer } from "../../src/seal/seal.ts";
import { readCertificates } from "../../src/seal/signature/certificate.ts";
import { signDigest } from "../../src/seal/signature/sign.ts";
import { makeCertificate } from "./make-certificate.ts";
import { dir, dirs, file, tarball } from "./oci/tar.mjs";
import { digestOf } from "./source.ts";

export type Document = Record<string, unknown>;

/** An image whose parts can be changed one by one. */
export interface LooseImage {
  /** Uncompressed, base first; the first is stored with gzip. */
  tars: Uint8Array[];
  /** Without what is made of the layers. */
  config: Document;
  /** As stored, in the place of the tars. */
  storedLayers?: Uint8Array[];
  /** Of the manifest. */
  annotations: Document;
}

/** An image with a manifest whose digests are those of its parts. */
export interface StoredImage {
  manifest: Uint8Array;
  blobs: Map<string, Uint8Array>;
  artifacts: Uint8Array[];
}

const OCI = "application/vnd.oci.image.";
export const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
export const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

export function looseImage(): LooseImage {
  return {
    // Copies: slices of a Buffer would share its bytes.
    tars: [
      tarball([dir("usr", { mtime: 9 }), ...dirs("boot", "sysroot"), file("usr/tool", "x".repeat(100), { mtime: 7 })]),
      tarball([...dirs("etc"), file("etc/name", "n"), file("usr/added", "y".repeat(700), { mode: 0o4755 })]),
    ].map((tar) => new Uint8Array(tar)),
    config: { os: "linux", architecture: "amd64", config: { Entrypoint: ["/usr/tool"], User: "1000" } },
    annotations: { "org.example.note": "as it was" },
  };
}

/** Stores an image: every digest is that of what it names, as an attacker would have it, too. */
export function store({ tars, config, annotations, storedLayers }: LooseImage): StoredImage {
  const blobs = new Map<string, Uint8Array>();
  const add = (bytes: Uint8Array, mediaType: string) => {
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const stored = storedLayers ?? tars.map((tar, i) => (i === 0 ? new Uint8Array(gzipSync(tar)) : tar));
  const rootfs = { type: "layers", diff_ids: tars.map(digestOf) };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${OCI}manifest.v1+json`,
    config: add(bytesOf({ ...config, rootfs }), `${OCI}config.v1+json`),
    layers: stored.map((bytes, i) => add(bytes, `${OCI}layer.v1.tar${i === 0 ? "+gzip" : ""}`)),
    annotations,
  };
  return { manifest: bytesOf(manifest), blobs, artifacts: [] };
}

export function imageOf({ manifest, blobs, artifacts }: StoredImage): ImageBytes {
  return { manifest, artifacts, blob: (digest) => blobs.get(digest) };
}

/** Somebody who signs. */
export interface Key {
  certificate: Uint8Array;
  sign: Signer;
}

export async function makeKey(kind: "rsa" | "ec", name: string): Promise<Key> {
  const { privateKey, publicKey } =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyInfo = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const certificate = makeCertificate({ name, publicKeyInfo });
  const [read] = await readCertificates(certificate);
  const pem = new TextEncoder().encode(privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  return {
    certificate,
    sign: ({ algorithm }, digest) =>
      signDigest({
        ...{ hash: algorithmParameters(algorithm).hash, digest: fromHex(digest) },
        ...{ certificate: read!, privateKey: pem },
      }),
  };
}

/** Seals a stored image. @param key null for digests alone */
export async function seal(
  image: StoredImage,
  mode: "artifact" | "inline",
  key: Key | null,
  algorithm: VerityAlgorithm = "sha256-12",
): Promise<StoredImage> {
  const sign = key === null ? {} : { sign: key.sign };
  const layers = mode === "inline";
  const made = await sealImage(imageOf(image), { mode, algorithms: [algorithm], layers, ...sign });
  const blobs = new Map([...image.blobs, ...made.artifacts.flatMap((artifact) => [...artifact.blobs])]);
  return { manifest: made.manifest, blobs, artifacts: made.artifacts.map(({ manifest }) => manifest) };
}
