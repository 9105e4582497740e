/**
 * What `composefs-info` makes of the lines of its dump: listings, objects, and the same lines when only some entries of
 * the root are wanted.
 *
 * The dump says of an image what C sees in it, which is not quite the tree (assembly/erofs/info.ts). So the other
 * commands read the dump, too, and agree with it. It is ASCII; names and payloads as bytes are strings with one
 * character, 0 to 255, for each byte.
 */

import type { Tree } from "../image/tree.ts";

/** Positions of the fields in a line. */
const PATH = 0;
const MODE = 2;
const PAYLOAD = 8;
const FIELDS_READ = 9;

/** Type bits of st_mode: include/uapi/linux/stat.h. */
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;

/** The mode of a hardlink begins with it. */
const HARDLINK = "@";
const ABSENT = "-";
/** A payload that is a lone dash. */
const DASH = "\\x2d";

/**
 * The lines of the dump, without their ends.
 *
 * @param names what to keep of the entries of the root, as bytes; undefined for all
 */
export function* infoLines(tree: Tree, names: ReadonlySet<string> | undefined): Generator<string, void, undefined> {
  if (names === undefined) yield* allLines(tree);
  else yield* filteredLines(tree, names);
}

function* allLines(tree: Tree): Generator<string, void, undefined> {
  const decoder = new TextDecoder("latin1");
  let rest = "";
  for (const piece of tree.infoDump()) {
    const lines = (rest + decoder.decode(piece)).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/**
 * C leaves the other entries out when it loads the image. So a file whose first name is among them is shown at the first
 * name that is left, which takes its payload, and further names lead there.
 */
function* filteredLines(tree: Tree, names: ReadonlySet<string>): Generator<string, void, undefined> {
  const isKept = (path: string) => path === "/" || names.has(unescaped(path.split("/", 2)[1]!));
  /** First names that are left out though others are not: the payload, then the name that stands for it. */
  const lost = new Map<string, { payload: string; stand?: string }>();
  for (const line of allLines(tree)) {
    const fields = line.split(" ", FIELDS_READ);
    const target = fields[PAYLOAD]!;
    if (fields[MODE]!.startsWith(HARDLINK) && isKept(fields[PATH]!) && !isKept(target)) {
      lost.set(target, { payload: ABSENT });
    }
  }
  for (const line of allLines(tree)) {
    const fields = line.split(" ");
    const path = fields[PATH]!;
    if (!isKept(path)) {
      const found = lost.get(path);
      if (found !== undefined) found.payload = fields[PAYLOAD]!;
      continue;
    }
    const found = fields[MODE]!.startsWith(HARDLINK) ? lost.get(fields[PAYLOAD]!) : undefined;
    if (found === undefined) {
      yield line;
      continue;
    }
    fields[PAYLOAD] = found.stand ?? found.payload;
    if (found.stand === undefined) fields[MODE] = fields[MODE]!.slice(HARDLINK.length);
    found.stand ??= path;
    yield fields.join(" ");
  }
}

/** The line of `ls` for a line of the dump; undefined for the root. */
export function listLine(line: string): string | undefined {
  const fields = line.split(" ", FIELDS_READ);
  if (fields[PATH] === "/") return undefined;
  // A space stands for itself in paths, and in them only.
  const path = fields[PATH]!.replace(/\\(x20|.)/g, (found) => (found === "\\x20" ? " " : found));
  const payload = fields[PAYLOAD]!;
  const shown = payload === DASH ? "-" : payload;
  switch (typeOf(fields[MODE]!)) {
    case S_IFDIR:
      return `${path}/\t`;
    case S_IFLNK:
      return `${path}\t-> ${shown}`;
    case S_IFREG:
      return payload === ABSENT ? path : `${path}\t@ ${shown}`;
    default:
      return path;
  }
}

/** The path of the object, as bytes, for a line of the dump; undefined when it is none of a file with one. */
export function objectOf(line: string): string | undefined {
  const fields = line.split(" ", FIELDS_READ);
  const payload = fields[PAYLOAD]!;
  if (typeOf(fields[MODE]!) !== S_IFREG || payload === ABSENT) return undefined;
  // A copy: what V8 cuts out of a text keeps all of it in memory.
  return Buffer.from(unescaped(payload), "latin1").toString("latin1");
}

/** Type bits of a mode field; 0 of a hardlink, whose node in C has no mode. */
function typeOf(mode: string): number {
  return mode.startsWith(HARDLINK) ? 0 : Number.parseInt(mode, 8) & S_IFMT;
}

/** What follows the backslash in short escapes. */
const LETTERS: Readonly<Record<string, string>> = { "\\": "\\", n: "\n", r: "\r", t: "\t" };

/** The bytes that an escaped text stands for (composefs-dump(5)). */
function unescaped(text: string): string {
  return text.replace(/\\(?:x(..)|(.))/g, (_, hex, letter) =>
    hex === undefined ? LETTERS[letter]! : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
