/**
 * Words and options that several commands share.
 */

import type { Command } from "commander";

/** What an INPUT can be. */
export const INPUT =
  "a container image, a dumpfile, an EROFS image or a directory, - for standard input; oci:DIR[:TAG], " +
  "oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], tar:FILE, dir:DIR, dump:FILE and erofs:FILE say which it is";

/**
 * Adds the options of container images.
 *
 * @param takesAll whether the command takes several trees; null when there is no choice
 */
export function addContainerOptions(command: Command, hasHash: boolean, takesAll: boolean | null): void {
  addPlatformOption(command);
  if (takesAll !== null) {
    command
      .option(
        "--role <role>",
        `merged (the default), bootable (what a kernel image names) or layer (one alone)${takesAll ? "; all for all of them" : ""}`,
      )
      .option("--layer <number>", "of --role layer: which one, 1 is the base");
  }
  addTransformOptions(command);
  command
    .option("--no-xattrs", "of a directory: without its xattrs, where they cannot be read or do not matter")
    .option("--no-transform", "the tree as the layers leave it; of dumpfiles and EROFS images it is always as it is");
  if (hasHash) command.option("--hash <hash>", "hash of the object digests: sha512 (the default) or sha256");
  addReadingOptions(command);
}

/** Adds the options of images that are sealed: their trees are chosen by the roles of seals. @param hasTransform whether it is chosen */
export function addSealedOptions(command: Command, hasTransform: boolean): void {
  addPlatformOption(command);
  if (hasTransform) addTransformOptions(command);
  addReadingOptions(command);
}

/** Adds the options of inputs that are locked: of each the trees and platforms that are wanted. */
export function addLockedOptions(command: Command, collect: (value: string, before?: string[]) => string[]): void {
  command
    .optionsGroup("Container images:")
    .option("--platform <os/arch[/variant]>", "which image; may be repeated, each platform is locked", collect)
    .option("--role <role>", "merged (the default), bootable, layer (each one) or all; may be repeated", collect);
  addTransformOptions(command);
  command
    .option("--no-xattrs", "of a directory: without its xattrs, where they cannot be read or do not matter")
    .option("--no-transform", "the tree as the layers leave it");
  addReadingOptions(command);
}

function addPlatformOption(command: Command): void {
  command
    .optionsGroup("Container images:")
    .option("--platform <os/arch[/variant]>", "which image; needed when there are several, never guessed");
}

function addTransformOptions(command: Command): void {
  command
    .option("--transform-revision <revision>", "of --role bootable: 1 (the default, composefs-rs 0.9.0) or 2")
    .option("--xattrs <mode>", "what the OCI transform keeps: allowlist-only (the default) or keep-user-xattrs");
}

/** Adds the options of how layers are read, which change no result. */
export function addReadingOptions(command: Command): void {
  command
    .option("--workers <count>", "layers, or files of a directory, read at the same time; at most 64")
    .option(
      "--cache <place>",
      "where layers that were read are kept: a directory, by default below $XDG_CACHE_HOME or ~/.cache; or s3://BUCKET",
    )
    .option("--no-cache", "read all layers, keep nothing");
}
