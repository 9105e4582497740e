/**
 * Deterministic generator of large dumpfiles, for goldens and benchmarks.
 *
 *     node test/support/generate-dump.mjs PROFILE ENTRIES SEED > out.dump
 *
 * Profiles:
 *   distro  a tree like an operating system image; entries in depth-first sorted order, hardlinks point to the
 *           depth-first first name, link counts are truthful; within the limits of C and Rust composefs
 *   edges   the same plus everything that sits on a limit: long symlinks, inline content up to 5000 bytes, sizes up
 *           to 2^53, big xattrs, deep directories, directories of 5000 entries, names of 255 bytes, whiteouts, ACLs;
 *           in scrambled order (parents first), hardlinks before their targets
 *
 * The output depends on the three arguments only. The order of the calls to the random generator is part of the
 * format: `test/fixtures/vectors.json` pins the SHA-256 of three outputs. Bytes are kept as latin1 strings.
 */
import { realpathSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BLK, CHR, DIR, FIFO, formatTree, LNK, Node, REG, SOCK, TYPE_MASK } from "./dump-tree.mjs";
import { SplitMix64 } from "./splitmix64.mjs";

const SYLLABLES =
  "lib core net sys py data conf util gtk test mod drv font lang ssl http x11 kde glib perl ruby node usr man".split(
    " ",
  );
const SUFFIXES = "||.so|.so.1|.py|.pyc|.conf|.txt|.gz|.h|.mo|.ko.xz|.service|.rpm|.json|.png".split("|");
const LABELS = "usr_t lib_t bin_t etc_t var_t man_t modules_object_t fonts_t locale_t ld_so_t textrel_shlib_t shadow_t"
  .split(" ")
  .map((type) => `system_u:object_r:${type}:s0\0`);

/** Bytes of text that one chunk of the output holds, about. */
const CHUNK_BYTES = 1 << 18;

class Generator {
  constructor(profile, entries, seed) {
    this.edges = profile === "edges";
    this.random = new SplitMix64(BigInt(seed) * 1000003n + BigInt(entries) * 97n + (this.edges ? 7n : 3n));
    this.left = entries - 1;
    this.files = [];
    this.times = Array.from({ length: 7 }, () => {
      const seconds = 1600000000 + this.random.below(100000000);
      return [seconds, this.random.pick([0, 0, this.random.below(1e9)])];
    });
    this.root = new Node(DIR | 0o755);
    this.root.mtime = this.times[0];
    this.addLabel(this.root);
    const queue = [[this.root, 0]];
    if (this.edges) this.addSpecials();
    for (let head = 0; this.left > 0; head++) {
      if (head === queue.length) queue.push([this.makeDirectory(this.root), 1]);
      this.fill(queue[head][0], queue[head][1], queue);
    }
  }

  setMetadata(node) {
    const random = this.random;
    node.mtime = random.chance(80)
      ? random.pick(this.times)
      : [1500000000 + random.below(250000000), random.below(1e9)];
    if (this.edges && random.chance(2)) {
      node.mtime = [random.pick([0, 1, -1, -86400, 2 ** 31, 2 ** 33]), random.pick([0, 1, 999999999])];
    }
    if (random.chance(8)) {
      const owners = [
        [1000, 1000],
        [0, 5],
        [65534, 65534],
        [65535, 65535],
        [65536, 7],
        [100000, 100000],
      ];
      [node.uid, node.gid] = random.pick(owners);
    }
    this.addLabel(node);
  }

  addLabel(node) {
    const random = this.random;
    node.xattrs.push(["security.selinux", random.pick(LABELS)]);
    if (random.chance(1)) node.xattrs.push(["security.capability", `\x01\0\0\x02${random.bytes(16)}`]);
    if (random.chance(1)) node.xattrs.push(["user.origin", `pkg-${random.below(500)}`]);
    if (!this.edges) return;
    if (random.chance(1)) {
      node.xattrs.push(["system.posix_acl_access", `\x02\0\0\0${random.bytes(8 * (1 + random.below(4)))}`]);
    }
    if (random.chance(1)) {
      const key = `trusted.overlay.${random.pick(["foo", "redirect", "overlay.x", "origin"])}`;
      node.xattrs.push([key, random.bytes(random.below(12))]);
    }
    if (random.chance(1)) {
      const key = random.pick(["lustre.lov", "weird", "user.x", "trusted.y"]);
      node.xattrs.push([key, random.bytes(random.below(200))]);
    }
    if (random.below(400) === 0) node.xattrs.push(["user.big", "\0".repeat(random.below(9000))]);
    if (random.below(800) === 0) {
      const count = 120 + random.below(20);
      for (let i = 0; i < count; i++) {
        node.xattrs.push([`user.many${String(i).padStart(3, "0")}`, random.pick(["", "a", "bb"])]);
      }
    }
  }

  makeName(directory) {
    const random = this.random;
    for (;;) {
      const kind = random.below(100);
      let name;
      if (kind < 3) {
        name = random.below(256).toString(16).padStart(2, "0");
      } else if (kind < 60) {
        name = random.pick(SYLLABLES) + random.pick(["-", "_", ""]) + random.pick(SYLLABLES);
        name += String(random.below(1000)) + random.pick(SUFFIXES);
      } else if (kind < 90) {
        name = random.pick(SYLLABLES) + random.pick(SUFFIXES);
      } else {
        name = random.hex(4 + random.below(16)) + random.pick(SUFFIXES);
      }
      if (this.edges && random.chance(3)) {
        name = random.pick(["!", "+", "-", "...", ".-", " ", "=", "\xc3\xa9", "\xff\x01", "a b\\c\n"]) + name;
      }
      if (this.edges && random.chance(1)) name = (name + "n".repeat(255)).slice(0, 240 + random.below(16));
      if (!directory.children.has(name) && name !== "." && name !== "..") return name;
      name += String(random.below(100000));
      if (name.length <= 255 && !directory.children.has(name)) return name;
    }
  }

  add(directory, node, name) {
    directory.children.set(name ?? this.makeName(directory), node);
    this.left--;
    return node;
  }

  makeDirectory(parent, name) {
    if (this.left <= 0) return undefined;
    const node = new Node(DIR | this.random.pick([0o755, 0o755, 0o755, 0o700, 0o1777, 0o2755]));
    this.setMetadata(node);
    return this.add(parent, node, name);
  }

  makeLeaf(directory, name) {
    const random = this.random;
    const kind = random.below(1000);
    let node;
    if (kind < 760) {
      node = this.makeRegular();
    } else if (kind < 930) {
      node = this.makeSymlink();
    } else if (kind < 945) {
      node = new Node(random.pick([CHR, BLK]) | 0o660);
      node.rdev = 1 + random.below(1 << 20);
    } else if (kind < 955) {
      node = new Node(random.pick([FIFO, SOCK]) | 0o600);
    } else if (kind < 963) {
      node = new Node(CHR | random.pick([0, 0o600]));
    } else if (this.files.length > 0) {
      node = new Node(REG);
      node.link = random.pick(this.files);
      node.link.nlink++;
      return this.add(directory, node, name);
    } else {
      node = new Node(REG | 0o644);
    }
    this.setMetadata(node);
    if (!((node.mode & TYPE_MASK) === CHR && node.rdev === 0)) {
      this.files.push(node);
      if (this.files.length > 4000) this.files = this.files.slice(2000);
    }
    return this.add(directory, node, name);
  }

  makeRegular() {
    const random = this.random;
    const node = new Node(REG | random.pick([0o644, 0o644, 0o755, 0o600, 0o4755]));
    const kind = random.below(100);
    if (kind < 12) return node;
    if (kind < 33 || (kind < 35 && this.edges)) {
      if (kind < 30) node.size = 1 + random.below(64);
      else if (kind < 33) node.size = 1 + random.below(512);
      else node.size = random.pick([2047, 2048, 2049, 4095, 4096, 4097, 5000, 1 + random.below(5000)]);
      node.content = random.bytes(node.size);
      return node;
    }
    random.next();
    const { high, low } = random;
    node.size = 65 + shiftRight(high, low, 24 + random.below(34));
    if (this.edges && random.chance(2)) {
      const close = 2 ** 53 - random.below(2 ** 43);
      node.size = random.pick([4096, 4097, 2 ** 32 - 1, 2 ** 32, 2 ** 43, 2 ** 43 + 1, 2 ** 50, close, 2 ** 53]);
    }
    node.digest = random.hex(32);
    node.payload = `${node.digest.slice(0, 2)}/${node.digest.slice(2)}`;
    if (this.edges && random.chance(3)) node.digest = undefined;
    if (this.edges && random.chance(1)) node.payload = undefined;
    return node;
  }

  makeSymlink() {
    const random = this.random;
    const node = new Node(LNK | 0o777);
    let size = 1 + random.below(60);
    if (random.chance(3)) size = 1 + random.below(1024);
    if (this.edges && random.chance(5)) {
      size = random.pick([1025, 2000, 3500, 3900, 4000, 4031, 4032, 4064, 4095, 1 + random.below(4095)]);
    }
    const up = "../".repeat(random.below(5));
    const text = `${up}${random.pick(SYLLABLES)}/${random.hex(1 + (size >> 1))}`;
    node.payload = text.repeat(1 + Math.floor(size / text.length)).slice(0, size);
    node.size = size;
    return node;
  }

  fill(directory, depth, queue) {
    const random = this.random;
    const count = depth > 0 ? random.pick([0, 2, 3, 5, 8, 13, 30, 60, 200, 600]) : 12;
    for (let i = 0; i < count && this.left > 0; i++) {
      if (random.chance(depth < 12 ? 18 : 2) || depth === 0) {
        const child = this.makeDirectory(directory);
        if (child !== undefined) queue.push([child, depth + 1]);
      } else {
        this.makeLeaf(directory);
      }
    }
  }

  addSpecials() {
    const random = this.random;
    let directory = this.makeDirectory(this.root, "big-directory");
    for (let i = 0; i < 5000; i++) {
      if (directory === undefined || this.left <= 0) return;
      this.makeLeaf(directory, `e${String(i).padStart(5, "0")}${"x".repeat(random.below(40))}`);
    }
    directory = this.makeDirectory(this.root, "deep");
    for (let i = 0; i < 60 && directory !== undefined; i++) {
      if (random.chance(50) && this.left > 1) this.makeLeaf(directory);
      directory = this.makeDirectory(directory, `d${i}${"-".repeat(random.below(20))}`);
    }
    directory = this.makeDirectory(this.root, "ab");
    if (directory !== undefined && this.left > 3) {
      this.makeLeaf(directory);
      const whiteout = new Node(CHR | 0o600);
      this.setMetadata(whiteout);
      this.add(this.root, whiteout, "cd");
    }
  }
}

/** A 64-bit number shifted right by `bits`, 11 to 63. */
function shiftRight(high, low, bits) {
  return bits >= 32 ? high >>> (bits - 32) : high * 2 ** (32 - bits) + (low >>> bits);
}

/** The lines of `formatTree` with sibling order lost: by depth, then at random. Parents stay before children. */
function* scramble(lines, random) {
  const keyed = [];
  for (const [path, text] of lines) {
    random.next();
    keyed.push({ depth: path.split("/").length - 1, high: random.high, low: random.low, text });
  }
  keyed.sort((a, b) => a.depth - b.depth || a.high - b.high || a.low - b.low);
  for (const { text } of keyed) yield ["", text];
}

/**
 * Generates a dumpfile as a sequence of chunks.
 *
 * @param {'distro' | 'edges'} profile
 * @param {number} entries lines, the root included; at least 1
 * @param {number} seed
 */
export function* generateDump(profile, entries, seed) {
  if (profile !== "distro" && profile !== "edges") throw new RangeError(`unknown profile ${profile}`);
  const generator = new Generator(profile, entries, seed);
  let lines = formatTree(generator.root);
  if (generator.edges) lines = scramble(lines, generator.random);
  let text = "";
  for (const [, line] of lines) {
    text += line;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text, "latin1");
    text = "";
  }
  yield Buffer.from(text, "latin1");
}

/** The whole output of `generateDump` in one buffer. */
export function generateDumpBytes(profile, entries, seed) {
  return Buffer.concat([...generateDump(profile, entries, seed)]);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [profile, entries, seed] = process.argv.slice(2);
  for (const chunk of generateDump(profile, Number(entries), Number(seed))) {
    for (let at = 0; at < chunk.length; ) at += writeSync(1, chunk, at);
  }
}
