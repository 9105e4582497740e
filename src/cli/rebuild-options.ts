/**
 * The options of `composefs rebuild-check`: as they are typed, and read.
 */

import { existsSync, readdirSync } from "node:fs";
import { type Profile, parseProfile } from "../image/profile.ts";
import { variationNames } from "../rebuild/variations.ts";
import { quote } from "../source/files.node.ts";
import { readNumber, usageError } from "./common.ts";
import { checkInputOptions, type InputOptions } from "./input.ts";
import { BuildOutput } from "./rebuild-output.ts";

export interface RebuildCommandOptions extends InputOptions {
  source: string;
  output: string;
  /** Each names variations, with commas between them, or with `-` before it one that is left out; false for `--no-vary`. */
  vary?: string[] | false;
  repeat: string;
  timeout?: string;
  /** Each names one profile, or several with commas between them. */
  profile?: string[];
  keep?: string;
  json?: boolean;
  progress: boolean;
}

/** Builds that are made like the control, at most: each takes as long as a build does. */
const REPEATS_MAX = 100;
/** A day. */
const TIMEOUT_MAX_SECONDS = 86400;
/** The options, read. */
export interface RebuildOptions {
  source: string;
  output: BuildOutput;
  variations: string[];
  repeats: number;
  timeoutSeconds: number | null;
  profiles: Profile[] | undefined;
  /** Where what builds made is kept; null: nowhere. */
  keep: string | null;
  reading: InputOptions;
}

/** Reads the options. @param command the words of the build @throws {ComposefsError} USAGE, PROFILE_NAME, IO_* */
export function readOptions(command: readonly string[], options: RebuildCommandOptions): RebuildOptions {
  const { source, output, vary, repeat, timeout, profile, keep = null, ...reading } = options;
  const profiles = profile?.flatMap((names) => names.split(","));
  profiles?.forEach(parseProfile);
  checkInputOptions(reading);
  if (command.some((word) => word.includes("\ufffd"))) {
    throw usageError(
      "a word of the build command is not UTF-8, and Node cannot pass it on; put the command into a script",
    );
  }
  if (keep !== null && existsSync(keep) && readdirSync(keep).length > 0) {
    throw usageError(`--keep: ${quote(keep)} is not empty`);
  }
  return {
    source,
    output: new BuildOutput(output),
    variations: readVariations(vary),
    repeats: readNumber("--repeat", repeat, 1, REPEATS_MAX),
    timeoutSeconds: timeout === undefined ? null : readNumber("--timeout", timeout, 1, TIMEOUT_MAX_SECONDS),
    profiles: profiles as Profile[] | undefined,
    keep,
    reading,
  };
}

/** @throws {ComposefsError} USAGE */
function readVariations(vary: string[] | false | undefined): string[] {
  if (vary === false) return [];
  const all = variationNames();
  const words = vary?.flatMap((names) => names.split(",")) ?? [];
  const unknown = words.find((word) => !all.includes(word.replace(/^-/, "")));
  if (unknown !== undefined) {
    throw usageError(`--vary: expected names of ${all.join(", ")}, or -NAME for all but that, got ${quote(unknown)}`);
  }
  const chosen = words.filter((word) => !word.startsWith("-"));
  return (chosen.length === 0 ? all : chosen).filter((name) => !words.includes(`-${name}`));
}
