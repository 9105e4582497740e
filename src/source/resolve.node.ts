/**
 * What an operand INPUT of a command means, and what kind of thing it is.
 *
 *   dump:FILE    a dumpfile
 *   erofs:FILE   an EROFS image
 *   FILE         one of the two, by its content
 *   -            standard input, by its content; also as dump:- and erofs:-
 *
 * A file whose name begins like a kind is written ./dump:FILE.
 */

import { existsSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { InputFile, quote } from "./files.node.ts";

export type SourceKind = "dump" | "erofs";

/** Something that a tree can be read from. */
export interface Source {
  kind: SourceKind;
  /** The file, to be read from its beginning. */
  file: InputFile;
  /** As the operand names it, `standard input` for `-`. */
  name: string;
}

/** EROFS_SUPER_OFFSET and EROFS_SUPER_MAGIC_V1 of fs/erofs/erofs_fs.h and include/uapi/linux/magic.h. */
const SUPER_OFFSET = 1024;
const SUPER_MAGIC = 0xe0f5e1e2;
/** LCFS_EROFS_MAGIC of composefs. */
const COMPOSEFS_MAGIC = 0xd078629a;

/**
 * The path that an operand means; null for `-`, standard input or output.
 *
 * Node reads arguments as UTF-8 and puts U+FFFD in the place of every byte that is none, so that the name which was
 * meant is lost. Such an operand is refused, unless a file has that very name.
 *
 * @throws {ComposefsError} IO_OPEN
 */
export function pathOfOperand(operand: string): string | null {
  if (operand === "-") return null;
  if (operand.includes("\ufffd") && !existsSync(operand)) {
    const reason = "the name is not UTF-8, and Node cannot pass it on; rename the file or use standard input";
    throw new ComposefsError("IO_OPEN", `cannot open ${quote(operand)}: ${reason}`, { path: operand });
  }
  return operand;
}

/**
 * Opens an INPUT.
 *
 * @throws {ComposefsError} IO_OPEN, IO_READ
 */
export function openSource(operand: string): Source {
  const [, prefix, rest] = /^(?:(dump|erofs):)?(.*)$/s.exec(operand)!;
  const path = pathOfOperand(rest!);
  const file = new InputFile(path);
  const kind = (prefix as SourceKind | undefined) ?? (isErofs(file.peek(SUPER_OFFSET + 4)) ? "erofs" : "dump");
  return { kind, file, name: path ?? "standard input" };
}

/** Whether a file begins as an EROFS image, of composefs or not, does. */
function isErofs(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const at = (offset: number) => (head.length >= offset + 4 ? view.getUint32(offset, true) : 0);
  return at(0) === COMPOSEFS_MAGIC || at(SUPER_OFFSET) === SUPER_MAGIC;
}
