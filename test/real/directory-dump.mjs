/**
 * A dumpfile of a directory, made by other means than the engine: stat(2), getfattr and the fsverity tool. With the OCI
 * transform it is what an image of that directory must become (oci-to-tree.md 5 and 6).
 */
import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

const SLASH = Buffer.from("/");
/** Files up to this size are stored in the image itself. */
const INLINE_MAX_BYTES = 64n;
/** Files in one call of the fsverity tool. */
const BATCH = 200;

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${command} failed: ${error ?? stderr}`);
  return stdout;
}

/** Escapes of a dumpfile; `=` only in xattrs. */
function escaped(bytes, isXattr = false) {
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x5c && !(isXattr && byte === 0x3d);
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

const optional = (bytes) => (bytes.equals(Buffer.from("-")) ? "\\x2d" : escaped(bytes));

/** security.capability by path: what `getfattr` prints, whose own escapes are backslash and three octal digits. */
function capabilities(root) {
  const text = run("getfattr", [
    "-R",
    "-P",
    "-h",
    "-d",
    "-m",
    "^security\\.capability$",
    "-e",
    "hex",
    "--absolute-names",
    root,
  ]);
  const found = new Map();
  for (const block of text.toString("latin1").split("\n\n")) {
    const name = /^# file: (.*)$/m.exec(block)?.[1];
    const value = /^security\.capability=0x(.*)$/m.exec(block)?.[1];
    if (name === undefined || value === undefined) continue;
    const path = name.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    found.set(path, Buffer.from(value, "hex"));
  }
  return found;
}

/** Entries depth first, in byte order of names. */
function* walk(folder, path) {
  const names = readdirSync(folder, { encoding: "buffer" }).sort(Buffer.compare);
  for (const name of names) {
    const file = Buffer.concat([folder, SLASH, name]);
    const entry = { file, path: Buffer.concat([path, SLASH, name]), stat: lstatSync(file, { bigint: true }) };
    yield entry;
    if (entry.stat.isDirectory() && entry.path.toString() !== "/run") yield* walk(file, entry.path);
  }
}

/** Digests of files by the fsverity tool. */
function digests(files) {
  const found = new Map();
  for (let start = 0; start < files.length; start += BATCH) {
    const batch = files.slice(start, start + BATCH);
    // Node passes arguments as UTF-8: names that are not are passed through a shell that reads them from a file.
    const lines = run("fsverity", ["digest", "--compact", ...batch.map((file) => file.toString())])
      .toString()
      .trim()
      .split("\n");
    for (const [i, file] of batch.entries()) found.set(file.toString("latin1"), lines[i]);
  }
  return found;
}

/** The dumpfile of the directory `root` after the OCI transform. */
export function directoryDump(root) {
  const top = Buffer.from(root);
  const entries = [...walk(top, Buffer.alloc(0))];
  const caps = capabilities(root);
  const isObject = ({ stat }) => stat.isFile() && stat.size > INLINE_MAX_BYTES;
  const objects = digests(entries.filter(isObject).map(({ file }) => file));
  const owners = new Map();
  const names = new Map();
  const keyOf = ({ dev, ino }) => `${dev}:${ino}`;
  for (const { stat } of entries) names.set(keyOf(stat), (names.get(keyOf(stat)) ?? 0) + 1);
  const usr = lstatSync(Buffer.concat([top, Buffer.from("/usr")]), { bigint: true });
  const time = ({ mtimeNs }) => `${mtimeNs / 1_000_000_000n}.${mtimeNs % 1_000_000_000n}`;
  const subdirectories = (path) =>
    entries.filter((one) => one.stat.isDirectory() && one.path.subarray(0, one.path.lastIndexOf(0x2f)).equals(path))
      .length;
  const line = (path, file, stat, mtime) => {
    const links = stat.isDirectory() ? 2 + subdirectories(path) : names.get(keyOf(stat));
    const rdev = stat.isCharacterDevice() || stat.isBlockDevice() ? stat.rdev : 0n;
    const content = stat.isFile() && stat.size > 0n && !isObject({ stat }) ? readFileSync(file) : undefined;
    const digest = isObject({ stat }) ? objects.get(file.toString("latin1")) : undefined;
    const target = stat.isSymbolicLink() ? readlinkSync(file, { encoding: "buffer" }) : undefined;
    const size = stat.isFile() ? stat.size : (target?.length ?? 0);
    const payload = target ? optional(target) : digest ? `${digest.slice(0, 2)}/${digest.slice(2)}` : "-";
    const cap = caps.get(file.toString("latin1"));
    const fields = [size, stat.mode.toString(8), links, stat.uid, stat.gid, rdev, mtime, payload];
    const last = [content ? optional(content) : "-", digest ?? "-"];
    const xattrs = cap ? ` security.capability=${escaped(cap, true)}` : "";
    return `${path.length > 0 ? escaped(path) : "/"} ${[...fields, ...last].join(" ")}${xattrs}\n`;
  };
  const lines = [
    line(Buffer.alloc(0), Buffer.concat([top, Buffer.from("/usr")]), usr, time(usr)).replace(
      /^(\S+ \S+ \S+ )\d+/,
      `$1${2 + subdirectories(Buffer.alloc(0))}`,
    ),
  ];
  for (const { path, file, stat } of entries) {
    const owner = owners.get(keyOf(stat));
    if (owner !== undefined) {
      lines.push(`${escaped(path)} 0 @120000 - - - - 0.0 ${escaped(owner)} - -\n`);
      continue;
    }
    if (!stat.isDirectory()) owners.set(keyOf(stat), path);
    lines.push(line(path, file, stat, time(path.toString() === "/run" ? usr : stat)));
  }
  return Buffer.from(lines.join(""));
}
