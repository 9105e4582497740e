/**
 * Names and options of the commands that hold images to what they were, and implementations to what they must be. What they do is in the file of their name, which
 * is loaded when one runs.
 */

import type { Command } from "commander";
import { LOCKFILE_NAME } from "../lock/lockfile.ts";
import { VARIATIONS } from "../rebuild/variations.ts";
import { runCommand } from "./common.ts";
import { addContainerOptions, addLockedOptions, addReadingOptions, INPUT } from "./options.ts";

/** Adds `lock`, `check`, `conformance` and `rebuild-check` to the program. @param collect for options that may be given several times */
export function addCheckCommands(program: Command, collect: (value: string, before?: string[]) => string[]): void {
  const lock = program
    .command("lock")
    .description("write the digests of inputs into a lock file, for check; other inputs in it stay as they are")
    .argument("<inputs...>", INPUT)
    .option("-o, --output <file>", "the lock file; inputs are stored relative to its folder", LOCKFILE_NAME)
    .option("-p, --profile <profile>", "FORMAT-HASH-BITS, such as v1-sha256-12; may be repeated", collect)
    .option("--json", "print the lock file")
    .option("--no-progress", "no progress on the terminal")
    .action(async (inputs, options) => {
      await runCommand(options.json, async () => (await import("./lock.ts")).run(inputs, options));
    });
  addLockedOptions(lock, collect);
  const check = program
    .command("check")
    .description("hold the inputs of a lock file against it; exit with 1 when one is not what is locked")
    .argument("[lockfile]", "written by lock", LOCKFILE_NAME)
    .option("--against <image>", "the old image, to say what changed; of a lock file with one input")
    .option(
      "--against-folder <dir>",
      "an older checkout: the old images have the same names beside the lock file there",
    )
    .option("--update", "rewrite the lock file, after saying what changes")
    .option("--format <format>", "text, json, github (annotations), markdown, sarif or junit", "text")
    .option("--report <format=file>", "write the report in this form into a file, too; may be repeated", collect)
    .option("--json", "the same as --format json")
    .option("--no-progress", "no progress on the terminal")
    .action(async (lockfile, options) => {
      await runCommand(options.json, async () => (await import("./check.ts")).run(lockfile, options));
    });
  addReadingOptions(check);
  program
    .command("conformance")
    .description("ask another implementation the published vectors; exit with 1 when it fails one")
    .requiredOption(
      "--command <command>",
      "its command, with {input}, {output} and what else varies; no shell reads it",
    )
    .option(
      "--level <level>",
      "auto, v0, v1, v2 (a dumpfile gives an image), reader, verity or oci; may be repeated",
      collect,
    )
    .option("--only <text>", "cases that have this in their names")
    .option("--vectors <dir>", "another copy of the vectors; those of this package are in its build/vectors")
    .option("--timeout <seconds>", "for one case", "30")
    .option("--jobs <count>", "cases at a time, at most 64; by default as many as there are processors")
    .option("--max <count>", "failures that are explained", "20")
    .option("--strict", "exit with 1 also when a case is optional or unsupported")
    .option("--json", "print all results as JSON")
    .option("--no-progress", "no progress on the terminal")
    .action(async (options) => {
      await runCommand(options.json, async () => (await import("./conformance.ts")).run(options));
    });
  const rebuild = program
    .command("rebuild-check")
    .description("run a build several times, vary one thing at a time, and say what changes the digest of its image")
    .usage("[options] --output <path> -- <command...>")
    .argument("<command...>", "the build: a program and its arguments; sh -c '...' for a line of shell")
    .requiredOption("-o, --output <path>", "what the build makes, as an INPUT of digest, relative to the source")
    .option("--source <dir>", "the source; each build gets a fresh copy, and is run in it", ".")
    .option("--vary <names>", "only these, with commas between them; -NAME for all but that; may be repeated", collect)
    .option("--no-vary", "vary nothing, only repeat")
    .option("--repeat <count>", "builds with nothing varied, beside the first one", "1")
    .option("--timeout <seconds>", "of each build; by default none")
    .option("-p, --profile <profile>", "FORMAT-HASH-BITS, such as v1-sha256-12; may be repeated", collect)
    .option("--keep <dir>", "keep what differing builds made, and the control, in this directory")
    .option("--json", "print what was found as JSON")
    .option("--no-progress", "no progress on the terminal")
    .addHelpText("after", variationHelp)
    .action(async (words, options) => {
      await runCommand(options.json, async () => (await import("./rebuild-check.ts")).run(words, options));
    });
  addContainerOptions(rebuild, false, false);
}

/** What is varied, for the help of `rebuild-check`. */
function variationHelp(): string {
  const rows = VARIATIONS.map(({ name, what }) => `  ${name.padEnd(17)}  ${what}`);
  return `\nWhat is varied, one at a time:\n${rows.join("\n")}`;
}
