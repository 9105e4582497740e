/**
 * Pairs of trees for the tests of diff: each is one small tree and an edit of it, with what a comparison must say.
 */

import { fileDigest } from "./naive/verity.ts";

export const DIGEST = "1ce9b0a5a6a33c2d1fd0aa5f1a7ed0a1d6a4a6c0a1b2c3d4e5f60718293a4b5c";
export const OTHER = "2ce9b0a5a6a33c2d1fd0aa5f1a7ed0a1d6a4a6c0a1b2c3d4e5f60718293a4b5c";
export const PASSWD = fileDigest(Buffer.from("root:x:0:0\n"), { algorithm: "sha256", blockSize: 4096 }).toString("hex");

export const objectPath = (digest: string) => `${digest.slice(0, 2)}/${digest.slice(2)}`;

/** The tree that all pairs are made of. */
const BASE = `/ 0 40755 7 0 0 0 1700000000.0 - - - security.selinux=root_t
/bin 0 40755 2 0 0 0 1700000001.0 - - - security.selinux=bin_t
/bin/ping 90000 100755 1 0 0 0 1700000002.5 ${objectPath(DIGEST)} - ${DIGEST} security.capability=\\x01 security.selinux=bin_t
/bin/su 50000 104755 1 0 0 0 1700000003.25 ${objectPath(DIGEST)} - ${DIGEST} security.selinux=bin_t
/bin/vi 8 120777 1 0 0 0 1700000004.0 /bin/vim - - security.selinux=bin_t
/bin/view 70000 100755 2 0 0 0 1700000005.0 ${objectPath(DIGEST)} - ${DIGEST} security.selinux=bin_t
/bin/vim 70000 @100755 2 0 0 0 0.0 /bin/view - -
/etc 0 40755 2 0 0 0 1700000006.125 - - - security.selinux=etc_t
/etc/group 9 100644 1 0 0 0 1700000007.0 - root:x:0\\n - security.selinux=etc_t
/etc/passwd 11 100644 1 0 0 0 1700000008.0 - root:x:0:0\\n - security.selinux=etc_t
/etc/shadow 7 100640 1 0 42 0 1700000009.0 - root:*\\n - security.selinux=shadow_t
/home 0 40755 3 0 0 0 1700000010.0 - - - security.selinux=home_t
/home/user 0 40700 2 1000 1000 0 1700000011.0 - - - security.selinux=home_t
/null 0 20666 1 0 0 259 1700000012.0 - - - security.selinux=null_t
/run 0 40755 2 0 0 0 1700000013.0 - - - security.selinux=run_t
/usr 0 40755 2 0 0 0 1700000014.0 - - - security.selinux=usr_t
`;

const NAMES = ["path", "size", "mode", "nlink", "uid", "gid", "rdev", "mtime", "payload", "content", "digest"] as const;
type Field = (typeof NAMES)[number];
type Line = Record<Field, string> & { xattrs: string[] };
type Edit = (lines: Line[]) => Line[];

export function readLine(text: string): Line {
  const fields = text.split(" ");
  const line = Object.fromEntries(NAMES.map((name, i) => [name, fields[i]])) as Record<Field, string>;
  return { ...line, xattrs: fields.slice(NAMES.length) };
}

function tree(edits: readonly Edit[]): string {
  const lines = edits.reduce((all, edit) => edit(all), BASE.trimEnd().split("\n").map(readLine));
  return lines.map((line) => `${[...NAMES.map((name) => line[name]), ...line.xattrs].join(" ")}\n`).join("");
}

export const isLink = ({ mode }: Line) => mode.startsWith("@");
export const isDirectory = ({ mode }: Line) => mode.startsWith("4");
export const isSymlink = ({ mode }: Line) => mode.startsWith("12");
export const all = () => true;

type Change = Partial<Line> | ((line: Line) => Partial<Line>);

/** Changes lines: that of a path, or those that satisfy a test; names of hardlinks stay. */
export function set(which: string | ((line: Line) => boolean), change: Change): Edit {
  const isMeant =
    typeof which === "string" ? ({ path }: Line) => path === which : (line: Line) => !isLink(line) && which(line);
  return (lines) =>
    lines.map((line) =>
      isMeant(line) ? { ...line, ...(typeof change === "function" ? change(line) : change) } : line,
    );
}

/** Adds lines. */
export function add(...texts: string[]): Edit {
  return (lines) => [...lines, ...texts.map(readLine)];
}

/** Removes entries with what is below them. */
export function remove(...paths: string[]): Edit {
  return (lines) => lines.filter(({ path }) => !paths.some((top) => path === top || path.startsWith(`${top}/`)));
}

/** Adds an xattr to a path, or to all entries. */
export const label = (which: string | ((line: Line) => boolean), xattr: string) =>
  set(which, ({ xattrs }) => ({ xattrs: [...xattrs, xattr] }));
/** Removes the xattrs whose key begins with `prefix`. */
export const strip = (which: string | ((line: Line) => boolean), prefix: string) =>
  set(which, ({ xattrs }) => ({ xattrs: xattrs.filter((xattr) => !xattr.startsWith(prefix)) }));
/** Adds to the seconds of mtimes. */
export const later = (which: (line: Line) => boolean, seconds: number | ((line: Line) => number)) =>
  set(which, (line) => {
    const [before, nanoseconds] = line.mtime.split(".");
    return { mtime: `${Number(before) + (typeof seconds === "number" ? seconds : seconds(line))}.${nanoseconds}` };
  });

/** A known cause and what must be said. */
export interface DiffPair {
  cause: string;
  a: string;
  b: string;
  /** Classes with the number of their differences. */
  classes: Record<string, number>;
  hints: string[];
  /** Ids of normalisations. */
  equalAfter: string[];
  /** Differences that none removes. */
  remaining?: Record<string, number>;
}

type Expected = Omit<DiffPair, "cause" | "a" | "b">;

export function pair(cause: string, edits: { a?: Edit[]; b: Edit[] }, expected: Expected): DiffPair {
  return { cause, a: tree(edits.a ?? []), b: tree(edits.b), ...expected };
}

export const file = (path: string) => `${path} 2 100644 1 0 0 0 1700000020.0 - x\\n -`;
export const directory = (path: string) => `${path} 0 40755 2 0 0 0 1700000021.0 - - -`;
