/**
 * A dumpfile read the slow and obvious way: strings of one character a byte, maps, recursion. For accepted input only;
 * the twin against which the engine's parser and cursor are held.
 */

export interface NaiveEntry {
  path: string;
  name: string;
  line: number;
  /** Path of the owning entry for a hardlink line. */
  target: string | undefined;
  mode: number;
  size: bigint;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  seconds: bigint;
  nanoseconds: number;
  payload: string | undefined;
  content: string | undefined;
  digest: string | undefined;
  /** Sorted by key. */
  xattrs: Array<[string, string]>;
  children: NaiveEntry[];
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { "\\": "\\", n: "\n", r: "\r", t: "\t" }[code] as string;
  });
}

const optional = (text: string) => (text === "-" ? undefined : withoutEscapes(text));
const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function readLine(text: string, line: number): NaiveEntry {
  const [path, size, mode, nlink, uid, gid, rdev, mtime, payload, content, digest, ...xattrs] = text.split(" ");
  const unescaped = withoutEscapes(path!);
  const entry: NaiveEntry = {
    path: unescaped,
    name: unescaped === "/" ? "" : unescaped.slice(unescaped.lastIndexOf("/") + 1),
    line,
    target: undefined,
    mode: 0,
    size: 0n,
    nlink: 0,
    uid: 0,
    gid: 0,
    rdev: 0,
    seconds: 0n,
    nanoseconds: 0,
    payload: undefined,
    content: undefined,
    digest: undefined,
    xattrs: [],
    children: [],
  };
  if (mode!.startsWith("@")) return { ...entry, target: withoutEscapes(payload!) };
  const [seconds, nanoseconds] = mtime!.split(".");
  const values = new Map<string, string>();
  for (const xattr of xattrs) {
    const split = xattr.indexOf("=");
    values.set(withoutEscapes(xattr.slice(0, split)), withoutEscapes(xattr.slice(split + 1)));
  }
  return {
    ...entry,
    mode: Number.parseInt(mode!, 8) & 0xffff,
    size: BigInt(size!.replace("+", "")),
    nlink: Number(nlink),
    uid: Number(uid),
    gid: Number(gid),
    rdev: Number(rdev),
    seconds: BigInt(seconds!.replace("+", "")),
    nanoseconds: Number(nanoseconds),
    payload: optional(payload!),
    content: optional(content!),
    digest: digest === "-" ? undefined : digest!.toLowerCase(),
    xattrs: [...values].sort(([a], [b]) => byBytes(a, b)),
  };
}

/** All entries in depth-first order, siblings by name. */
export function readDumpNaively(dump: Uint8Array): NaiveEntry[] {
  const lines = Buffer.from(dump).toString("latin1").split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  const entries = lines.map((text, i) => readLine(text, i + 1));
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const entry of entries) {
    if (entry.path === "/") continue;
    const parent = entry.path.slice(0, entry.path.lastIndexOf("/")) || "/";
    byPath.get(parent)!.children.push(entry);
  }
  const owner = (entry: NaiveEntry): NaiveEntry => (entry.target ? owner(byPath.get(entry.target)!) : entry);
  for (const entry of entries) if (entry.target) entry.target = owner(entry).path;
  const walk = (entry: NaiveEntry): NaiveEntry[] => [
    entry,
    ...entry.children.sort((a, b) => byBytes(a.name, b.name)).flatMap(walk),
  ];
  return walk(byPath.get("/")!);
}
