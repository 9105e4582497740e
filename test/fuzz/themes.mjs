/**
 * What the random trees of the differential fuzzer are made of: one function for each edge of the format.
 *
 * Each theme adds a few entries to a directory and aims at one rule of the writer: the tail of a directory at a block
 * edge, the length of a symlink that no longer fits, the 129th shared xattr. Byte strings as in `dump-tree.mjs`.
 */
import { BLK, CHR, DIR, FIFO, LNK, Node, REG, SOCK } from "../support/dump-tree.mjs";

const CHUNK_MAX = 2 ** 43;

/** A tree under construction. */
export class Tree {
  constructor(random) {
    this.random = random;
    const second = random.pick([0, 1, 1700000000, -5]);
    const nanosecond = random.pick([0, 0, 5, 999999999]);
    /** Few times, so that both compact and extended inodes are common. */
    this.times = [
      [second, nanosecond],
      [second, nanosecond],
      [second + random.pick([0, 1, 2 ** 32]), nanosecond + 0],
    ];
    this.pairs = Array.from({ length: 3 + random.below(8) }, () => [this.key(), this.value()]);
    this.owners = [];
    this.serial = 0;
    this.root = this.node(DIR | 0o755);
    this.directories = [this.root];
  }

  node(mode) {
    const { random } = this;
    const node = new Node(mode);
    node.mtime = random.chance(90) ? this.times[0] : random.pick(this.times);
    if (random.chance(4)) node.uid = random.pick([1, 65535, 65536, 4294967295]);
    if (random.chance(4)) node.gid = random.pick([1, 65535, 65536, 4294967295]);
    if (random.chance(4)) node.nlink = random.pick([0, 2, 65535, 65536, 4294967295]);
    if (random.chance(40)) this.addPairs(node, 1 + random.below(3));
    return node;
  }

  /** Puts `node` into `directory` under `name`, or a name made up. */
  put(directory, node, name = this.name()) {
    if (directory.children.has(name)) return undefined;
    directory.children.set(name, node);
    if (node.children !== undefined) this.directories.push(node);
    else if (node.link === undefined) this.owners.push(node);
    return node;
  }

  name() {
    const { random } = this;
    this.serial++;
    if (random.chance(4))
      return `${random.pick(["!", "+", "-", "...", ".-", "..a", " ", "=", "\\", "\n", "\xc3\xa9", "\xff", "\x01", "0"])}${this.serial}`;
    if (random.chance(3)) return `${this.serial}${"n".repeat(255)}`.slice(0, 250 + random.below(6));
    return random.pick(["a", "b", "f", "z", "lib", "0"]) + this.serial;
  }

  key() {
    const { random } = this;
    const suffix = random.pick(["a", "b", "bb", "x.y", "overlay.x", "", "k".repeat(1 + random.below(40))]);
    const prefix = random.pick([
      "user.",
      "user.",
      "trusted.",
      "security.",
      "system.posix_acl_access",
      "system.posix_acl_default",
      "system.",
      "lustre.",
      "weird",
      "trusted.overlay.",
    ]);
    return prefix + suffix || "user.";
  }

  value() {
    const { random } = this;
    const size = random.pick([0, 0, 1, 2, 3, 4, 5, random.below(40), random.below(300)]);
    return random.chance(50) ? random.pick(["a", "b", "\0", "="]).repeat(size) : random.bytes(size);
  }

  /** Gives `node` some of the pairs that other nodes have too, and now and then one of its own. */
  addPairs(node, count) {
    const { random } = this;
    for (let i = 0; i < count; i++) {
      const [key, value] = random.pick(this.pairs);
      const own = random.chance(15);
      if (!node.xattrs.some((pair) => pair[0] === key)) node.xattrs.push([key, own ? this.value() : value]);
    }
  }

  file(content = undefined) {
    const node = this.node(REG | this.random.pick([0o644, 0o755, 0o4755, 0o7777, 0]));
    node.content = content;
    node.size = content?.length ?? 0;
    return node;
  }
}

/** A directory whose entries fill blocks and tail to a size at an edge. */
function directoryEdge(tree, parent) {
  const { random } = tree;
  const edge = random.pick([2048, 4096, 4096 + 2048, 8192]);
  const directory = tree.put(parent, tree.node(DIR | 0o700));
  if (directory === undefined) return;
  let left = edge + random.below(25) - 12 - 27;
  for (let i = 0; left > 12; i++) {
    const most = Math.min(255, left - 12);
    let length = left <= 267 ? most : 40 + random.below(216);
    if (left - 12 - length > 0 && left - 12 - length < 16) length -= 16;
    const name = (i.toString(36) + random.pick(["x", "-", "\xe9"]).repeat(255)).slice(0, Math.max(2, length));
    const leaf = random.chance(90) ? new Node(REG | 0o644) : tree.node(FIFO | 0o600);
    leaf.mtime = tree.times[0];
    tree.put(directory, leaf, name);
    left -= 12 + name.length;
  }
}

function inlineEdge(tree, parent) {
  const { random } = tree;
  const size = random.pick([
    random.below(65),
    2047 + random.below(3),
    4095 + random.below(3),
    4999 + random.below(2),
    random.below(5001),
  ]);
  tree.put(parent, tree.file(random.chance(80) ? random.pick(["c", "-", "\0"]).repeat(size) : random.bytes(size)));
}

function externalEdge(tree, parent) {
  const { random } = tree;
  const node = tree.file();
  const power = 2 ** random.below(54);
  const sizes = [
    power + random.pick([0, -1, 1]),
    CHUNK_MAX * random.below(1025) + random.pick([0, 1, -1]),
    CHUNK_MAX * (1010 + random.below(15)),
    4294967294 + random.below(4),
    1 + random.below(100000),
    1 + random.below(20),
  ];
  node.size = Math.min(2 ** 53, Math.max(0, random.pick(sizes)));
  const common = "ab".repeat(32);
  if (random.chance(85)) node.digest = random.chance(40) ? common : random.hex(32);
  if (random.chance(85)) {
    const digest = node.digest === undefined || random.chance(10) ? common : node.digest;
    const odd = ["x", "/x/y", "-", "p".repeat(1 + random.below(4095)), "a b\n="];
    node.payload = random.chance(12) ? random.pick(odd) : `${digest.slice(0, 2)}/${digest.slice(2)}`;
  }
  tree.put(parent, node);
}

function symlinkEdge(tree, parent) {
  const { random } = tree;
  const node = tree.node(LNK | 0o777);
  const size = random.pick([
    1 + random.below(60),
    3900 + random.below(196),
    4000 + random.below(96),
    1 + random.below(4095),
    4095,
  ]);
  node.payload = random.pick(["t", "/", "\xff", "ab "]).repeat(size).slice(0, size);
  if (random.chance(5) && size === 1) node.payload = "-";
  node.size = random.chance(80) ? node.payload.length : random.below(9);
  tree.put(parent, node);
}

/** Two symlinks that fill one block together, or miss that by a byte. */
function symlinkPair(tree, parent) {
  const { random } = tree;
  const first = 64 * (40 + random.below(23));
  for (const total of [first, 4096 - first + random.pick([-1, 0, 0, 1])]) {
    const node = new Node(LNK | 0o777);
    node.mtime = tree.times[0];
    node.size = total - 32;
    node.payload = "u".repeat(node.size);
    tree.put(parent, node, `~${tree.serial++}`);
  }
}

function special(tree, parent) {
  const { random } = tree;
  const node = tree.node(random.pick([CHR, BLK, FIFO, SOCK]) | 0o640);
  const type = node.mode & 0o170000;
  if (type === CHR || type === BLK) node.rdev = random.pick([1, 259, 4294967295, random.below(1 << 20) + 1]);
  if (random.chance(10)) node.size = random.pick([1, 4294967295, 4294967296]);
  tree.put(parent, node);
}

function whiteouts(tree, parent) {
  const { random } = tree;
  const keys = ["trusted.overlay.whiteouts", "user.overlay.whiteouts", "trusted.overlay.opaque", "user.overlay.opaque"];
  if (random.chance(20)) parent.xattrs.push([random.pick(keys), random.pick(["", "x", "y", "longer"])]);
  for (let i = 1 + random.below(3); i > 0; i--) {
    const node = tree.node(CHR | random.pick([0, 0o600, 0o644]));
    node.nlink = random.pick([0, 1, 1, 1]);
    if (random.chance(10))
      node.xattrs.push([
        random.pick(["trusted.overlay.whiteout", "user.overlay.whiteout", "trusted.overlay.overlay.whiteout"]),
        random.pick(["", "x"]),
      ]);
    const name = random.chance(30) ? random.below(256).toString(16).padStart(2, "0") : undefined;
    if (tree.put(parent, node, name) !== undefined) tree.owners.pop();
  }
}

function hardlinks(tree, parent) {
  const { random } = tree;
  for (let i = 1 + random.below(4); i > 0 && tree.owners.length > 0; i--) {
    const node = new Node(random.pick([REG, LNK]) | 0o644);
    node.link = random.pick(tree.owners);
    tree.put(parent, node);
  }
}

/** Xattrs that equal, or become after renaming, what the writer adds by itself: they share one entry. */
function markers(tree, parent) {
  const { random } = tree;
  for (const node of [parent, ...tree.owners.slice(0, 2)]) {
    const prefix = random.pick(["trusted.overlay.", "user.overlay.", "trusted.overlay.overlay."]);
    const key = prefix + random.pick(["whiteout", "whiteouts", "opaque", "metacopy", "redirect"]);
    if (!node.xattrs.some((pair) => pair[0] === key)) node.xattrs.push([key, random.pick(["", "", "x", "y"])]);
  }
}

function stubNames(tree, parent) {
  const { random } = tree;
  const name = random.pick([random.below(256).toString(16).padStart(2, "0"), "FF", "fF", "0", "00a", "0g"]);
  tree.put(random.chance(90) ? tree.root : parent, random.chance(50) ? tree.node(DIR | 0o755) : tree.file("s"), name);
}

/** Two nodes with about as many shared xattrs as one inode may refer to. */
function manyShared(tree, parent) {
  const { random } = tree;
  const count = 124 + random.below(9);
  const pairs = Array.from({ length: count }, (_, i) => [
    `${random.pick(["user.", "trusted.", "w"])}${i}`,
    random.pick(["", "a", "bb", "ccc"]),
  ]);
  for (let i = 2 + random.below(2); i > 0; i--) {
    const node = tree.file();
    node.xattrs = random.chance(70) ? [...pairs] : pairs.slice(random.below(6));
    tree.put(parent, node);
  }
}

/** A long xattr on some inode, so that its tail and whatever follows land somewhere else in their blocks. */
function padding(tree, parent) {
  const { random } = tree;
  const candidates = [parent, tree.root, ...tree.owners, ...tree.owners];
  const node = random.pick(candidates);
  if (node.xattrs.some(([key]) => key === "user.pad")) return;
  const size = random.pick([random.below(100), random.below(4200), random.below(4200), random.below(16000)]);
  node.xattrs.push(["user.pad", "p".repeat(size)]);
}

function subdirectory(tree, parent) {
  tree.put(parent, tree.node(DIR | tree.random.pick([0o755, 0o1777, 0o2750])));
}

/** Themes and how often each is drawn, in relation to the others. */
const THEMES = [
  [directoryEdge, 3],
  [inlineEdge, 6],
  [externalEdge, 8],
  [symlinkEdge, 5],
  [symlinkPair, 2],
  [special, 3],
  [whiteouts, 4],
  [hardlinks, 5],
  [stubNames, 2],
  [manyShared, 1],
  [padding, 4],
  [markers, 2],
  [subdirectory, 6],
].flatMap(([theme, weight]) => Array(weight).fill(theme));

/** Builds a random tree. */
export function makeTree(random) {
  const tree = new Tree(random);
  const steps = random.pick([0, 1, 2, 4, 8, 12, 20]);
  const favourite = random.pick(THEMES);
  for (let i = 0; i < steps; i++) {
    const theme = random.chance(25) ? favourite : random.pick(THEMES);
    theme(tree, random.pick(tree.directories));
  }
  return tree;
}
