/**
 * `composefs copy SRC DST`: copies an image with its seals, and with whatever else refers to it, between OCI layouts, OCI
 * archives and registries. Nothing is converted: all digests stay what they are. Of an index all is copied, or with
 * `--platform` one image. Prints the digest by which the copy is known, and what went:
 *
 *   sha256:52a1…
 *   5 manifests, 2 of them referrers; 9 blobs, 3 of them written, 4.9 MB
 *
 * `--no-referrers` leaves out what refers to it, `--artifact-type` all but one kind of that. `--json` prints one object:
 *
 *   {"digest": "sha256:52a1…", "manifests": 5, "referrers": 2, "blobs": 9, "blobsWritten": 3, "bytesWritten": 4900000,
 *    "skipped": []}
 */

import { copyImage } from "../destination/copy.ts";
import { openDestination } from "../destination/open.node.ts";
import { countOf } from "../explain/words.ts";
import { EXIT_OK } from "./common.ts";
import { openGraph } from "./graph-input.ts";
import { startProgress } from "./progress.ts";
import { guard } from "./signals.ts";
import { formatBytes, print, printError } from "./text.ts";

export interface CopyOptions {
  platform?: string;
  referrers: boolean;
  artifactType?: string;
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SOURCE_*, BLOB_*, REGISTRY_*, IO_* */
export async function run(source: string, target: string, options: CopyOptions): Promise<number> {
  const { platform, referrers, artifactType = null } = options;
  const progress = startProgress(options.progress);
  const { layout, graph, reading } = await openGraph(source, platform, { referrers, artifactType });
  const destination = await openDestination(target, layout).catch(async (error) => {
    await layout.close();
    throw error;
  });
  const release = guard(() => destination.discard());
  try {
    let bytes = 0;
    const report = await copyImage(layout.files, graph, destination, reading, (more) => {
      bytes += more;
      progress.update("copying", bytes, undefined);
    });
    progress.clear();
    for (const digest of report.skipped) printError(`${digest}: not copied: a layer that may not be given away\n`);
    if (options.json) {
      print(`${JSON.stringify({ digest: graph.digest, ...report })}\n`);
      return EXIT_OK;
    }
    const { manifests, blobs, blobsWritten, bytesWritten } = report;
    const documents = `${countOf(manifests, "manifest")}, ${report.referrers} of them referrers`;
    print(
      `${graph.digest}\n${documents}; ${countOf(blobs, "blob")}, ${blobsWritten} of them written, ${formatBytes(bytesWritten)}\n`,
    );
    return EXIT_OK;
  } finally {
    progress.clear();
    destination.discard();
    release();
    await layout.close();
  }
}
