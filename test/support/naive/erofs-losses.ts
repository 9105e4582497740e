/**
 * What an image does not hold of the tree it was made of, on the text of dumpfiles: slowly, and from the specification.
 */

import { type NaiveEntry, readDumpNaively } from "./dump.ts";

const V2 = 2;
const WHITEOUT = "trusted.overlay.whiteout=";

interface Line {
  fields: string[];
  xattrs: string[];
  parent: string;
}

const isHardlink = ({ fields }: Line) => fields[2]!.startsWith("@");
const isWhiteout = ({ fields }: Line) => /^2[0-7]{4}$/.test(fields[2]!) && fields[6] === "0";
const isRegular = ({ fields }: Line) => /^10[0-7]{4}$/.test(fields[2]!);
const has = ({ xattrs }: Line, key: string) => xattrs.some((xattr) => xattr.startsWith(key));
const drop = (line: Line, ...keys: string[]) => {
  line.xattrs = line.xattrs.filter((xattr) => !keys.some((key) => xattr.startsWith(key)));
};

function readLine(text: string): Line {
  const [...fields] = text.split(" ");
  const path = fields[0]!;
  return { fields: fields.slice(0, 11), xattrs: fields.slice(11), parent: path.slice(0, path.lastIndexOf("/")) || "/" };
}

/** V0 and V1: whiteouts and their directories carry markers of the writer (erofs-v1.md 3.4, erofs-reader.md 2.2). */
function loseMarkers(lines: Line[], version: number): void {
  const byPath = new Map(lines.map((line) => [line.fields[0]!, line]));
  for (const line of lines) {
    const wasWhiteout = isWhiteout(line);
    if (isHardlink(line) || !(wasWhiteout || (isRegular(line) && has(line, WHITEOUT)))) continue;
    // A regular file with a whiteout's own marker cannot be told from a whiteout.
    if (!wasWhiteout) {
      line.fields[1] = "0";
      line.fields[2] = line.fields[2]!.replace(/^10/, "2");
      line.fields.fill("-", 8, 11);
    }
    drop(line, WHITEOUT, "user.overlay.whiteout=");
    const parent = byPath.get(line.parent)!;
    drop(parent, "trusted.overlay.whiteouts=", "user.overlay.whiteouts=");
    if (version !== 1) continue;
    // The writer overwrites any value with "x", but only for what was a whiteout in the first place.
    for (const key of ["trusted.overlay.opaque=", "user.overlay.opaque="]) {
      parent.xattrs = parent.xattrs.filter((xattr) => !(wasWhiteout ? xattr.startsWith(key) : xattr === `${key}x`));
    }
  }
}

/** V2: no nanoseconds, and a digest makes the path of its object (erofs-v1.md 12.1). */
function loseV2({ fields }: Line): void {
  fields[7] = fields[7]!.replace(/\.\d+$/, ".0");
  const digest = fields[10]!;
  if (digest !== "-") fields[8] = `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** The canonical dumpfile of the tree that is read from an image of the tree whose canonical dumpfile is given. */
export function canonicalAfter(canonical: string, version: number): string {
  const lines = canonical.split("\n").slice(0, -1).map(readLine);
  if (version === V2) {
    for (const line of lines) if (!isHardlink(line)) loseV2(line);
  } else {
    loseMarkers(lines, version);
  }
  return lines.map(({ fields, xattrs }) => `${[...fields, ...xattrs].join(" ")}\n`).join("");
}

/** Names of the root's stubs (erofs-v1.md 3.7). */
const STUBS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Paths in the order of V0's and V1's inodes: breadth first, each inode where `place` has it (erofs-v1.md 4.1). */
function breadthFirst(root: NaiveEntry, place: (entry: NaiveEntry) => string): string[] {
  const kept = (entry: NaiveEntry) => entry.children.filter((child) => place(child) === child.path);
  const taken = new Set(root.children.map(({ name }) => name));
  const stubs = STUBS.filter((name) => !taken.has(name)).map((name) => ({ ...root, name, children: [] }));
  const queue = [...kept(root), ...stubs].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of queue) queue.push(...kept(entry));
  return queue.map((entry) => entry.target ?? entry.path);
}

/** Why the image of a dumpfile is not the one that its own tree gives (dumpfile.md 8.3); nothing when it is. */
export function imageLosses(dump: Uint8Array, version: number): string[] {
  if (version === V2) return [];
  const entries = readDumpNaively(dump);
  const firsts = new Map<string, string>();
  for (const { target, path } of entries) {
    if (!firsts.has(target ?? path)) firsts.set(target ?? path, path);
  }
  const asGiven = breadthFirst(entries[0]!, ({ target, path }) => target ?? path);
  const asRead = breadthFirst(entries[0]!, ({ target, path }) => firsts.get(target ?? path)!);
  const losses: string[] = [];
  if (asGiven.join("\0") !== asRead.join("\0")) losses.push("the owning line is not the first name");
  const type = ({ mode }: NaiveEntry) => mode & 0o170000;
  const isSpecial = (entry: NaiveEntry) => [0o010000, 0o020000, 0o060000, 0o140000].includes(type(entry));
  if (entries.some((entry) => isSpecial(entry) && entry.size > 0xffffffffn)) losses.push("a special file has a size");
  const fakes = (entry: NaiveEntry) => type(entry) === 0o100000 && entry.xattrs.some(([key]) => `${key}=` === WHITEOUT);
  if (entries.some(fakes)) losses.push("a regular file has the marker of a whiteout");
  return losses;
}
