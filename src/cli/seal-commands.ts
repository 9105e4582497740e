/**
 * Names and options of the commands for seals. What they do is in the file of their name, which is loaded when one runs.
 */

import type { Command } from "commander";
import { runCommand } from "./common.ts";
import { addSealedOptions } from "./options.ts";

/** Adds `seal`, `verify`, `referrers` and `copy` to the program. @param collect for options that may be given several times */
export function addSealCommands(program: Command, collect: (value: string, before?: string[]) => string[]): void {
  const seal = program
    .command("seal")
    .description("state the digests of a container image, in its manifest or in an artifact beside it")
    .argument("<input>", "where it lies: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://HOST/NAME[:TAG]")
    .option("--mode <mode>", "artifact: beside the image, which stays as it is; inline: in its manifest", "artifact")
    .option("-a, --algorithm <algorithm>", "sha512-12 (the default), sha256-12, …; may be repeated", collect)
    .option("--role <role>", "bootable: the image must have a bootable tree; may be repeated", collect)
    .option("--layers", "with --mode inline: the digests of each layer alone, too")
    .option("--all-platforms", "each image of an index")
    .option("--key <file>", "sign each digest with this private key, in PEM")
    .option("--cert <file>", "its certificate, in PEM or DER")
    .option("--to-be-signed <dir>", "write the bytes that a key elsewhere has to sign into files, and nothing else")
    .option("--attach <dir>", "take the signatures from there, NAME.sig for each NAME.tbs; needs --cert")
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
  addSealedOptions(seal, true);
  addSealedOptions(verify, false);
  program
    .command("referrers")
    .description("show what refers to an image: seals, signatures and the like, as a tree")
    .argument("<input>", "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG|@DIGEST]")
    .option("--platform <platform>", "of an index only this image, os/architecture[/variant]")
    .option("--artifact-type <type>", "only referrers of this type")
    .option("--restore <digest>", "put a referrer back that a registry's list has lost; may be repeated", collect)
    .option("--json", "print the tree as JSON")
    .action(async (input, options) => {
      await runCommand(options.json, async () => (await import("./referrers.ts")).run(input, options));
    });
  program
    .command("copy")
    .description("copy an image with what refers to it, seals among it, between layouts, archives and registries")
    .argument("<source>", "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG|@DIGEST]")
    .argument("<target>", "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG]")
    .option("--platform <platform>", "of an index only this image, os/architecture[/variant]")
    .option("--no-referrers", "the image alone")
    .option("--artifact-type <type>", "of what refers to it only this type")
    .option("--json", "print what was copied as JSON")
    .option("--no-progress", "no progress on the terminal")
    .action(async (source, target, options) => {
      await runCommand(options.json, async () => (await import("./copy.ts")).run(source, target, options));
    });
}
