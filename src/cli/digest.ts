/**
 * `composefs digest INPUT` for dumpfiles and EROFS images; container images are in digest-container.ts. One line `v1-sha256-12:<hex>` for each profile, in the order they were asked for; with
 * `--quiet` the hex alone. Of an image, without a profile, it is the digest of the file as it is; with profiles its tree
 * is written anew. `--json` prints one object:
 *
 *   {"images": [{"profile": "v1-sha256-12", "format": "v1", "size": 14888960, "inodes": 7024, "digest": "…"}, …],
 *    "made": {"role": null, "transform": false, …}, "counts": {"entries": 6768, …}}
 */

import { type Profile, parseProfile } from "../image/profile.ts";
import { quote } from "../source/files.node.ts";
import { openInput } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_OK, usageError } from "./common.ts";
import { digestGiven } from "./digest-given.ts";
import { checkInputOptions, type InputOptions, readInput, requireContainer } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { treeFacts } from "./view.ts";

export interface DigestCommandOptions extends InputOptions {
  /** Each names one profile, or several with commas between them. */
  profile?: string[];
  /** Of container images: digests of each layer alone, too. */
  layers?: boolean;
  /** Of container images: say what the digests are of. */
  verbose?: boolean;
  json?: boolean;
  quiet?: boolean;
  progress: boolean;
  accelerator: boolean;
}

/**
 * Runs the command.
 *
 * @param more operands after the input: the further profiles of `-p A B`
 * @returns the exit code
 * @throws {ComposefsError} USAGE, PROFILE_*, EROFS_*, and all that reading gives
 */
export async function run(input: string, more: readonly string[], options: DigestCommandOptions): Promise<number> {
  const [extra] = options.profile === undefined ? more : more.filter((name) => !isProfile(name));
  if (extra !== undefined) {
    throw usageError(`expected one input, ${quote(input)}, and got ${quote(extra)}; profiles are named by -p`);
  }
  const wanted = options.profile?.flatMap((names) => names.split(",")).concat(more);
  wanted?.forEach(parseProfile);
  checkInputOptions(options, true);
  const progress = startProgress(options.progress && !options.quiet);
  try {
    const accelerator = options.accelerator ? acceleratorFromEnvironment() : "off";
    const source = openInput(input);
    if (source.kind === "container") {
      const { digestContainer } = await import("./digest-container.ts");
      return await digestContainer(source, wanted as Profile[] | undefined, options, accelerator, progress);
    }
    requireContainer([source], options);
    if (options.layers) throw usageError(`--layers: ${quote(source.name)} has no layers`);
    const { tree } = await readInput(source, options, { progress, accelerator });
    const images = await digestGiven(tree, wanted as Profile[] | undefined, progress);
    progress.clear();
    if (options.json) print(`${JSON.stringify({ images, made: treeFacts(undefined), counts: tree.counts })}\n`);
    else print(images.map(({ profile, digest }) => `${options.quiet ? "" : `${profile}:`}${digest}\n`).join(""));
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

function isProfile(name: string): boolean {
  try {
    parseProfile(name);
    return true;
  } catch {
    return false;
  }
}
