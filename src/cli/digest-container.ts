/**
 * `composefs digest IMAGE`: the digests of a container image. First one line for each profile,
 *
 *   v1-sha512-12:d06f…
 *
 * which is all that goes into a pipe: for scripts. On a terminal, and with `--verbose`, follows what they are of:
 *
 *   image     base.oci: oci-archive, latest, linux/amd64
 *   tree      merged of 3 layers, OCI transform, xattrs allowlist-only
 *   manifest  sha256:52a1…
 *   config    sha256:9ef0…
 *   diff_id   sha256:1b9c…
 *   …
 *
 * `--layers` adds a line for each layer alone (its own tree, no transform), base first, and with more than one hash one
 * for each of them:
 *
 *   layer-1:v1-sha512-12:77b0…
 *   layer-2:none (LAYER_LINK_MISSING: …)
 *
 * With `--quiet` there is the hex alone, `none` for a layer without digest. `--json` prints one object:
 *
 *   {"images": [{"role": "merged", "profile": "v1-sha512-12", "format": "v1", "hash": "sha512", "blockSize": 4096,
 *                "transform": true, "xattrs": "allowlist-only", "size": 16384, "inodes": 300, "digest": "d06f…"}, …],
 *    "layers": [{"layer": 1, "diffId": "sha256:1b9c…", "images": [{"role": "layer", …}], "none": null}, …],
 *    "source": {"name": "base.oci", "kind": "oci-archive", "reference": "latest", "platform": "linux/amd64",
 *               "manifest": "sha256:52a1…", "config": "sha256:9ef0…", "diffIds": ["sha256:1b9c…", …]},
 *    "counts": {"entries": 44, …}}
 *
 * `layers` is empty without `--layers`; `none` is {"code": "…", "message": "…"} for a layer that leans on others.
 * `reference`, `platform`, `manifest` and `config` are null where the input has none. Nothing is printed before the size
 * and digest of every blob and the diff_id of every layer were checked.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import {
  CONTAINER_PROFILE,
  digestLayers,
  hashesOf,
  type LayerDigests,
  type MergedDigests,
} from "../image/container-digests.ts";
import type { Profile } from "../image/profile.ts";
import { sourceFacts } from "../image/read-container.node.ts";
import type { ContainerSource } from "../source/resolve.node.ts";
import { EXIT_OK } from "./common.ts";
import type { DigestCommandOptions } from "./digest.ts";
import { type ContainerInput, describeTree, openLayers } from "./input.ts";
import { isTerminal, type ProgressLine } from "./progress.ts";
import { print, printable } from "./text.ts";

/** Computes and prints the digests. @returns the exit code @throws {ComposefsError} */
export async function digestContainer(
  source: ContainerSource,
  wanted: readonly Profile[] | undefined,
  options: DigestCommandOptions,
  accelerator: Accelerator,
  progress: ProgressLine,
): Promise<number> {
  const profiles = wanted ?? [CONTAINER_PROFILE];
  const input = await openLayers(source, options, hashesOf(profiles), progress);
  await input.image.close();
  const { layers, transform } = input;
  const withLayers = options.layers ?? false;
  const digests = await digestLayers(layers, { profiles, transform, withLayers, accelerator });
  if (options.json) {
    const { images, layers, counts } = digests;
    print(`${JSON.stringify({ images, layers, source: { ...sourceFacts(input), name: source.name }, counts })}\n`);
    return EXIT_OK;
  }
  print(linesOf(digests, options.quiet ?? false).join(""));
  if (options.verbose || (!options.quiet && isTerminal(1))) print(`\n${bindingText(source.name, input)}`);
  return EXIT_OK;
}

function linesOf({ images, layers }: MergedDigests, isQuiet: boolean): string[] {
  const line = (label: string, digest: string) => `${isQuiet ? "" : label}${digest}\n`;
  return [
    ...images.map(({ profile, digest }) => line(`${profile}:`, digest)),
    ...layers.flatMap((layer) => layerLines(layer, line, isQuiet)),
  ];
}

function layerLines(
  { layer, images, none }: LayerDigests,
  line: (label: string, digest: string) => string,
  isQuiet: boolean,
): string[] {
  if (none !== null) return [line(`layer-${layer}:`, isQuiet ? "none" : `none (${none.code}: ${none.message})`)];
  return images.map(({ profile, digest }) => line(`layer-${layer}:${profile}:`, digest));
}

/** What the digests are of. */
function bindingText(name: string, input: ContainerInput): string {
  const { kind, reference, platform, manifest, config, diffIds } = sourceFacts(input);
  const about = [kind, reference, platform].filter((text) => text !== null);
  const rows = [
    ["image", `${printable(name)}: ${about.map(printable).join(", ")}`],
    ["tree", describeTree(input)],
    ...(manifest === null ? [] : [["manifest", manifest]]),
    ...(config === null ? [] : [["config", config]]),
    ...diffIds.map((diffId) => ["diff_id", diffId]),
  ];
  return rows.map(([label, text]) => `${label!.padEnd(8)}  ${text}\n`).join("");
}
