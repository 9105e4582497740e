/**
 * What an operand INPUT of a command means, and what kind of thing it is.
 *
 *   dump:FILE    a dumpfile
 *   erofs:FILE   an EROFS image
 *   PATH         one of these, a container image, by its content, or a directory
 *   -            standard input, by its content; also as dump:- and erofs:-
 *
 * and those of operand.node.ts, which mean container images.
 *
 * A file whose name begins like a kind is written ./dump:FILE.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ComposefsError } from "../error.ts";
import { InputFile, quote } from "./files.node.ts";
import { HEAD_BYTES, inputKind, type SourceKind } from "./input-kind.ts";
import { DOCKER_PREFIX, directoryOfOperand, parseOperand } from "./operand.node.ts";

export type { SourceKind };

/** With which every line of a dumpfile begins. */
const SLASH = 0x2f;

/** Something that a tree can be read from. */
export interface Source {
  kind: SourceKind;
  /** The file, to be read from its beginning. */
  file: InputFile;
  /** As the operand names it, `standard input` for `-`. */
  name: string;
  /** Whether it is taken for a dumpfile since it is nothing else, and does not begin like one. */
  isUnknown?: boolean;
}

/** A container image, or an archive that may be one. */
export interface ContainerSource {
  kind: "container";
  operand: string;
  /** As for a source. */
  name: string;
  /** Whether it is a directory, read as one layer. */
  isDirectory: boolean;
  /** Standard input or a named pipe, whose first bytes have been looked at. */
  input?: InputFile;
}

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
 * Opens an INPUT, which may also be a container image: `openContainer` (container.node.ts) takes it from there.
 *
 * @throws {ComposefsError} IO_OPEN, IO_READ
 */
export function openInput(operand: string): Source | ContainerSource {
  if (operand.startsWith(DOCKER_PREFIX)) return { kind: "container", operand, name: operand, isDirectory: false };
  if (/^(?:oci|oci-archive|docker-archive|tar|dir):/.test(operand)) return containerSource(operand);
  if (!["", "-"].includes(operand) && existsSync(join(operand, "oci-layout"))) return containerSource(operand);
  if (isDirectory(operand)) return containerSource(operand);
  const [, prefix, rest] = /^(?:(dump|erofs):)?(.*)$/s.exec(operand)!;
  const path = pathOfOperand(rest!);
  const file = new InputFile(path);
  const name = path ?? "standard input";
  if (prefix !== undefined) return { kind: prefix as SourceKind, file, name };
  const head = file.peek(HEAD_BYTES);
  const kind = inputKind(head);
  if (kind !== "container")
    return { kind, file, name, isUnknown: kind === "dump" && head.length > 0 && head[0] !== SLASH };
  // What comes but once cannot be opened anew.
  if (file.size === undefined) return { ...containerSource(operand), input: file };
  file.close();
  return containerSource(operand);
}

function containerSource(operand: string): ContainerSource {
  const path = pathOfOperand(parseOperand(operand).path ?? "-");
  return { kind: "container", operand, name: path ?? "standard input", isDirectory: isDirectory(operand) };
}

/** @throws nothing: what cannot be looked at is found out later */
function isDirectory(operand: string): boolean {
  try {
    return directoryOfOperand(operand) !== null;
  } catch {
    return false;
  }
}

/**
 * Opens an INPUT that is an EROFS image; a dumpfile is for the caller to refuse.
 *
 * @throws {ComposefsError} IO_OPEN, IO_READ; USAGE for a container image
 */
export function openSource(operand: string): Source {
  const source = openInput(operand);
  if (source.kind !== "container") return source;
  const what = source.isDirectory ? "a directory" : "a container image or an archive";
  const message = `expected an EROFS image, ${quote(source.name)} is ${what}; make an image with mkfs`;
  throw new ComposefsError("USAGE", message);
}
