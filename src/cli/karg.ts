/**
 * `composefs karg INPUT`: the kernel argument that names the tree of INPUT, of a container image its bootable one.
 *
 *   composefs.digest=v1-sha512-12:9f1c…
 *
 * Formats v0 and v1 are named by `composefs.digest=`, format v2 by `composefs=`, blocks of 4096 bytes by either. With
 * `--entry FILE` a boot loader entry of type 1 goes to standard output instead, with the argument in its options.
 * `--json` prints one object, `made` as other commands have it:
 *
 *   {"karg": "composefs.digest=v1-sha512-12:9f1c…", "profile": "v1-sha512-12", "digest": "9f1c…", "isInsecure": false,
 *    "made": {"role": "bootable", …}}
 */

import { readFileSync } from "node:fs";
import { addKarg } from "../boot/entries.ts";
import { formatKarg } from "../boot/karg.ts";
import { CONTAINER_PROFILE } from "../image/container-digests.ts";
import { algorithmParameters, ownAlgorithm, type Profile, parseProfile } from "../image/profile.ts";
import { ioError, quote } from "../source/files.node.ts";
import { openInput } from "../source/resolve.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { checkInputOptions, type InputOptions, readInput, requireContainer } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { treeFacts } from "./view.ts";

export interface KargOptions extends InputOptions {
  profile?: string;
  /** Path of a boot loader entry. */
  entry?: string;
  insecure?: boolean;
  json?: boolean;
  progress: boolean;
}

/** The only block size that an argument can name, as log2 of bytes. */
const BLOCK_BITS = 12;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, PROFILE_*, BOOT_*, EROFS_*, and all that reading gives */
export async function run(input: string, options: KargOptions): Promise<number> {
  if (options.profile !== undefined) checkProfile(options.profile);
  const entry = options.entry === undefined ? undefined : readEntry(options.entry);
  const source = openInput(input);
  const isContainer = source.kind === "container";
  const chosen: InputOptions = isContainer ? { role: "bootable", ...options } : options;
  checkInputOptions(chosen);
  requireContainer([source], chosen);
  const progress = startProgress(options.progress);
  try {
    const wanted = (options.profile ?? CONTAINER_PROFILE) as Profile;
    const { hash } = algorithmParameters(parseProfile(wanted).algorithm);
    const opened = await readInput(source, chosen, { progress, hash });
    await opened.close();
    const { tree, container } = opened;
    const own = `${tree.format ?? "v1"}-${ownAlgorithm(tree.counts.objectHash)}` as Profile;
    const profile = options.profile === undefined && !isContainer ? own : wanted;
    const { format, algorithm } = parseProfile(profile);
    let digest: string;
    if (options.profile === undefined && tree.image !== undefined) {
      digest = tree.imageDigests([algorithm])[algorithm]!;
    } else {
      const image = tree.openImage(format, [algorithm]);
      while (image.read().length > 0);
      digest = image.digests()[algorithm]!;
    }
    progress.clear();
    const isInsecure = options.insecure ?? false;
    const karg = formatKarg(format, algorithmParameters(algorithm).hash, digest, isInsecure);
    if (options.json) {
      print(`${JSON.stringify({ karg, profile, digest, isInsecure, made: treeFacts(container) })}\n`);
    } else {
      print(entry === undefined ? `${karg}\n` : new TextDecoder().decode(addKarg(entry, karg)));
    }
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

/** @throws {ComposefsError} PROFILE_NAME, USAGE */
function checkProfile(profile: string): void {
  const { algorithm } = parseProfile(profile);
  if (algorithmParameters(algorithm).blockBits === BLOCK_BITS) return;
  throw usageError(`--profile: a kernel argument names digests with blocks of 4096 bytes, not ${quote(profile)}`);
}

function readEntry(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
}
