/**
 * The dumpfile of a directory, slowly and obviously (oci-to-tree.md 6): all entries in memory, contents read whole, hard
 * links found by comparing each entry with all before it.
 */
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { at, type XattrTable } from "../directory.ts";
import { escapeBytes, escapeOptional } from "../escape.mjs";
import { fileDigest } from "./verity.ts";

interface Entry {
  /** One character for each byte. */
  path: string;
  stat: BigIntStats;
}

function walk(root: string, path: string, found: Entry[]): void {
  const stat = lstatSync(at(root, path), { bigint: true });
  found.push({ path, stat });
  if (!stat.isDirectory()) return;
  const names = readdirSync(at(root, path), { encoding: "buffer" }).map((name) => name.toString("latin1"));
  for (const name of names.sort()) walk(root, path === "" ? name : `${path}/${name}`, found);
}

/**
 * @param xattrs those of each path, which nobody reads here
 * @param hardlinks whether names of one inode are kept together
 */
export function directoryDump(root: string, hash: "sha256" | "sha512", xattrs: XattrTable, hardlinks = true): string {
  const entries: Entry[] = [];
  walk(root, "", entries);
  const isSame = (a: Entry, b: Entry) => a.stat.dev === b.stat.dev && a.stat.ino === b.stat.ino;
  const lines = entries.map((entry, i) => {
    const { path, stat } = entry;
    const name = path === "" ? "/" : `/${escapeBytes(path)}`;
    const first = entries.findIndex((other) => isSame(other, entry));
    if (hardlinks && first < i) return `${name} 0 @120000 - - - - 0.0 /${escapeBytes(entries[first]!.path)} - -\n`;
    const linked = hardlinks ? entries.filter((other) => isSame(other, entry)).length : 1;
    const isBelow = (other: Entry) => other.path !== "" && other.path.replace(/\/?[^/]*$/, "") === path;
    const below = entries.filter((other) => other.stat.isDirectory() && isBelow(other));
    const content = stat.isFile() ? readFileSync(at(root, path)) : Buffer.alloc(0);
    const target = stat.isSymbolicLink() ? readlinkSync(at(root, path), { encoding: "buffer" }) : undefined;
    const isObject = content.length > 64;
    const digest = isObject ? fileDigest(content, { algorithm: hash, blockSize: 4096 }).toString("hex") : "-";
    const seconds = (stat.mtimeNs - (((stat.mtimeNs % 10n ** 9n) + 10n ** 9n) % 10n ** 9n)) / 10n ** 9n;
    const fields = [
      content.length || (target?.length ?? 0),
      stat.mode.toString(8),
      stat.isDirectory() ? 2 + below.length : linked,
      ...[stat.uid, stat.gid, stat.isCharacterDevice() || stat.isBlockDevice() ? stat.rdev : 0],
      `${seconds}.${stat.mtimeNs - seconds * 10n ** 9n}`,
      isObject ? `${digest.slice(0, 2)}/${digest.slice(2)}` : escapeOptional(target?.toString("latin1")),
      isObject || content.length === 0 ? "-" : escapeOptional(content.toString("latin1")),
      digest,
    ];
    const own = Object.entries(xattrs[path] ?? {});
    const texts = own.map(
      ([key, value]) => ` ${escapeBytes(key, true)}=${escapeBytes(value.toString("latin1"), true)}`,
    );
    return `${name} ${fields.join(" ")}${texts.join("")}\n`;
  });
  return lines.join("");
}
