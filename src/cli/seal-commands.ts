/**
 * Names and options of the commands for seals. What they do is in the file of their name, which is loaded when one runs.
 */

import type { Command } from "commander";
import { runCommand } from "./common.ts";
import { addContainerOptions } from "./options.ts";

/** Adds `seal` and `verify` to the program. @param collect for options that may be given several times */
export function addSealCommands(program: Command, collect: (value: string, before?: string[]) => string[]): void {
  const seal = program
    .command("seal")
    .description("state the digests of a container image, in its manifest or in an artifact beside it")
    .argument("<input>", "an OCI layout in a directory, oci:DIR[:TAG]")
    .option("--mode <mode>", "artifact: beside the image, which stays as it is; inline: in its manifest", "artifact")
    .option("-a, --algorithm <algorithm>", "sha512-12 (the default), sha256-12, …; may be repeated", collect)
    .option("--role <role>", "bootable: the image must have a bootable tree; may be repeated", collect)
    .option("--layers", "with --mode inline: the digests of each layer alone, too")
    .option("--key <file>", "sign each digest with this private key, in PEM")
    .option("--cert <file>", "its certificate, in PEM or DER")
    .option("--dry-run", "print the JSON that would be written, and write nothing")
    .option("--json", "print what was stated as JSON")
    .option("--no-progress", "no progress on the terminal")
    .action(async (input, options) => {
      await runCommand(options.json, async () => (await import("./seal.ts")).run(input, options));
    });
  const verify = program
    .command("verify")
    .description("hold a container image against its seals; exit with 1 when it is not what they say")
    .argument("<input>", "a container image")
    .option("--cert <file>", "certificates that are trusted, in PEM or DER; may be repeated", collect)
    .option("--expect-manifest <digest>", "what the digest of the manifest has to be")
    .option(
      "--role <role>",
      "what has to be sealed: merged (the default), bootable, config, …; may be repeated",
      collect,
    )
    .option("--json", "print what was found as JSON")
    .option("--no-progress", "no progress on the terminal")
    .action(async (input, options) => {
      await runCommand(options.json, async () => (await import("./verify.ts")).run(input, options));
    });
  for (const command of [seal, verify]) addContainerOptions(command, false, null);
}
