/** Random layers over a model of the merged tree: always valid. */
import { lin, noise, zeros } from "../content.mjs";
import { Names, WORDS, Xoshiro256 } from "../random.mjs";
import { entry, whiteout } from "../tar.mjs";
import { CAP_NET_RAW, image } from "./common.mjs";

const SUFFIXES = ["", "", "", "é", "中", " "];
/** Directories that stay directories. */
const FIXED = new Set(["", "usr", "etc", "var"]);

const join = (folder, name) => (folder === "" ? name : `${folder}/${name}`);
const isBelow = (path, folder) => path.startsWith(`${folder}/`);
const whiteoutOf = (path) => {
  const cut = path.lastIndexOf("/");
  return whiteout(join(path.slice(0, Math.max(cut, 0)), `.wh.${path.slice(cut + 1)}`));
};

class RandomImage {
  /** Live directories in the order in which they came, and live names of everything else. */
  #dirs = [...FIXED];
  #leaves = new Set();
  /** What the current layer wrote. */
  #touched = new Set();
  #layer = [];

  /** @param {boolean} anywhere whether a whiteout may hit what its own layer wrote */
  constructor(seed, scale, anywhere) {
    this.random = new Xoshiro256((anywhere ? 0xc4a05000 : 0x7a4d0000) + seed);
    this.names = new Names(this.random);
    this.scale = Math.max(1, scale);
    this.anywhere = anywhere;
  }

  #metadata(kind) {
    const { random } = this;
    const fields = { mtime: 1300000000 + random.below(400000000) };
    if (kind === "dir") fields.mode = random.pick([0o755, 0o755, 0o700, 0o1777, 0o2775]);
    else if (kind !== "symlink") fields.mode = random.pick([0o644, 0o755, 0o600, 0o4755, 0o444]);
    if (random.oneIn(4)) {
      const owners = [
        [1000, 1000],
        [0, 5],
        [70000, 70001],
        [65534, 65534],
      ];
      [fields.uid, fields.gid] = random.pick(owners);
    }
    if (random.oneIn(10)) fields.pax = [["mtime", `${fields.mtime}.${random.below(1000)}`]];
    if (random.oneIn(8) && (kind === "file" || kind === "dir")) {
      fields.xattrs = [[`user.${random.pick(WORDS)}`, random.data(random.between(1, 30))]];
      if (random.oneIn(3)) fields.xattrs.push(["security.capability", CAP_NET_RAW]);
    }
    if (random.oneIn(6)) fields.format = "gnu";
    return fields;
  }

  #put(kind, path, options) {
    this.#layer.push(entry(kind, path, { ...this.#metadata(kind), ...options }));
    this.#touched.add(path);
  }

  /** Those that a whiteout may hit. */
  #targets(paths) {
    const touched = [...this.#touched];
    const isOld = (path) => this.anywhere || !touched.some((one) => one === path || isBelow(one, path));
    return [...paths].filter(isOld).sort();
  }

  #forgetBelow(path) {
    for (const leaf of this.#leaves) if (isBelow(leaf, path)) this.#leaves.delete(leaf);
    this.#dirs = this.#dirs.filter((folder) => !isBelow(folder, path));
  }

  #forget(path) {
    this.#leaves.delete(path);
    this.#forgetBelow(path);
    this.#dirs = this.#dirs.filter((folder) => folder !== path);
  }

  #pickLeaf() {
    return this.random.pick([...this.#leaves].sort());
  }

  #content() {
    const { random } = this;
    const sizes = [random.below(65), random.below(65), random.between(65, 600), random.between(600, 9000)];
    sizes.push(random.oneIn(6) ? random.between(9000, 60000) : 64);
    const size = random.pick(sizes);
    const choices = [noise(random.below(2 ** 32), size), lin(size, random.below(256), random.below(256)), zeros(size)];
    return random.pick(choices);
  }

  #whiteOut(candidates) {
    if (candidates.length === 0) return;
    const path = this.random.pick(candidates);
    this.#layer.push(whiteoutOf(path));
    this.#forget(path);
  }

  #makeOpaque() {
    const candidates = this.#targets(this.#dirs.filter((path) => path !== "" && path !== "usr"));
    if (candidates.length === 0) return;
    const path = this.random.pick(candidates);
    this.#layer.push(whiteout(`${path}/.wh..wh..opq`));
    this.#forgetBelow(path);
  }

  /** A directory becomes a symlink, or something else a directory. */
  #changeKind() {
    const folders = this.#dirs.filter((path) => !FIXED.has(path));
    if (folders.length > 0 && this.random.oneIn(2)) {
      const path = this.random.pick(folders);
      this.#put("symlink", path, { target: "replaced" });
      this.#forget(path);
      this.#leaves.add(path);
    } else if (this.#leaves.size > 0) {
      const path = this.#pickLeaf();
      this.#put("dir", path);
      this.#forget(path);
      this.#dirs.push(path);
    }
  }

  #step(isUpper) {
    const { random } = this;
    const what = random.below(100);
    const folder = random.pick(this.#dirs);
    if (folder !== "" && isUpper && random.oneIn(5)) this.#put("dir", folder);
    const suffix = random.pick(SUFFIXES) + random.pick(["", ".txt", ".so", `-${"x".repeat(70)}`]);
    const path = join(folder, this.names.make(suffix));
    const add = (kind, options) => {
      this.#put(kind, path, options);
      this.#leaves.add(path);
    };
    const hasLeaves = this.#leaves.size > 0;
    if (what < 20 && this.#dirs.length < 40 * this.scale) {
      this.#put("dir", path);
      this.#dirs.push(path);
    } else if (what < 62) {
      add("file", { data: this.#content() });
    } else if (what < 70) {
      const targets = [`../${random.pick(WORDS)}`, `/${"t".repeat(random.between(1, 180))}`, random.pick(WORDS)];
      add("symlink", { target: random.pick(targets) });
    } else if (what < 79 && hasLeaves) {
      add("hardlink", { target: this.#pickLeaf() });
    } else if (what < 82) {
      const kind = random.pick(["fifo", "chr", "blk"]);
      add(kind, { dev: [1 + random.below(300), random.below(300)] });
    } else if (what < 88 && hasLeaves) {
      const target = this.#pickLeaf();
      this.#put("file", target, { data: this.#content() });
    } else if (what < 92 && isUpper) {
      this.#whiteOut(this.#targets(this.#leaves));
    } else if (what < 95 && isUpper) {
      this.#whiteOut(this.#targets(this.#dirs.filter((one) => !FIXED.has(one))));
    } else if (what < 97 && isUpper) {
      this.#makeOpaque();
    } else if (isUpper) {
      this.#changeKind();
    }
  }

  #makeLayer(index) {
    this.#layer = [];
    this.#touched.clear();
    if (index === 0) {
      for (const path of ["usr", "etc", "var"]) this.#put("dir", path);
      if (this.random.oneIn(2)) {
        this.#put("dir", "run");
        const path = `run/${this.names.make()}`;
        this.#put("file", path, { data: this.#content() });
      }
    }
    const steps = Math.floor((60 * this.scale) / (1 + index));
    for (let i = 0; i < steps; i++) this.#step(index > 0);
    return this.#layer;
  }

  make() {
    const count = 2 + this.random.below(3);
    return image(Array.from({ length: count }, (_, index) => this.#makeLayer(index)));
  }
}

/** Layers on which every unpacker agrees: no whiteout hits what its own layer wrote. */
export const random = (seed, scale) => new RandomImage(seed, scale, false).make();

/** The same with whiteouts at any place. */
export const chaos = (seed, scale) => new RandomImage(seed, scale, true).make();
