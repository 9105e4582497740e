/**
 * Paths of Linux: any bytes but NUL, which Node's strings cannot hold.
 *
 * Node decodes the arguments of a command as UTF-8 and puts U+FFFD in the place of every byte that is none. The kernel
 * still has the bytes, in /proc/self/cmdline (proc_pid_cmdline(5)).
 */

import { readFileSync, realpathSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { quote } from "../source/files.node.ts";

/** A path: text, or bytes where it may not be UTF-8. */
export type Path = string | Uint8Array;

const SLASH = 0x2f;
const EQUALS = 0x3d;

/** The bytes of a path. @throws {TypeError | RangeError} for what is no path, or has a NUL in it */
export function pathBytes(path: Path): Buffer {
  if (typeof path !== "string" && !(path instanceof Uint8Array)) {
    throw new TypeError(`path: expected a string or a Uint8Array, got ${typeof path}`);
  }
  const bytes = Buffer.from(path as string);
  if (bytes.length === 0 || bytes.includes(0))
    throw new RangeError("path: expected one byte or more, and none that is 0");
  return bytes;
}

/** A path for messages, in quotes: bytes that are not UTF-8 as `\xHH`. */
export function showPath(path: Path): string {
  const bytes = Buffer.from(path as string);
  const text = bytes.toString();
  if (bytes.equals(Buffer.from(text))) return quote(text);
  const show = (byte: number) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`);
  return quote(Array.from(bytes, show).join("")).replaceAll("\\\\x", "\\x");
}

/** A path from the root on; links, `.` and `..` stay in it. */
export function absolutePath(path: Path): Buffer {
  const bytes = pathBytes(path);
  return bytes[0] === SLASH ? bytes : joinPath(process.cwd(), bytes);
}

/** The path as the kernel shows it, without links; as {@link absolutePath} has it where there is nothing yet. */
export function realPath(path: Path): Buffer {
  const bytes = absolutePath(path);
  try {
    return realpathSync.native(bytes, { encoding: "buffer" });
  } catch {
    return bytes;
  }
}

/** `folder/name`. */
export function joinPath(folder: Path, name: Path): Buffer {
  const base = pathBytes(folder);
  const slash = base[base.length - 1] === SLASH ? "" : "/";
  return Buffer.concat([base, Buffer.from(slash), pathBytes(name)]);
}

/**
 * The bytes of an argument that this process was started with.
 *
 * @param operand the argument, or the value of an option, as Node has it
 * @param args all arguments behind the script, as Node has them
 * @param commandLine what /proc/self/cmdline holds: all arguments, each with a NUL behind it
 * @throws {ComposefsError} IO_OPEN when the bytes cannot be told
 */
export function argumentBytes(
  operand: string,
  args: readonly string[] = process.argv.slice(2),
  commandLine?: Uint8Array,
): Buffer {
  if (!operand.includes("\ufffd")) return pathBytes(operand);
  const raw = splitAtNul(commandLine ?? readCommandLine());
  const tail = raw.slice(Math.max(raw.length - args.length, 0));
  const found = new Map<string, Buffer>();
  for (const bytes of tail) {
    // An argument of its own, or what is behind the equals sign of --option=value.
    for (const candidate of [bytes, bytes.subarray(bytes.indexOf(EQUALS) + 1)]) {
      if (candidate.toString() === operand) found.set(candidate.toString("latin1"), candidate);
    }
  }
  const [bytes] = found.values();
  if (bytes !== undefined && found.size === 1) return bytes;
  const message = `cannot open ${quote(operand)}: the name is not UTF-8, and its bytes cannot be told; rename the file`;
  throw new ComposefsError("IO_OPEN", message, { path: operand });
}

function readCommandLine(): Uint8Array {
  try {
    return readFileSync("/proc/self/cmdline");
  } catch {
    return new Uint8Array(0);
  }
}

function splitAtNul(bytes: Uint8Array): Buffer[] {
  const parts: Buffer[] = [];
  const buffer = Buffer.from(bytes);
  for (let start = 0; start < buffer.length; ) {
    const end = buffer.indexOf(0, start);
    const stop = end < 0 ? buffer.length : end;
    parts.push(buffer.subarray(start, stop));
    start = stop + 1;
  }
  return parts;
}
