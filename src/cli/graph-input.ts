/** What hangs on the image of an operand, for `copy` and `referrers`. */

import { type OpenLayout, openLayout } from "../source/container.node.ts";
import type { Reading } from "../source/document.ts";
import { type GraphNode, type GraphOptions, readGraph } from "../source/graph.ts";
import { HOST } from "../source/host.ts";
import { sourceLimits } from "../source/limits.ts";
import { parsePlatform } from "../source/platform.ts";
import { selectManifest, selectRoot } from "../source/select.ts";
import { usageError } from "./common.ts";

/** An image in a layout that is open, and what hangs on it. */
export interface ImageGraph {
  layout: OpenLayout;
  graph: GraphNode;
  reading: Reading;
}

/**
 * Opens an operand and reads the manifests of what it names; whoever gets them closes `layout`.
 *
 * @param platform of one image of an index; undefined for the index as a whole
 * @throws {ComposefsError} USAGE, SOURCE_*, BLOB_*, REGISTRY_*, IO_*
 */
export async function openGraph(
  operand: string,
  platform: string | undefined,
  options: GraphOptions,
): Promise<ImageGraph> {
  const wanted = platform === undefined ? null : platformOf(platform);
  const layout = await openLayout(operand);
  try {
    const { files, reference } = layout;
    const reading: Reading = { limits: sourceLimits({}), signal: undefined, host: HOST };
    const root =
      wanted === null
        ? await selectRoot(files, reference, reading)
        : (await selectManifest(files, { reference, platform: wanted }, reading)).descriptor;
    return { layout, graph: await readGraph(files, root, options, reading), reading };
  } catch (error) {
    await layout.close();
    throw error;
  }
}

function platformOf(text: string) {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw usageError(`--${(error as Error).message}`);
  }
}
