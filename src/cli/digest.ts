/**
 * `composefs digest DUMP`: one line `v1-sha256-12:<hex>` for each profile, in the order they were asked for; with
 * `--quiet` the hex alone. `--json` prints one object:
 *
 *   {"images": [{"profile": "v1-sha256-12", "format": "v1", "size": 14888960, "inodes": 7024, "digest": "…"}, …],
 *    "counts": {"entries": 6768, …}}
 */

import { acquireEngineSync } from "../engine/load.ts";
import { InputFile, quote } from "../image/files.node.ts";
import { byFormat, ownAlgorithm, parseProfile } from "../image/profile.ts";
import { acceleratorFromEnvironment, EXIT_OK, pathOfOperand, readDump, usageError, writeImage } from "./common.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";

export interface DigestCommandOptions {
  /** Each names one profile, or several with commas between them. */
  profile?: string[];
  strict?: boolean;
  json?: boolean;
  quiet?: boolean;
  progress: boolean;
  accelerator: boolean;
}

/**
 * Runs the command.
 *
 * @param more operands after the dumpfile: the further profiles of `-p A B`
 * @returns the exit code
 * @throws {ComposefsError} USAGE, PROFILE_*, DUMP_*, EROFS_*, IO_*, ENGINE_*
 */
export async function run(dump: string, more: readonly string[], options: DigestCommandOptions): Promise<number> {
  const [extra] = options.profile === undefined ? more : more.filter((name) => !isProfile(name));
  if (extra !== undefined) {
    throw usageError(`expected one dumpfile, ${quote(dump)}, and got ${quote(extra)}; profiles are named by -p`);
  }
  const wanted = options.profile?.flatMap((names) => names.split(",")).concat(more);
  wanted?.forEach(parseProfile);
  const progress = startProgress(options.progress && !options.quiet);
  try {
    const accelerator = options.accelerator ? acceleratorFromEnvironment() : "off";
    const { job, counts } = readDump(acquireEngineSync(), new InputFile(pathOfOperand(dump)), {
      strict: options.strict ?? false,
      accelerator,
      progress,
    });
    const profiles = wanted ?? [`v1-${ownAlgorithm(counts.objectHash)}`];
    const found = new Map<string, { profile: string; format: string; size: number; inodes: number; digest: string }>();
    for (const [format, algorithms] of byFormat(profiles)) {
      const image = job.openImage(format, algorithms);
      await writeImage(image, undefined, { progress });
      const { size, inodes } = image.layout;
      for (const [algorithm, digest] of Object.entries(image.digests())) {
        const profile = `${format}-${algorithm}`;
        found.set(profile, { profile, format, size, inodes, digest });
      }
    }
    progress.clear();
    const images = [...new Set(profiles)].map((profile) => found.get(profile)!);
    if (options.json) print(`${JSON.stringify({ images, counts })}\n`);
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
