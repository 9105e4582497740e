/**
 * The command that prints what a view shows, for a shell.
 */

import { algorithmParameters, type Profile, parseProfile } from "../../../image/profile.ts";
import type { Opened } from "../../protocol.ts";

/** An operand as a shell reads it. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A command about an input, with the options that choose the image and the tree that are shown.
 *
 * @param name such as `ls -R` @param more operands and options behind the input, not yet quoted
 */
export function commandText(name: string, opened: Opened, more: readonly string[] = []): string {
  const words = [opened.operand, ...more, ...opened.choiceOptions, ...opened.viewOptions];
  return [`composefs ${name}`, ...words.map(shellQuote)].join(" ");
}

/**
 * The name of a file that is made of an input: never that of the input, which the command would empty before it reads it.
 *
 * @param name of the input: a file, a folder or a reference @param suffix of the file, such as `.dump`
 */
export function fileName(name: string, suffix: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1).replace(/[:@]/g, "-");
  const stem = base.replace(/(\.(oci|tar|gz|zst|dump|cfs|erofs))+$/, "") || "image";
  return stem + suffix === base ? `${stem}-new${suffix}` : stem + suffix;
}

/** The command that makes an image. @param profile such as `v1-sha512-12`: its format, and the hash of objects in it */
export function imageCommand(opened: Opened, file: string, profile: Profile): string {
  const { format, algorithm } = parseProfile(profile);
  const { hash } = algorithmParameters(algorithm);
  // Of what has layers the objects are hashed anew; other inputs say themselves what their objects are.
  const hashOption = opened.layers.length > 0 ? ["--hash", hash] : [];
  return commandText("mkfs", opened, [file, "-f", format, ...hashOption]);
}

/** The command that prints the structures of the image. @param structure the one that is shown; undefined for all */
export function walkCommand(opened: Opened, profile: Profile, structure?: { offset: number; bytes: number }): string {
  const { offset, bytes } = structure ?? { offset: 0, bytes: 0 };
  const range = structure === undefined ? [] : ["--from", String(offset), "--to", String(offset + bytes)];
  if (opened.kind === "erofs") return commandText("walk", opened, range);
  const walk = ["composefs walk", IMAGE_FILE, ...range].join(" ");
  return `${imageCommand(opened, IMAGE_FILE, profile)} && ${walk}`;
}

const IMAGE_FILE = "image.cfs";
