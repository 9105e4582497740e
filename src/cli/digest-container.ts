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
 * `--role bootable` gives the tree that a kernel image names, its lines begin with `bootable:`; `--role all` gives both,
 * and each layer. `--layers` adds a line for each layer alone (its own tree, no transform), base first, and with more than one hash one
 * for each of them:
 *
 *   layer-1:v1-sha512-12:77b0…
 *   layer-2:none (LAYER_LINK_MISSING: …)
 *
 * With `--quiet` there is the hex alone, `none` for a layer without digest. `--json` prints one object:
 *
 *   {"images": [{"role": "merged", "profile": "v1-sha512-12", "format": "v1", "hash": "sha512", "blockSize": 4096,
 *                "transform": true, "xattrs": "allowlist-only", "transformRevision": null, "size": 16384, "inodes": 300,
 *                "digest": "d06f…"}, …],
 *    "layers": [{"layer": 1, "diffId": "sha256:1b9c…", "images": [{"role": "layer", …}], "none": null}, …],
 *    "source": {"name": "base.oci", "kind": "oci-archive", "reference": "latest", "platform": "linux/amd64",
 *               "manifest": "sha256:52a1…", "config": "sha256:9ef0…", "diffIds": ["sha256:1b9c…", …],
 *               "policy": null, "unseen": []},
 *    "counts": {"entries": 44, …}}
 *
 * `unseen` is what of a directory was not seen: "owners", "permissions", "xattrs". `policy` is the SELinux policy that labels of a bootable tree come from: {"name": "targeted", "rules": 5012}. `layers` is
 * empty without `--layers`; `none` is {"code": "…", "message": "…"} for a layer that leans on others.
 * `reference`, `platform`, `manifest` and `config` are null where the input has none. Nothing is printed before the size
 * and digest of every blob and the diff_id of every layer were checked.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import {
  CONTAINER_PROFILE,
  digestImage,
  hashesOf,
  type ImageDigests,
  type LayerDigests,
} from "../image/container-digests.ts";
import type { Profile } from "../image/profile.ts";
import { sourceFacts } from "../image/read-container.node.ts";
import type { View } from "../image/view.ts";
import { quote } from "../source/files.node.ts";
import type { ContainerSource } from "../source/resolve.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import type { DigestCommandOptions } from "./digest.ts";
import { type ContainerLayers, openLayers } from "./input.ts";
import { isTerminal, type ProgressLine } from "./progress.ts";
import { print, printable } from "./text.ts";
import { describeTree, policyFacts, revisionOf, rolesOf, transformOf, viewOf } from "./view.ts";

/** Computes and prints the digests. @returns the exit code @throws {ComposefsError} */
export async function digestContainer(
  source: ContainerSource,
  wanted: readonly Profile[] | undefined,
  options: DigestCommandOptions,
  accelerator: Accelerator,
  progress: ProgressLine,
): Promise<number> {
  const profiles = wanted ?? [CONTAINER_PROFILE];
  if (source.isDirectory && options.layers) {
    throw usageError(`--layers: ${quote(source.name)} is a directory and has no layers`);
  }
  const asked = [...rolesOf(options), ...(options.layers ? (["layer"] as const) : [])];
  const roles = source.isDirectory ? asked.filter((role) => role !== "layer") : asked;
  const input = await openLayers(source, options, hashesOf(profiles), { progress, accelerator });
  try {
    const how = { transform: transformOf(options), revision: revisionOf(options) };
    // Before any digest is computed: it may be a layer that the image does not have.
    const only = options.layer === undefined ? undefined : viewOf(options, input.layers.length);
    const digests = await digestImage(input.trees, { profiles, roles, ...how });
    if (only?.role === "layer") digests.layers = digests.layers.filter(({ layer }) => layer === only.layer);
    if (options.json) {
      const { images, layers, counts } = digests;
      const facts = { ...sourceFacts(input), name: source.name, policy: policyFacts(input.trees) };
      print(`${JSON.stringify({ images, layers, source: facts, counts })}\n`);
      return EXIT_OK;
    }
    print(linesOf(digests, options.quiet ?? false).join(""));
    if (options.verbose || (!options.quiet && isTerminal(1))) {
      const views = roles.flatMap((role): View[] => (role === "layer" ? [] : [viewOf({ ...options, role }, 0)]));
      print(`\n${bindingText(source.name, input, views)}`);
    }
    return EXIT_OK;
  } finally {
    await input.image.close();
  }
}

function linesOf({ images, layers }: ImageDigests, isQuiet: boolean): string[] {
  const line = (label: string, digest: string) => `${isQuiet ? "" : label}${digest}\n`;
  return [
    ...images.map(({ role, profile, digest }) => line(`${role === "merged" ? "" : `${role}:`}${profile}:`, digest)),
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
function bindingText(name: string, input: ContainerLayers, views: readonly View[]): string {
  const { kind, reference, platform, manifest, config, diffIds } = sourceFacts(input);
  const about = [kind, reference, platform].filter((text) => text !== null);
  const rows = [
    ["image", `${printable(name)}: ${about.map(printable).join(", ")}`],
    ...views.map((view) => ["tree", describeTree({ ...input, view })]),
    ...(manifest === null ? [] : [["manifest", manifest]]),
    ...(config === null ? [] : [["config", config]]),
    ...diffIds.map((diffId) => ["diff_id", diffId]),
  ];
  return rows.map(([label, text]) => `${label!.padEnd(8)}  ${text}\n`).join("");
}
