/** Where a tree has kernels and boot entries: boot-transform.md 4.1. */

/** What a cursor of a tree tells of an entry. */
export interface BootNode {
  readonly index: number;
  /** Last component of the path; the root's is empty. */
  readonly name: Uint8Array;
  /** `file`, `directory`, `symlink`, `hardlink`, or a device, a FIFO, a socket in words. */
  readonly type: string;
  /** Index of the entry that has the inode: another one for a hardlink. */
  readonly owner: number;
}

/** What is needed of a tree; the cursor of one fits. */
export interface BootTree<N extends BootNode = BootNode> {
  find(path: Uint8Array): N | undefined;
  children(directory: N): Iterable<N>;
  at(index: number): N;
}

export type BootKind = "uki" | "addon" | "global addon" | "entry" | "kernel" | "problem";

/** Something found. */
export interface BootFile<N extends BootNode = BootNode> {
  /**
   * `uki`: a unified kernel image; `addon`: of one; `global addon`: of all; `entry`: of type 1; `kernel`: with its initial
   * file system beside it. `problem`: something that stands where one of these should be, and is none.
   */
  kind: BootKind;
  /** Absolute. */
  path: Uint8Array;
  /** The entry that has the content; of a problem, the entry at fault. */
  entry: N;
  /** Of what lies below /usr/lib/modules: the name of the directory there. */
  kernelVersion?: Uint8Array;
  /** Of an addon in a directory NAME.efi.extra.d: the path of NAME.efi, whether or not there is one. */
  uki?: Uint8Array;
  /** Of a kernel: `initramfs.img` beside it, if it is there. */
  initramfs?: { path: Uint8Array; entry: N };
  /** Of a problem: what it is, for people. */
  problem?: string;
}

/** An entry and how it was reached, so that only paths of what is found get spelled. */
interface Step<N> {
  node: N;
  /** Last component of the path; of the place where a search begins, the whole path without the first slash. */
  name: Uint8Array;
  above: Step<N> | undefined;
}

const ENTRIES = "/boot/loader/entries";
const ADDONS = "/boot/loader/addons";
const UKIS = "/boot/EFI/Linux";
const MODULES = "/usr/lib/modules";

const SLASH = 0x2f;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const ENTRY_SUFFIX = bytesOf(".conf");
const UKI_SUFFIX = bytesOf(".efi");
const ADDON_SUFFIX = bytesOf(".addon.efi");
const EXTRA_SUFFIX = bytesOf(".extra.d");
const KERNEL_NAME = bytesOf("vmlinuz");
const INITRAMFS_NAME = bytesOf("initramfs.img");

/**
 * Finds kernel images, addons and boot entries of a tree. Symlinks are never followed: one that stands where something is
 * looked for is a problem that is reported, as is anything else of a wrong type. Missing directories are fine.
 *
 * @returns in byte order of the paths
 */
export function findBootFiles<N extends BootNode>(tree: BootTree<N>): BootFile<N>[] {
  return new BootSearch(tree).run();
}

class BootSearch<N extends BootNode> {
  readonly #tree: BootTree<N>;
  readonly #found: BootFile<N>[] = [];
  /** Components of the places that are no directories: one is reported once. */
  readonly #refused = new Set<string>();

  constructor(tree: BootTree<N>) {
    this.#tree = tree;
  }

  run(): BootFile<N>[] {
    for (const step of this.#childrenOf(this.#directory(ENTRIES))) {
      if (endsWith(step.name, ENTRY_SUFFIX)) this.#add("entry", step);
    }
    for (const step of this.#below(this.#directory(UKIS))) {
      if (endsWith(step.name, UKI_SUFFIX)) this.#addImage(step);
      else this.#addSymlink(step);
    }
    for (const step of this.#below(this.#directory(ADDONS))) {
      if (endsWith(step.name, ADDON_SUFFIX)) this.#add("global addon", step);
      else this.#addSymlink(step);
    }
    for (const version of this.#childrenOf(this.#directory(MODULES))) {
      if (version.node.type === "directory") this.#addModules(version);
      else this.#addSymlink(version);
    }
    return this.#found.sort((a, b) => compareBytes(a.path, b.path));
  }

  /** What is below the directory of a kernel version. Symlinks with other names than those looked for are usual here. */
  #addModules(version: Step<N>): void {
    let kernel: BootFile<N> | undefined;
    let initramfs: BootFile<N> | undefined;
    for (const step of this.#below(version)) {
      const isDirect = step.above === version;
      if (endsWith(step.name, UKI_SUFFIX)) this.#addImage(step, version.name);
      else if (isDirect && isEqual(step.name, KERNEL_NAME)) kernel = this.#add("kernel", step, version.name);
      else if (isDirect && isEqual(step.name, INITRAMFS_NAME)) initramfs = this.#resolve("kernel", step, version.name);
    }
    if (initramfs?.kind === "problem") this.#found.push(initramfs);
    else if (initramfs !== undefined && kernel?.kind === "kernel") {
      kernel.initramfs = { path: initramfs.path, entry: initramfs.entry };
    }
  }

  /** A name that ends in `.efi`. */
  #addImage(step: Step<N>, kernelVersion?: Uint8Array): void {
    if (!endsWith(step.name, ADDON_SUFFIX)) {
      this.#add("uki", step, kernelVersion);
      return;
    }
    const file = this.#add("addon", step, kernelVersion);
    if (file.kind !== "addon" || step.above === undefined) return;
    const folder = step.above;
    if (!endsWith(folder.name, EXTRA_SUFFIX)) return;
    const uki = folder.name.subarray(0, folder.name.length - EXTRA_SUFFIX.length);
    if (endsWith(uki, UKI_SUFFIX) && !endsWith(uki, ADDON_SUFFIX)) file.uki = pathOf({ ...folder, name: uki });
  }

  #add(kind: BootKind, step: Step<N>, kernelVersion?: Uint8Array): BootFile<N> {
    const file = this.#resolve(kind, step, kernelVersion);
    this.#found.push(file);
    return file;
  }

  /** A symlink may lead to a directory that should be searched, and is not. Other types lead nowhere. */
  #addSymlink(step: Step<N>): void {
    const entry = this.#ownerOf(step.node);
    if (entry.type === "symlink") this.#found.push(problemOf(step, entry));
  }

  /** The entry that has the inode of a name. */
  #ownerOf(node: N): N {
    return node.type === "hardlink" ? this.#tree.at(node.owner) : node;
  }

  /** A regular file as something of a kind; anything else as a problem. */
  #resolve(kind: BootKind, step: Step<N>, kernelVersion?: Uint8Array): BootFile<N> {
    const entry = this.#ownerOf(step.node);
    const file = entry.type === "file" ? { kind, path: pathOf(step), entry } : problemOf(step, entry);
    return kernelVersion === undefined ? file : { ...file, kernelVersion };
  }

  /** The directory at a path, none of whose components is a symlink. */
  #directory(path: string): Step<N> | undefined {
    let step: Step<N> | undefined;
    for (let end = path.indexOf("/", 1); ; end = path.indexOf("/", end + 1)) {
      const above = end < 0 ? path : path.slice(0, end);
      const node = this.#tree.find(bytesOf(above));
      if (node === undefined) return undefined;
      step = { node, name: bytesOf(above.slice(1)), above: undefined };
      if (node.type !== "directory") {
        if (!this.#refused.has(above)) this.#found.push(problemOf(step, this.#ownerOf(node)));
        this.#refused.add(above);
        return undefined;
      }
      if (end < 0) return step;
    }
  }

  *#childrenOf(above: Step<N> | undefined): Generator<Step<N>, void, undefined> {
    if (above === undefined) return;
    for (const node of this.#tree.children(above.node)) yield { node, name: node.name, above };
  }

  /** Everything below a directory, at any depth; not in order. */
  *#below(top: Step<N> | undefined): Generator<Step<N>, void, undefined> {
    const directories = [top];
    while (directories.length > 0) {
      for (const step of this.#childrenOf(directories.pop())) {
        yield step;
        if (step.node.type === "directory") directories.push(step);
      }
    }
  }
}

function problemOf<N extends BootNode>(step: Step<N>, entry: N): BootFile<N> {
  const wanted = step.above === undefined ? "directory" : "regular file";
  const problem = entry.type === "symlink" ? "a symlink, which is not followed" : `a ${entry.type}, not a ${wanted}`;
  return { kind: "problem", path: pathOf(step), entry, problem };
}

function pathOf<N>(step: Step<N>): Uint8Array {
  const names: Uint8Array[] = [];
  let length = 0;
  for (let at: Step<N> | undefined = step; at !== undefined; at = at.above) {
    names.push(at.name);
    length += 1 + at.name.length;
  }
  const path = new Uint8Array(length);
  let end = 0;
  for (const name of names.reverse()) {
    path[end] = SLASH;
    path.set(name, end + 1);
    end += 1 + name.length;
  }
  return path;
}

function endsWith(name: Uint8Array, suffix: Uint8Array): boolean {
  return name.length >= suffix.length && isEqual(name.subarray(name.length - suffix.length), suffix);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
