/**
 * Case number N of seed S of the differential fuzzer: a dumpfile, nothing else. The same two numbers give the same bytes
 * on every machine.
 */
import { escapeBytes, escapeOptional } from "../support/escape.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { breakDump } from "./mutations.mjs";
import { makeTree } from "./themes.mjs";

/** mkcomposefs options of a case, one drawn for each. */
const OPTIONS = [[], ["--min-version=1"], ["--max-version=0"]];

/** Percent of the cases that are broken on purpose. */
const BROKEN_PERCENT = 20;

/** Escapes a field in one of the ways that mean the same. */
function spell(random, bytes, equals) {
  if (!random.chance(4)) return escapeBytes(bytes, equals);
  let out = "";
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    const must = code === 0 || code === 0x0a || code === 0x20 || code === 0x5c || (equals && code === 0x3d);
    // A carriage return at the end of a line would mean something else.
    if (!must && code !== 0x0d && random.chance(70)) out += bytes[i];
    else
      out += `\\x${random.chance(50) ? code.toString(16).padStart(2, "0") : code.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function number(random, value, radix = 10) {
  const text = value.toString(radix);
  if (!random.chance(1)) return text;
  return value < 0 ? text.replace("-", "-0") : random.pick([`0${text}`, `+${text}`, `+00${text}`]);
}

function spellLine(random, node, path) {
  const escapedPath = spell(random, path, false);
  if (node.link !== undefined) {
    const type = random.pick(["100644", "120000", "120777", "10000"]);
    const rest = random.pick([" - -", "", " - - user.ignored=1", "  =", " x y z"]);
    return `${escapedPath} ${random.pick(["0", "-", "x"])} @${type} - - - - 0.0 ${spell(random, node.linkTarget, false)}${rest}`;
  }
  const nlink = node.children === undefined ? node.nlink : random.pick([2, 2, 1, 77]);
  const numbers = [nlink, node.uid, node.gid, node.rdev].map((value) => number(random, value));
  const mtime = `${number(random, node.mtime[0])}.${number(random, node.mtime[1])}`;
  const payload =
    node.payload === undefined || node.payload === "-"
      ? escapeOptional(node.payload)
      : spell(random, node.payload, false);
  let content = "-";
  if (node.content !== undefined) content = node.content === "-" ? "\\x2d" : spell(random, node.content, false);
  const digest = node.digest === undefined ? "-" : random.chance(5) ? node.digest.toUpperCase() : node.digest;
  let line = `${escapedPath} ${number(random, node.size)} ${number(random, node.mode, 8)} ${numbers.join(" ")} ${mtime} ${payload} ${content} ${digest}`;
  for (const [key, value] of node.xattrs)
    line += ` ${spell(random, key, true)}=${spell(random, value, random.chance(50))}`;
  return line;
}

/** All names of the tree with their paths: parents first, the rest in random order. */
function collect(random, root) {
  const found = [];
  const queue = [[root, "", 0]];
  for (let head = 0; head < queue.length; head++) {
    const [node, path, depth] = queue[head];
    found.push({ node, path, depth, key: random.below(1 << 30) });
    for (const [name, child] of node.children ?? []) {
      const childPath = `${path}/${name}`;
      child.path = childPath;
      queue.push([child, childPath, depth + 1]);
    }
  }
  const links = found.filter(({ node }) => node.link !== undefined);
  for (let i = 0; i < links.length; i++) {
    // A link may point to an earlier link of the same file, which makes chains and never a cycle.
    const { node } = links[i];
    const chain = links.slice(0, i).filter((other) => other.node.link === node.link);
    node.linkTarget = chain.length > 0 && random.chance(40) ? random.pick(chain).path : node.link.path;
  }
  if (random.chance(30)) return found;
  return found.sort((a, b) => a.depth - b.depth || a.key - b.key);
}

/**
 * Makes one case.
 *
 * @returns {{ dump: Buffer, options: string[], broken: boolean, printDigest: boolean }}
 */
export function makeCase(seed, number) {
  const random = new SplitMix64((BigInt(seed) << 32n) ^ BigInt(number));
  const options = random.pick(OPTIONS);
  const printDigest = random.below(64) === 0;
  const broken = random.chance(BROKEN_PERCENT);
  const tree = makeTree(random);
  const lines = collect(random, tree.root).map(({ node, path }) => spellLine(random, node, path || "/"));
  let text = `${lines.join("\n")}\n`;
  if (random.chance(2)) text = text.slice(0, -1);
  if (broken) text = breakDump(random, text);
  return { dump: Buffer.from(text, "latin1"), options, broken, printDigest };
}
