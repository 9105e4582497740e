/** Images of layers that are only in memory, as the host merges them. */
import { acquireEngineSync, releaseEngine } from "../../src/engine/load.ts";
import type { HashName } from "../../src/engine/slot.ts";
import { LayerJob } from "../../src/image/layer-records.ts";
import { type ImageLayer, opener } from "../../src/image/layers.ts";
import { isRead } from "../../src/image/read-layer.ts";
import { LayeredImage } from "../../src/image/view.ts";
import { sha256 } from "./oci/golden.ts";
import { type Item, tarball } from "./oci/tar.mjs";

const BOTH: readonly HashName[] = ["sha256", "sha512"];

/** A layer that was read. @param keeps whether contents that later steps read are kept, or must be read again */
export function imageLayer(tar: Uint8Array<ArrayBuffer>, keeps = true): ImageLayer {
  const engine = acquireEngineSync();
  try {
    const job = new LayerJob(engine, BOTH, keeps ? isRead : undefined);
    job.write(tar);
    const records = job.end();
    const place = { kind: "blob", blob: new Blob([tar]) } as const;
    const diffId = `sha256:${sha256(tar)}`;
    const stored = { place, compression: "none", mediaType: "", digest: null, size: tar.length, diffId } as const;
    const blob = { ...stored, name: "layer", annotations: {} };
    return { blob, open: opener(blob), records, diffId, isCached: false };
  } finally {
    releaseEngine(engine);
  }
}

/** An image of layers, base first. */
export function layeredImage(layers: ReadonlyArray<Uint8Array | Item[]>, keeps = true): LayeredImage {
  const tars = layers.map((layer) => new Uint8Array(layer instanceof Uint8Array ? layer : tarball(layer)));
  return new LayeredImage(
    tars.map((tar) => imageLayer(tar, keeps)),
    "off",
  );
}
