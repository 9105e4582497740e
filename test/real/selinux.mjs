/**
 * The labels of Debian's own policy against those of libselinux: `matchpathcon`, path by path.
 *
 *     node test/real/selinux.mjs [ROOT]        ROOT: a directory that debootstrap made before; else it is made, as root
 *
 * Two trees: what is in ROOT, and paths made up from the patterns, so that every rule has some. Needs dpkg and apt-get,
 * which fetch the policy and its tools into a temporary directory; nothing of this machine's own policy is touched.
 *
 * libselinux decides differently in two cases (boot-transform.md 3.2 and 3.4); each difference must be one of them:
 *
 *   literal         a rule without metacharacters beats all others; here the last rule that matches wins
 *   substitution    an alias counts for every path with that beginning; here for an entry whose path it is
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePattern } from "../../build/src/selinux/pattern.js";
import { CONTEXT_FILES, Policy } from "../../build/src/selinux/policy.js";
import { readRules, readSubstitutions } from "../../build/src/selinux/rules.js";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { makePolicy, matchpathcon } from "./policy.mjs";
import { bootstrap, scratch } from "./tools.mjs";

const SAMPLES = 3;
/** File types: of readdir, of a subject, of matchpathcon. */
const TYPES = [
  ["isDirectory", "d", "dir"],
  ["isFile", "-", "file"],
  ["isSymbolicLink", "l", "lnk_file"],
  ["isCharacterDevice", "c", "chr_file"],
  ["isBlockDevice", "b", "blk_file"],
  ["isFIFO", "p", "pipe"],
  ["isSocket", "s", "sock_file"],
];

/** Path (as Latin-1) to type, of everything below a directory. */
function pathsBelow(root) {
  const types = new Map([["/", "d"]]);
  const visit = (folder, path) => {
    for (const entry of readdirSync(folder, { withFileTypes: true, encoding: "buffer" })) {
      const name = entry.name.toString("latin1");
      types.set(`${path}/${name}`, TYPES.find(([is]) => entry[is]())[1]);
      if (entry.isDirectory()) visit(Buffer.concat([folder, Buffer.from("/"), entry.name]), `${path}/${name}`);
    }
  };
  visit(Buffer.from(root), "");
  return types;
}

/** A text that a part of a pattern matches, if nothing looks around. */
function sample(part, random) {
  switch (part.kind) {
    case "byte":
      return String.fromCharCode(part.byte);
    case "set": {
      const fitting = [..."abcxyzABC0123456789._-+~@:"].filter((c) => {
        const byte = c.charCodeAt(0);
        return (part.set[byte >> 5] >> (byte & 31)) & 1;
      });
      return fitting.length === 0 ? "" : random.pick(fitting);
    }
    case "dot":
      return random.pick([..."abcxyz0123456789._-/"]);
    case "sequence":
      return part.parts.map((item) => sample(item, random)).join("");
    case "choice":
      return sample(random.pick(part.options), random);
    case "repeat": {
      const count = Math.min(part.max, part.min + random.below(4));
      return Array.from({ length: count }, () => sample(part.part, random)).join("");
    }
    case "capture":
      return sample(part.part, random);
    default:
      return "";
  }
}

/** Some paths for each rule, and the directories above them. */
function pathsOfRules(rules) {
  const random = new SplitMix64(1);
  const types = new Map([["/", "d"]]);
  for (const { pattern, type, place } of rules) {
    for (let i = 0; i < SAMPLES; i++) {
      const path = sample(parsePattern(pattern, place).root, random);
      if (!/^(\/(?!\.{0,2}(\/|$))[^/]+)+$/.test(path)) continue;
      for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) types.set(path.slice(0, at), "d");
      if (types.get(path) !== "d") types.set(path, type ?? random.pick([..."d-l"]));
    }
  }
  return types;
}

/** Entries in the order of the walk: { path, type, parent }. */
function treeOf(types) {
  const key = (path) => (path === "/" ? "" : path.replaceAll("/", "\0"));
  const paths = [...types.keys()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const positions = new Map(paths.map((path, i) => [path, i]));
  return paths.map((path) => ({
    path,
    type: types.get(path),
    parent: path === "/" ? 0 : positions.get(path.slice(0, path.lastIndexOf("/")) || "/"),
  }));
}

function ourLabels(policy, tree) {
  const walk = policy.walk();
  return tree.map(({ path, type, parent }, i) => {
    const name = i === 0 ? "" : path.slice(path.lastIndexOf("/") + 1);
    const number = walk.label(i, parent, Buffer.from(name, "latin1"), type);
    return number === 0 ? "<<none>>" : Buffer.from(policy.labels[number - 1]).toString("latin1");
  });
}

/** What libselinux says of entries. */
function theirLabels(folder, entries) {
  const labels = new Map();
  for (const [, type, name] of TYPES) {
    const paths = entries.filter((entry) => entry.type === type).map((entry) => entry.path);
    for (let i = 0; i < paths.length; i += 1000) {
      const batch = paths.slice(i, i + 1000);
      const options = ["-n", "-N", "-m", name, "-f", join(folder, "file_contexts")];
      // Arguments of spawnSync are UTF-8, so names that are not are left out.
      const args = batch.map((path) => Buffer.from(path, "latin1").toString());
      const lines = matchpathcon(...options, ...args)
        .split("\n")
        .slice(0, -1);
      if (lines.length !== batch.length) throw new Error(`matchpathcon: ${batch.length} paths, ${lines.length} labels`);
      batch.forEach((path, j) => {
        labels.set(path + type, lines[j]);
      });
    }
  }
  return entries.map(({ path, type }) => labels.get(path + type));
}

/** The paths by which boot-transform.md 3.5 looks the entries up. */
function substituted(tree, aliases) {
  const paths = [];
  for (const [i, { path, parent }] of tree.entries()) {
    const above = paths[parent];
    const own = i === 0 ? "/" : `${above.endsWith("/") ? above : `${above}/`}${path.slice(path.lastIndexOf("/") + 1)}`;
    paths.push((i > 0 && aliases.get(own)) || own);
  }
  return paths;
}

const isUtf8 = (text) =>
  Buffer.from(Buffer.from(text, "latin1").toString(), "utf8").equals(Buffer.from(text, "latin1"));
const latin1 = (bytes) => Buffer.from(bytes).toString("latin1");
/** As libselinux tells a literal pattern: none of these without a backslash. */
const isLiteral = (pattern) => /^(\\.|[^.^$?*+|[({\\])*$/s.test(pattern);

const folder = makePolicy();
const files = new Map(
  CONTEXT_FILES.filter((name) => existsSync(join(folder, name))).map((name) => [
    name,
    readFileSync(join(folder, name)),
  ]),
);
const empty = new Uint8Array();
const rules = CONTEXT_FILES.slice(0, 3).flatMap((name) => [...readRules(name, files.get(name) ?? empty)]);
const literals = new Map();
for (const { pattern, type, label } of rules) {
  const text = latin1(pattern);
  if (!isLiteral(text)) continue;
  for (const one of type ?? "d-lcbps") literals.set(text.replace(/\\(.)/gs, "$1") + one, latin1(label));
}
const aliases = new Map();
for (const name of CONTEXT_FILES.slice(3)) {
  for (const { alias, original } of readSubstitutions(name, files.get(name) ?? empty)) {
    aliases.set(latin1(alias), latin1(original));
  }
}
// The same policy without substitutions, to tell the two cases apart.
const plain = join(scratch, "plain");
mkdirSync(plain);
for (const name of CONTEXT_FILES.slice(0, 3)) if (files.has(name)) copyFileSync(join(folder, name), join(plain, name));

let start = performance.now();
const policy = Policy.compile(files);
console.log(`${policy.ruleCount} rules compiled in ${Math.round(performance.now() - start)} ms`);
let failures = 0;
const root = process.argv[2] ?? bootstrap();
for (const [name, types] of [
  ["Debian's tree", pathsBelow(root)],
  ["paths made up from the patterns", pathsOfRules(rules)],
]) {
  const tree = treeOf(new Map([...types].filter(([path]) => isUtf8(path))));
  start = performance.now();
  const ours = ourLabels(policy, tree);
  const time = Math.round(performance.now() - start);
  const theirs = theirLabels(folder, tree);
  const paths = substituted(tree, aliases);
  const different = tree.flatMap(({ path, type }, i) =>
    ours[i] === theirs[i] ? [] : [{ original: path, path: paths[i], type, ours: ours[i], theirs: theirs[i] }],
  );
  const alone = theirLabels(plain, different);
  const counts = { literal: 0, substitution: 0, unexplained: 0 };
  for (const [i, entry] of different.entries()) {
    let reason = "unexplained";
    if (alone[i] === entry.ours) reason = "substitution";
    else if (literals.get(entry.path + entry.type) === alone[i]) reason = "literal";
    counts[reason]++;
    if (reason === "unexplained" || counts[reason] <= 3) {
      console.log(`  ${reason}: ${entry.original} (${entry.type}) is ${entry.ours} here, ${entry.theirs} there`);
    }
  }
  const summary = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
  console.log(`${name}: ${tree.length} labels in ${time} ms; ${different.length} differ: ${summary.join(", ")}`);
  failures += counts.unexplained;
}
process.exit(failures > 0 ? 1 : 0);
