/**
 * Layers become a tree and its canonical dumpfile, the slow and obvious way: oci-to-tree.md 4, 5 and 7 and dumpfile.md 8
 * word for word, with maps and recursion. The twin of the engine's tar reader and merge.
 */
import { escapeBytes, escapeOptional } from "../escape.mjs";
import { Refusal, refuse } from "./refusal.ts";
import { readTarNaively, type TarEntry } from "./tar.ts";
import { fileDigest } from "./verity.ts";

export { Refusal };

/** What is done to the merged tree: the OCI transform with an xattr mode, or nothing. */
export type View = "allowlist-only" | "keep-user-xattrs" | "untransformed";

interface Metadata {
  mode: number;
  uid: number;
  gid: number;
  seconds: bigint;
  nanoseconds: number;
  xattrs: Map<string, string>;
}

interface Directory extends Metadata {
  children: Map<string, Inode>;
}

interface Leaf extends Metadata {
  children?: undefined;
  type: TarEntry["type"];
  target: string;
  rdev: bigint;
  content: Buffer;
}

type Inode = Directory | Leaf;

const TYPE_BITS = { file: 0o100000, symlink: 0o120000, chr: 0o20000, blk: 0o60000, fifo: 0o10000 };
const INLINE_MAX = 64;

const metadataOf = ({ mode, uid, gid, seconds, nanoseconds, xattrs }: Metadata): Metadata => ({
  ...{ mode, uid, gid, seconds, nanoseconds },
  xattrs: new Map(xattrs),
});

const newDirectory = (mode: number): Directory => ({
  ...{ mode, uid: 0, gid: 0, seconds: 0n, nanoseconds: 0 },
  xattrs: new Map(),
  children: new Map(),
});

// ---- merge (4, 7) ----------------------------------------------------------------------------------------------------

class Merge {
  readonly root = newDirectory(0);
  /** One layer alone: parents that it lacks are made. */
  readonly #impliesParents: boolean;

  constructor(impliesParents: boolean) {
    this.#impliesParents = impliesParents;
  }

  #linkTarget(parts: string[]): Leaf {
    let node: Inode = this.root;
    for (const part of parts) node = node.children?.get(part) ?? refuse("LAYER_LINK_MISSING");
    return node.children === undefined ? node : refuse("LAYER_LINK_TO_DIRECTORY");
  }

  /** The directory that holds an entry; undefined when it is missing and must not be made. */
  #parent(parts: string[], isWhiteout: boolean): Directory | undefined {
    let directory = this.root;
    for (const part of parts.slice(0, -1)) {
      let next = directory.children.get(part);
      if (next === undefined) {
        if (!this.#impliesParents) refuse("LAYER_PARENT_MISSING");
        if (isWhiteout) return undefined;
        next = newDirectory(0o755);
        directory.children.set(part, next);
      }
      directory = next.children === undefined ? refuse("LAYER_PARENT_TYPE") : next;
    }
    return directory;
  }

  apply(entry: TarEntry): void {
    if (entry.parts.length === 0) {
      Object.assign(this.root, metadataOf(entry));
      return;
    }
    const name = entry.parts[entry.parts.length - 1]!;
    const isWhiteout = name.startsWith(".wh.");
    const node: Inode =
      entry.type === "hardlink"
        ? this.#linkTarget(entry.targetParts)
        : entry.type === "dir"
          ? { ...metadataOf(entry), children: new Map() }
          : { ...metadataOf(entry), type: entry.type, target: entry.target, rdev: entry.rdev, content: entry.content };
    const parent = this.#parent(entry.parts, isWhiteout);
    if (parent === undefined) return;
    const present = parent.children.get(name);
    if (name === ".wh..wh..opq") parent.children.clear();
    else if (isWhiteout) parent.children.delete(name.slice(".wh.".length));
    else if (node.children && present?.children) Object.assign(present, metadataOf(node));
    else parent.children.set(name, node);
  }
}

// ---- OCI transform (5) ---------------------------------------------------------------------------------------------------

function* inodesBelow(directory: Directory): Generator<Inode> {
  yield directory;
  for (const child of directory.children.values()) {
    if (child.children) yield* inodesBelow(child);
    else yield child;
  }
}

function transform(root: Directory, keepsUserXattrs: boolean): void {
  const usr = root.children.get("usr") ?? refuse("LAYER_USR_MISSING");
  if (!usr.children) refuse("LAYER_USR_TYPE");
  Object.assign(root, metadataOf(usr));
  const run = root.children.get("run");
  if (run !== undefined) {
    if (!run.children) refuse("LAYER_RUN_TYPE");
    run.seconds = usr.seconds;
    run.nanoseconds = usr.nanoseconds;
    run.children.clear();
  }
  const keeps = (key: string) => key === "security.capability" || (keepsUserXattrs && key.startsWith("user."));
  for (const inode of inodesBelow(root)) {
    for (const key of inode.xattrs.keys()) if (!keeps(key)) inode.xattrs.delete(key);
  }
}

// ---- canonical dumpfile (dumpfile.md 8) ------------------------------------------------------------------------------------

class Printer {
  readonly #hash: "sha256" | "sha512";
  readonly #names = new Map<Inode, number>();
  readonly #firstPaths = new Map<Inode, string>();
  text = "";

  constructor(root: Directory, hash: "sha256" | "sha512") {
    this.#hash = hash;
    for (const inode of inodesBelow(root)) this.#names.set(inode, (this.#names.get(inode) ?? 0) + 1);
    this.#print(root, "");
  }

  #print(inode: Inode, path: string): void {
    const shown = escapeBytes(path === "" ? "/" : path);
    const first = this.#firstPaths.get(inode);
    if (first !== undefined) {
      this.text += `${shown} 0 @120000 - - - - 0.0 ${escapeBytes(first)} - -\n`;
      return;
    }
    this.#firstPaths.set(inode, path);
    this.text += `${shown} ${this.#fields(inode)}${this.#xattrs(inode)}\n`;
    const byName = (a: string, b: string) => (a < b ? -1 : 1);
    for (const name of [...(inode.children?.keys() ?? [])].sort(byName)) {
      this.#print(inode.children!.get(name)!, `${path}/${name}`);
    }
  }

  /** All fields from the size to the digest. */
  #fields(inode: Inode): string {
    const { uid, gid, seconds, nanoseconds } = inode;
    const owner = `${uid} ${gid}`;
    const mtime = `${seconds}.${nanoseconds}`;
    if (inode.children) {
      const subdirectories = [...inode.children.values()].filter((child) => child.children).length;
      return `0 ${(0o40000 | inode.mode).toString(8)} ${2 + subdirectories} ${owner} 0 ${mtime} - - -`;
    }
    const names = this.#names.get(inode)!;
    if (inode.type === "chr" && inode.rdev === 0n && names > 1) refuse("LAYER_WHITEOUT_LINKED");
    const { size, data } = this.#data(inode);
    const mode = (TYPE_BITS[inode.type as keyof typeof TYPE_BITS] | inode.mode).toString(8);
    return `${size} ${mode} ${names} ${owner} ${inode.rdev} ${mtime} ${data}`;
  }

  /** Size, and payload, content and digest, of a leaf. */
  #data({ type, target, content }: Leaf): { size: number; data: string } {
    if (type === "symlink") return { size: target.length, data: `${escapeOptional(target)} - -` };
    if (type !== "file" || content.length === 0) return { size: 0, data: "- - -" };
    const size = content.length;
    if (size <= INLINE_MAX) return { size, data: `- ${escapeOptional(content.toString("latin1"))} -` };
    const digest = fileDigest(content, { algorithm: this.#hash, blockSize: 4096 }).toString("hex");
    return { size, data: `${digest.slice(0, 2)}/${digest.slice(2)} - ${digest}` };
  }

  #xattrs({ xattrs }: Inode): string {
    return [...xattrs]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ` ${escapeBytes(key, true)}=${escapeBytes(value, true)}`)
      .join("");
  }
}

/**
 * The canonical dumpfile of layers.
 *
 * @param layers their tars, base first
 * @throws Refusal TAR_* or LAYER_*
 */
export function mergeNaively(layers: readonly Uint8Array[], view: View, hash: "sha256" | "sha512" = "sha256"): Buffer {
  const merge = new Merge(false);
  // All tars are read before anything is merged, so that a fault of a tar comes first.
  for (const entry of layers.flatMap(readTarNaively)) merge.apply(entry);
  if (view !== "untransformed") transform(merge.root, view === "keep-user-xattrs");
  return Buffer.from(new Printer(merge.root, hash).text, "latin1");
}

/** The canonical dumpfile of one layer alone (7). @throws Refusal also where a layer has no tree of its own */
export function layerNaively(layer: Uint8Array, hash: "sha256" | "sha512" = "sha256"): Buffer {
  const merge = new Merge(true);
  for (const entry of readTarNaively(layer)) merge.apply(entry);
  return Buffer.from(new Printer(merge.root, hash).text, "latin1");
}
