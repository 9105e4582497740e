/**
 * What boots, in words.
 *
 *   /boot/EFI/Linux/6.12.0.efi
 *     kind      unified kernel image
 *     label     Example Linux 1.2
 *     cmdline   rw composefs.digest=v1-sha512-12:9f1c…
 *     argument  composefs.digest=v1-sha512-12:9f1c…
 *     verdict   sealed: it names the bootable tree of this image (v1-sha512-12, xattrs allowlist-only, revision 1)
 */

import type { BootKind } from "../boot/find.ts";
import type { BootArgument, BootReport, BootReportFile, BootVerdict } from "./boot.ts";
import { displayBytes, escapeBytes } from "./display.ts";

const KINDS: Record<BootKind, string> = {
  uki: "unified kernel image",
  addon: "addon of a unified kernel image",
  "global addon": "addon of all unified kernel images",
  entry: "boot loader entry, type 1",
  kernel: "kernel with its modules",
  problem: "nothing that boots",
};

const VERDICTS: Record<BootVerdict, string> = {
  sealed: "it names the bootable tree of this image",
  insecure: "it names the bootable tree of this image, but lets it be mounted without fs-verity",
  mismatch: "it does not name the bootable tree of this image",
  unsealed: "it names no image",
  inside: "it is part of the tree that it would name, and cannot name it; move it to /boot/EFI/Linux",
  broken: "it cannot be read",
  part: "by itself it names no tree",
};

const LABEL_COLUMNS = 10;

/** @param isCompared whether there was an image to compare with */
export function bootText({ files }: BootReport, isCompared = true): string {
  if (files.length === 0) return "nothing that boots: no kernel image, no boot entry\n";
  return files.map((file) => fileText(file, isCompared)).join("\n");
}

function fileText(file: BootReportFile, isCompared: boolean): string {
  const rows: Array<[string, string | null]> = [
    ["kind", KINDS[file.kind]],
    ["version", file.kernelVersion && displayBytes(file.kernelVersion)],
    ["of", file.uki && displayBytes(file.uki)],
    ["label", file.label && displayText(file.label)],
    ["cmdline", file.cmdline && displayText(file.cmdline)],
    ...[...(file.osRelease ?? [])].map(([key, value]): [string, string] => ["os", displayText(`${key}=${value}`)]),
    ...file.arguments.map((argument): [string, string] => ["argument", displayText(argument.word)]),
    ["problem", file.problem && displayText(file.problem)],
    ["verdict", isCompared || file.verdict === "broken" ? verdictText(file) : null],
    ...file.arguments.map((argument): [string, string | null] => [
      "wanted",
      "wanted" in argument ? argument.wanted : null,
    ]),
  ];
  const lines = rows.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(LABEL_COLUMNS)}${text}\n`]));
  return `${displayBytes(file.path)}\n${lines.join("")}`;
}

function verdictText({ verdict, arguments: words }: BootReportFile): string {
  const by = words.flatMap((argument) =>
    "names" in argument && argument.names !== null ? [profileText(argument)] : [],
  );
  return `${verdict}: ${VERDICTS[verdict]}${by.length > 0 ? ` (${by.join("; ")})` : ""}`;
}

function profileText({ names, version }: BootArgument): string {
  const { profile, xattrs, transformRevision } = names!;
  const odd = profile.startsWith(version) ? "" : `, though ${version} is what the argument says`;
  return `${profile}, xattrs ${xattrs}, boot transform revision ${transformRevision}${odd}`;
}

/** Text of an image, of which control characters are none of the terminal's business. */
function displayText(text: string): string {
  return displayBytes(new TextEncoder().encode(text));
}

/** The report as JSON: paths and texts escaped as in a dumpfile, `null` for what there is not. */
export function bootToJson({ files, isSealed }: BootReport): object {
  return {
    sealed: isSealed,
    files: files.map(({ path, kernelVersion, uki, osRelease, ...rest }) => ({
      path: escapeBytes(path),
      ...{ kernelVersion: kernelVersion && escapeBytes(kernelVersion), uki: uki && escapeBytes(uki) },
      ...rest,
      osRelease: osRelease && Object.fromEntries(osRelease),
    })),
  };
}
