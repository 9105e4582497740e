/**
 * /proc/self/mountinfo (proc_pid_mountinfo(5)): what is mounted where.
 *
 *   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *   |  |  |    |     |     |          |        | |    |         options of the file system
 *   |  |  |    |     |     |          |        | |    source
 *   |  |  |    |     |     |          |        | type
 *   |  |  |    |     |     |          |        end of the optional fields
 *   |  |  |    |     |     |          optional fields, none or more
 *   |  |  |    |     |     options of the mount
 *   |  |  |    |     mount point
 *   |  |  |    root of the mount in its file system
 *   |  |  major:minor
 *   |  ID of the parent
 *   ID
 *
 * The kernel writes space, tab, newline and backslash as `\` and three octal digits, in options the comma, too
 * (seq_escape; seq_show_option). All other bytes stand for themselves.
 */

import { readFileSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { ioError } from "../source/files.node.ts";

/** One mount. */
export interface Mount {
  id: number;
  parent: number;
  /** Such as `7:0`. */
  device: string;
  target: Buffer;
  /** Options of the mount, such as `ro`. */
  options: readonly string[];
  /** Such as `overlay`. */
  type: string;
  source: Buffer;
  /** Options of the file system in their order, values as the file system was given them; null: without a value. */
  fileSystemOptions: ReadonlyArray<readonly [name: string, value: Buffer | null]>;
}

const MOUNTINFO = "/proc/self/mountinfo";
const NEWLINE = "\n";

/** The mounts that this process sees. @throws {ComposefsError} IO_OPEN where there is no /proc; LINUX_MOUNTINFO */
export function readMountinfo(): Mount[] {
  let text: Buffer;
  try {
    text = readFileSync(MOUNTINFO);
  } catch (cause) {
    throw ioError("IO_OPEN", MOUNTINFO, cause);
  }
  return parseMountinfo(text);
}

/** Reads the text of mountinfo. @throws {ComposefsError} LINUX_MOUNTINFO with the line, from 1 */
export function parseMountinfo(text: Uint8Array): Mount[] {
  // One character for each byte.
  const lines = Buffer.from(text).toString("latin1").split(NEWLINE);
  return lines.flatMap((line, i) => (line === "" ? [] : [parseLine(line, i + 1)]));
}

function parseLine(line: string, number: number): Mount {
  const fields = line.split(" ");
  const end = fields.indexOf("-", 6);
  const [id, parent, device, , target, options] = fields;
  const [type, source, fileSystemOptions] = fields.slice(end + 1);
  if (end < 0 || fileSystemOptions === undefined || !/^\d+ \d+ \d+:\d+$/.test(`${id} ${parent} ${device}`)) {
    throw new ComposefsError("LINUX_MOUNTINFO", `${MOUNTINFO} line ${number}: expected ten fields or more, and " - "`, {
      line: number,
    });
  }
  return {
    id: Number(id),
    parent: Number(parent),
    device: device!,
    target: unescapeOctal(target!),
    options: options!.split(","),
    type: type!,
    source: unescapeOctal(source!),
    fileSystemOptions: fileSystemOptions.split(",").map(parseOption),
  };
}

function parseOption(option: string): [string, Buffer | null] {
  const equals = option.indexOf("=");
  if (equals < 0) return [unescapeOctal(option).toString("latin1"), null];
  return [unescapeOctal(option.slice(0, equals)).toString("latin1"), unescapeOctal(option.slice(equals + 1))];
}

function unescapeOctal(text: string): Buffer {
  const plain = text.replace(/\\([0-3][0-7]{2})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Buffer.from(plain, "latin1");
}

/** The mount on top of a mount point, which is what one sees there; undefined when nothing is mounted there. */
export function topMount(mounts: readonly Mount[], target: Uint8Array): Mount | undefined {
  const stacked = mounts.filter((mount) => mount.target.equals(target));
  const covered = new Set(stacked.map(({ parent }) => parent));
  return stacked.findLast(({ id }) => !covered.has(id));
}
