#!/usr/bin/env node
/**
 * `composefs`: the names and options of its commands. What a command does is in the file of its name, which is loaded
 * when the command runs.
 *
 * `--json` is looked for by hand where wrong usage is reported: the options were not read then.
 *
 * Exit codes: 0 done, 1 the answer is no, 2 bad input or usage, 3 a bug of composefs-wasm.
 */

import { Command } from "commander";
import { CLASSES } from "../explain/diff-classes.ts";
import { addCheckCommands } from "./check-commands.ts";
import { EXIT_INPUT, EXIT_OK, reportError, runCommand, usageError } from "./common.ts";
import { groupCommands } from "./groups.ts";
import { addContainerOptions, INPUT } from "./options.ts";
import { addSealCommands } from "./seal-commands.ts";
import { addServiceCommands } from "./service-commands.ts";
import { addSignatureCommands } from "./signature-commands.ts";
import { print, printable, printError } from "./text.ts";

const args = process.argv.slice(2);
const isJson = args.includes("--json");

const program = new Command("composefs")
  .description("Composefs images and fs-verity digests.")
  .option("-V, --version", "print the versions of the package and of the engine, and the SHA-256 of engine.wasm")
  .helpOption("-h, --help", "print this help")
  // Terminals break lines in the middle of words: the descriptions of commands have 38 columns of 80, and 18 of 60.
  .configureHelp({ minWidthToWrap: 18 })
  .configureOutput({
    writeOut: print,
    writeErr: printError,
    outputError(text) {
      const message = text.replace(/^error: /, "").trimEnd();
      const lines = [...message.split("\n").map(printable), "(composefs --help lists commands and options)"];
      reportError(usageError(isJson ? message : lines.join("\n")), isJson);
    },
  })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT_OK : EXIT_INPUT));

const STRICT =
  "refuse also: a last line without LF, a symlink whose size is not the length of its target, an xattr key given twice, " +
  "an nlink that is not the number of links";
const ACCELERATOR = "hash with the engine only, never with node:crypto; the digests are the same";

program
  .command("mkfs")
  .description("make the image of a tree and print its digest")
  .argument("<input>", INPUT)
  .argument("<image>", "the image, - for standard output (the digest then goes to standard error)")
  .option("-f, --format <format>", "v0, v1 or v2", "v1")
  .option("--strict", STRICT)
  .option("--sync", "wait until the image is on the disk")
  .option("--json", "print format, size, counts and digest as JSON")
  .option("-q, --quiet", "print nothing")
  .option("--no-progress", "no progress on the terminal")
  .option("--no-accelerator", ACCELERATOR)
  .action(async (input, image, options) => {
    await runCommand(options.json, async () => (await import("./mkfs.ts")).run(input, image, options));
  });

program
  .command("digest")
  .description("print the fs-verity digests of images of a tree, or of an image as it is")
  .argument("<input>", INPUT)
  .argument("[profiles...]", "after -p: more profiles")
  .option("-p, --profile <profile>", "FORMAT-HASH-BITS, such as v1-sha256-12; may be repeated", collect)
  .option("--layers", "of a container image: the digests of each layer alone, too")
  .option("-v, --verbose", "of a container image: say what the digests are of, also into a pipe")
  .option("--strict", STRICT)
  .option("--json", "print digests, sizes and counts as JSON")
  .option("-q, --quiet", "print the hex only, without the names of the profiles")
  .option("--no-progress", "no progress on the terminal")
  .option("--no-accelerator", ACCELERATOR)
  .action(async (input, profiles, options) => {
    await runCommand(options.json, async () => (await import("./digest.ts")).run(input, profiles, options));
  });

program
  .command("dump")
  .description("print the canonical dumpfile of a tree")
  .argument("<input>", INPUT)
  .option("-o, --output <file>", "write the dumpfile to a file, which appears when it is complete", "-")
  .option("--digest", "print only the SHA-256 of the dumpfile: it names the tree, whatever it was read from")
  .option("--strict", STRICT)
  .option("--json", "print one JSON object for each entry, one on a line")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./dump.ts")).run(input, options));
  });

program
  .command("info")
  .description("say what a tree holds and what its image is made of")
  .argument("<input>", INPUT)
  .option("--strict", STRICT)
  .option("--json", "print the numbers as JSON")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./info.ts")).run(input, options));
  });

program
  .command("ls")
  .description("list a directory of a tree, or one entry")
  .argument("<input>", INPUT)
  .argument("[path]", "an entry of the tree, with the escapes that ls prints", "/")
  .option("-R, --recursive", "list all that is below, with whole paths")
  .option("--strict", STRICT)
  .option("--json", "print the entries as JSON, with digests, contents and xattrs")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, path, options) => {
    await runCommand(options.json, async () => (await import("./ls.ts")).run(input, path, options));
  });

program
  .command("walk")
  .description("print what the bytes of an image are, structure by structure; made for diff")
  .argument("<image>", "an EROFS image, - for standard input")
  .option("--from <offset>", "only structures that end behind this offset, such as 4096 or 0x1000")
  .option("--to <offset>", "only structures that begin before this offset")
  .option("--path <path>", "only structures of one entry, by its path with the escapes that ls prints")
  .option("--json", "print one JSON object, a structure on each line")
  .option("--no-progress", "no progress on the terminal")
  .action(async (image, options) => {
    await runCommand(options.json, async () => (await import("./walk.ts")).run(image, options));
  });

program
  .command("diff")
  .description("compare two trees: what differs, why, and what would make them equal; exits with 1 when they differ")
  .argument("<a>", INPUT)
  .argument("<b>", INPUT)
  .option("--only <class>", "compare this class of differences only; may be repeated", collect)
  .option("--ignore <class>", "leave this class out; may be repeated", collect)
  .option("--max <count>", "examples of each class", "3")
  .option("--strict", STRICT)
  .option("--json", "print the differences as JSON")
  .option("-q, --quiet", "print nothing; the exit code tells")
  .option("--no-progress", "no progress on the terminal")
  .addHelpText("after", classHelp)
  .action(async (a, b, options) => {
    await runCommand(options.json, async () => (await import("./diff.ts")).run(a, b, options));
  });

program
  .command("identify")
  .description("say which profile gives a digest, or what else it is of; exit with 1 when no profile of the input does")
  .argument("<input>", INPUT)
  .requiredOption("--expected <hex>", "64 or 128 hex digits, also behind v1-sha256-12: or sha256:")
  .option("--json", "print all that was tried as JSON")
  .option("--no-progress", "no progress on the terminal")
  .option("--no-accelerator", ACCELERATOR)
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./identify.ts")).run(input, options));
  });

program
  .command("cat")
  .description("print the content of a file, checked by its fs-verity digest")
  .argument("<input>", INPUT)
  .argument("<path>", "the file, with the escapes that ls prints")
  .option("-o, --output <file>", "write to a file, which appears when it is complete", "-")
  .option("--json", "print errors as JSON")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, path, options) => {
    await runCommand(options.json, async () => (await import("./cat.ts")).run(input, path, options));
  });

program
  .command("uki")
  .description("say what boots of an image, and whether it names the image's own bootable tree; exit with 1 when not")
  .argument("<input>", "a container image, or a unified kernel image (a PE file)")
  .option("--image <input>", "of a kernel image: the container image that it has to name")
  .option("--allow-insecure", "take also arguments with ?, which let the image be mounted without fs-verity")
  .option("--json", "print what was found as JSON")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./uki.ts")).run(input, options));
  });

program
  .command("karg")
  .description("print the kernel argument that names a tree, of a container image its bootable one")
  .argument("<input>", INPUT)
  .option("-p, --profile <profile>", "FORMAT-HASH-12, such as v1-sha256-12")
  .option("--entry <file>", "print this boot loader entry (type 1) with the argument in its options")
  .option("--insecure", "an argument that lets the image be mounted without fs-verity")
  .option("--json", "print argument and digest as JSON")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./karg.ts")).run(input, options));
  });

const verity = program.command("verity").description("fs-verity of any files");
verity
  .command("digest")
  .description("print what `fsverity digest` prints")
  .argument("<files...>", "the files, - for standard input")
  .option("--hash-alg <hash>", "sha256 or sha512", "sha256")
  .option("--block-size <bytes>", "Merkle tree block size: a power of two from 1024 to 65536", "4096")
  .option("--salt <hex>", "at most 32 bytes")
  .option("--compact", "print the hex only")
  .option("--json", "print names and digests as JSON")
  .option("--threads <count>", "threads for large files, this one included; at most 64")
  .option("--no-progress", "no progress on the terminal")
  .option("--no-accelerator", ACCELERATOR)
  .action(async (files, options) => {
    await runCommand(options.json, async () => (await import("./verity-digest.ts")).run(files, options));
  });

verity
  .command("enable")
  .description("enable fs-verity, for good, and print what the kernel measures (Linux)")
  .argument("<files...>", "the files, which nobody may have open for writing")
  .option("--hash <hash>", "sha256 or sha512", "sha256")
  .option("--block-size <bytes>", "Merkle tree block size: a power of two from 1024 to what the kernel allows", "4096")
  .option("--salt <hex>", "at most 32 bytes")
  .option("--signature <file>", "PKCS#7 in DER of the formatted digest; for one file")
  .option("--json", "print names and digests as JSON")
  .action(async (files, options) => {
    await runCommand(options.json, async () => (await import("./verity.ts")).enable(files, options));
  });

verity
  .command("measure")
  .description("print the digests that the kernel holds files against, as `fsverity measure` does (Linux)")
  .argument("<files...>", "files with fs-verity")
  .option("--json", "print names and digests as JSON")
  .action(async (files, options) => {
    await runCommand(options.json, async () => (await import("./verity.ts")).measure(files, options));
  });

program
  .command("mount")
  .description("mount an image with the objects of a repository, or say what a mount enforces (Linux)")
  .argument("<image>", "an EROFS image, or the digest that names one in the repository; with --check a mount point")
  .argument("[target]", "the directory to mount on")
  .option("--repo <dir>", "the repository: objects/xx/yyyy…, images/DIGEST")
  .option("--verity <mode>", "require that objects have the digests of the image, on: where it has one, off", "require")
  .option("--upper <dir>", "where changes go; without it the mount is read-only")
  .option("--work <dir>", "an empty directory beside it")
  .option("--digest <hex>", "the fs-verity digest that the image must have, also behind v1-sha256-12: or sha256:")
  .option("--check", "say what a mount enforces; exit with 1 when content or image are not checked by the kernel")
  .option("--print", "print the commands, run none")
  .option("--json", "print what was mounted or found out as JSON")
  .action(async (image, target, options) => {
    await runCommand(options.json, async () => (await import("./mount.ts")).run(image, target, options));
  });

program
  .command("umount")
  .description("take a composefs mount away (Linux)")
  .argument("<target>", "the directory it is mounted on")
  .option("--json", "print errors as JSON")
  .action(async (target, options) => {
    await runCommand(options.json, async () => (await import("./mount.ts")).runUnmount(target));
  });

const store = program.command("store").description("a repository of images and their objects, to be mounted (Linux)");
const REPO: [string, string] = ["--repo <dir>", "the repository: objects/xx/yyyy…, images/DIGEST"];
store
  .command("import")
  .description("store an image with its objects, and print its digest")
  .argument("<input>", INPUT)
  .requiredOption(REPO[0], `${REPO[1]}; made where there is none`)
  .option("-f, --format <format>", "v0, v1 or v2", "v1")
  .option("--name <name>", "a name for the image, such as web or os/stable; may be repeated", collect)
  .option("--objects <dir>", "where else the contents are, as xx/yyyy…: needed for dumpfiles and EROFS images")
  .option("--no-verity", "store without fs-verity: nothing then keeps the objects as they are")
  .option("--signature <file>", "of the image: PKCS#7 in DER of its formatted digest")
  .option("--strict", STRICT)
  .option("--json", "print digest and counts as JSON")
  .option("-q, --quiet", "print nothing")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./store.ts")).runImport(input, options));
  });

store
  .command("verify")
  .description("hold every object against its digest, and find those that images miss; exit with 1 when there are any")
  .requiredOption(...REPO)
  .option("--image <image>", "only this image and its objects, by digest or name; may be repeated", collect)
  .option("--recompute", "read the objects also where the kernel measures them")
  .option("--threads <count>", "threads; at most 64")
  .option("--json", "print what was found as JSON")
  .action(async (options) => {
    await runCommand(options.json, async () => (await import("./store.ts")).runVerify(options));
  });

store
  .command("gc")
  .description("remove the objects that no image names, and what an interrupted import has left")
  .requiredOption(...REPO)
  .option("--dry-run", "remove nothing, say what would be removed")
  .option("--json", "print the counts as JSON")
  .action(async (options) => {
    await runCommand(options.json, async () => (await import("./store.ts")).runGc(options));
  });

store
  .command("list")
  .description("list the images by digest, with their names")
  .requiredOption(...REPO)
  .option("--json", "print digests and names as JSON")
  .action(async (options) => {
    await runCommand(options.json, async () => (await import("./store.ts")).runList(options));
  });

store
  .command("remove")
  .description("remove a name, or an image with all its names; gc then removes the objects")
  .argument("<image>", "name or digest")
  .requiredOption(...REPO)
  .option("--json", "print what was removed as JSON")
  .action(async (image, options) => {
    await runCommand(options.json, async () => (await import("./store.ts")).runRemove(image, options));
  });

program
  .command("inspect")
  .description("serve a page that looks into images, on this machine, and print its address; opens no browser")
  .argument(
    "[input]",
    "shown at once: a container image, a dumpfile or an EROFS image; a file or the directory of a layout",
  )
  .option("--port <port>", "of the address, 0 for any that is free", "0")
  .option("--json", "print the address as JSON")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./inspect.ts")).run(input, options));
  });

const cache = program.command("cache").description("the layer cache: records of layers that were read");
cache
  .command("prune")
  .description("remove entries that were not used for long, and those used least recently until the rest fits")
  .option("--cache <dir>", "the directory; by default below $XDG_CACHE_HOME or ~/.cache")
  .option("--max-bytes <bytes>", "of all entries that stay")
  .option("--max-age <days>", "since an entry was used")
  .option("--json", "print what was removed and what stays as JSON")
  .action(async (options) => {
    await runCommand(options.json, async () => (await import("./cache.ts")).runPrune(options));
  });

addSealCommands(program, collect);
addSignatureCommands(program, collect);
addServiceCommands(program, collect);
addCheckCommands(program, collect);

program
  .command("lint")
  .description("name hazards of a tree that is to be sealed; exit with 1 when one is an error")
  .argument("[input]", INPUT)
  .option("--explain [rule]", "say what a rule means and what to do, or list all rules; takes no input")
  .option("--ignore <rule>", "leave a rule out; may be repeated", collect)
  .option("--level <level>", "show findings of this level and worse: error, warning or note", "note")
  .option("--max <count>", "paths to show of each rule", "5")
  .option("--json", "print counts and findings as JSON")
  .option("--no-progress", "no progress on the terminal")
  .action(async (input, options) => {
    await runCommand(options.json, async () => (await import("./lint.ts")).run(input, options));
  });

/** The commands with an INPUT: those with one tree, whose hash can be chosen, and those with several. */
const ONE_TREE = ["mkfs", "dump", "info", "ls", "diff", "lint"];
const ALL_TREES = ["digest", "identify"];
for (const command of program.commands) {
  const name = command.name();
  if (![...ONE_TREE, ...ALL_TREES, "cat", "karg"].includes(name)) continue;
  addContainerOptions(command, ONE_TREE.includes(name), ALL_TREES.includes(name));
}
// Kernel images name the bootable tree, and both hashes are computed.
addContainerOptions(program.commands.find((command) => command.name() === "uki")!, false, null);

addContainerOptions(store.commands[0]!, true, false);
groupCommands(program);

/** Classes of differences, for the help of `diff`. */
function classHelp(): string {
  const rows = Object.entries(CLASSES).map(([id, text]) => `  ${id.padEnd(17)}  ${text}`);
  return `\nClasses of differences:\n${rows.join("\n")}\nmtime stands for both mtime classes, xattr for all keys.`;
}

/** For an option that may be given several times. */
function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

// Not an action of the program itself, which would then take the name of an unknown command for an argument.
if (args[0] === "-V" || args[0] === "--version") {
  await runCommand(false, async () => (await import("./version.ts")).run());
} else {
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = reportError(error, isJson);
  }
}
