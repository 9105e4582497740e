/**
 * Copies an image with what refers to it, between layouts, archives and registries (sealing.md 6): an index with all that it
 * names, or one manifest; configs and layers as they are stored; referrers, and the referrers of those.
 *
 * Nothing is converted, so that digests stay what they are, and every blob is held against its own on the way. The name of
 * the image leads to it when all of that is there.
 */

import type { FileTable } from "../source/container.ts";
import { type Descriptor, findBlob, type Reading, whereIs } from "../source/document.ts";
import { type GraphNode, nodesOf } from "../source/graph.ts";
import { checkDigest } from "../source/layer-stream.ts";
import type { Destination } from "./destination.ts";

/** What was copied. */
export interface CopyReport {
  /** Manifests and indexes, referrers included. */
  manifests: number;
  /** Of these, what refers to another one. */
  referrers: number;
  blobs: number;
  /** Of these, those that had to be written. */
  blobsWritten: number;
  /** Bytes of those. */
  bytesWritten: number;
  /** Digests of layers that may not be copied, by their media type: whoever wants them fetches them where they are. */
  skipped: string[];
}

/** Blobs on their way at a time: enough to fill a connection while another one waits for its answer. */
const PARALLEL_BLOBS = 3;

/**
 * Copies what hangs on an image.
 *
 * @param graph of the image, as far as it is to be copied
 * @param onBytes told of bytes of blobs as they go
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST, REGISTRY_*, IO_*
 */
export async function copyImage(
  files: FileTable,
  graph: GraphNode,
  destination: Destination,
  reading: Reading,
  onBytes: (bytes: number) => void = () => {},
): Promise<CopyReport> {
  const report: CopyReport = { manifests: 0, referrers: 0, blobs: 0, blobsWritten: 0, bytesWritten: 0, skipped: [] };
  const done = new Set<string>();
  const copyBlob = async (descriptor: Descriptor) => {
    const { digest, size } = descriptor;
    report.blobs++;
    const wasWritten = await destination.putBlob({
      digest,
      size,
      open: () => readChecked(files, descriptor, reading, onBytes),
    });
    if (!wasWritten) return;
    report.blobsWritten++;
    report.bytesWritten += size;
  };
  for (const node of nodesOf(graph)) {
    const queue: Descriptor[] = [];
    for (const blob of node.blobs) {
      if (done.has(blob.digest)) continue;
      done.add(blob.digest);
      if (isForeign(blob)) report.skipped.push(blob.digest);
      else queue.push(blob);
    }
    const work = async () => {
      for (let blob = queue.shift(); blob !== undefined; blob = queue.shift()) await copyBlob(blob);
    };
    await Promise.all(Array.from({ length: destination.isSerial ? 1 : PARALLEL_BLOBS }, work));
    report.manifests++;
    if (node.subject !== null) report.referrers++;
    if (node === graph) await destination.putNamed(node);
    else if (node.subject !== null) await destination.putReferrer(node);
    else await destination.putManifest(node);
  }
  await destination.commit();
  return report;
}

/** Layers that whoever has them may not give away: image-spec, layer.md, "Non-Distributable Layers". */
function isForeign({ mediaType }: Descriptor): boolean {
  return /\.(nondistributable|foreign)\./.test(mediaType);
}

/** The last piece comes when the digest is known to be right: what is damaged never arrives whole, wherever it goes. */
async function* readChecked(
  files: FileTable,
  descriptor: Descriptor,
  { host, signal }: Reading,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = (await host.loadSha256())();
  let last: Uint8Array | null = null;
  for await (const chunk of host.readPlace(await findBlob(files, descriptor), signal)) {
    await hash.update(chunk);
    if (last !== null) yield last;
    last = chunk;
    onBytes(chunk.length);
  }
  checkDigest("BLOB_DIGEST", whereIs(files, descriptor.digest), `sha256:${await hash.digest()}`, descriptor.digest);
  if (last !== null) yield last;
}
