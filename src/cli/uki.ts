/**
 * `composefs uki INPUT`: what boots of a container image, and whether it names the image's own bootable tree.
 *
 *   /boot/EFI/Linux/6.12.0.efi
 *     kind      unified kernel image
 *     label     Example Linux 1.2
 *     cmdline   rw composefs.digest=v1-sha512-12:9f1c…
 *     argument  composefs.digest=v1-sha512-12:9f1c…
 *     verdict   sealed: it names the bootable tree of this image (v1-sha512-12, xattrs allowlist-only, …)
 *
 * A file that is a kernel image itself is read alone; `--image INPUT` says which image it has to name. Exit code 1 when
 * something names another tree or none, nothing boots, or the kernel image cannot be read: whoever asks wants to hear that
 * the image is sealed. An argument with `?`, which lets the image be mounted without fs-verity, counts with
 * `--allow-insecure` only. `--json` prints one object:
 *
 *   {"sealed": true, "made": {"role": "merged", …}, "files": [{"path": "/boot/EFI/Linux/6.12.0.efi", "kind": "uki",
 *     "kernelVersion": null, "uki": null, "label": "Example Linux 1.2", "cmdline": "rw …", "verdict": "sealed",
 *     "problem": null, "osRelease": {"ID": "example", …},
 *     "arguments": [{"key": "composefs.digest", "version": "v1", "hash": "sha512", "digest": "9f1c…", "isInsecure": false,
 *                    "word": "composefs.digest=…", "wanted": null,
 *                    "names": {"profile": "v1-sha512-12", "xattrs": "allowlist-only", "transformRevision": 1}}]}]}
 *
 * `verdict` is one of those of explain/boot.ts; `wanted` is the argument that would name the image where this one does not.
 * An argument that cannot be read is {"word": "…", "problem": "…"}.
 */

import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { BootDigests, type BootOptions, explainBoot, explainKernel } from "../explain/boot.ts";
import { bootText, bootToJson } from "../explain/boot-text.ts";
import { CONTENT_MAX_BYTES } from "../image/contents.ts";
import { ioError, quote, type SystemError } from "../source/files.node.ts";
import { openInput } from "../source/resolve.node.ts";
import { EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { type ContainerLayers, checkInputOptions, type InputOptions, openLayers } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { revisionOf, transformOf, treeFacts } from "./view.ts";

export interface UkiOptions extends InputOptions {
  /** The image that a kernel image has to name. */
  image?: string;
  allowInsecure?: boolean;
  json?: boolean;
  progress: boolean;
}

/** What a PE file begins with, as every tool writes it. */
const MAGIC = "MZ";

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, and all that reading gives */
export async function run(input: string, options: UkiOptions): Promise<number> {
  const isKernel = isKernelImage(input);
  if (!isKernel && options.image !== undefined) throw usageError(`--image: ${quote(input)} is no kernel image`);
  const how: BootOptions = {
    xattrs: transformOf(options)!,
    revision: revisionOf(options),
    allowInsecure: options.allowInsecure ?? false,
  };
  const operand = isKernel ? options.image : input;
  const container = operand === undefined ? undefined : await readLayers(operand, options);
  try {
    const report = isKernel
      ? await explainKernel(
          new TextEncoder().encode(input),
          readKernel(input),
          container === undefined ? null : new BootDigests(container.trees, how),
          how.allowInsecure,
        )
      : await explainBoot(container!.trees, how);
    if (options.json) {
      const made = container && { trees: container.trees, view: { role: "merged", transform: how.xattrs } as const };
      print(`${JSON.stringify({ ...bootToJson(report), made: treeFacts(made) })}\n`);
    } else {
      print(bootText(report, container !== undefined));
    }
    const isReadable = report.files.every(({ verdict }) => verdict !== "broken");
    return (container === undefined ? isReadable : report.isSealed) ? EXIT_OK : EXIT_NO;
  } finally {
    await container?.image.close();
  }
}

/** The layers of an image, with objects of both hashes: which of them is named is known when the layers were read. */
async function readLayers(operand: string, options: UkiOptions): Promise<ContainerLayers> {
  // Options of the boot transform go without a role here.
  checkInputOptions({ ...options, role: "bootable" });
  const source = openInput(operand);
  if (source.kind !== "container") {
    const wanted = "expected a container image, in whose layers is what boots, or a kernel image (a PE file)";
    throw usageError(`${wanted}; ${quote(source.name)} is neither`);
  }
  const progress = startProgress(options.progress);
  try {
    return await openLayers(source, options, ["sha256", "sha512"], { progress });
  } finally {
    progress.clear();
  }
}

function isKernelImage(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    const fd = openSync(path, "r");
    try {
      const head = Buffer.alloc(MAGIC.length);
      return readSync(fd, head) === MAGIC.length && head.toString("latin1") === MAGIC;
    } finally {
      closeSync(fd);
    }
  } catch {
    // Operands are no paths everywhere; what is wrong with one is said where it is opened.
    return false;
  }
}

function readKernel(path: string): Uint8Array {
  const { size } = statSync(path);
  if (size > CONTENT_MAX_BYTES) {
    throw usageError(`${quote(path)} has ${size} bytes; at most ${CONTENT_MAX_BYTES} are looked into`);
  }
  try {
    return readFileSync(path);
  } catch (cause) {
    throw ioError((cause as SystemError).syscall === "open" ? "IO_OPEN" : "IO_READ", path, cause);
  }
}
