/**
 * A mounted tree against the entries that its image was made of, by what the kernel shows of each: stat, readlink, xattrs,
 * content.
 */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { libcFunction } from "../../build/src/linux/libc.node.js";
import { shownEntries, treeEntries } from "./tree.mjs";

const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
const FILE = 0o100000;
/** Of a tree that is wrong everywhere, some are enough. */
const DIFFERENCES_SHOWN = 5;

/**
 * Compares what is mounted with the entries that it was made of.
 *
 * @param target the mount point
 * @param format of the image
 * @throws with some of the differences
 */
export function compareTree(target, format) {
  const differences = [];
  const inodes = new Map();
  const wanted = shownEntries(treeEntries(format), format);
  for (const entry of wanted) {
    const path = Buffer.from(target + entry.path, "latin1");
    try {
      const stats = lstatSync(path, { bigint: true });
      inodes.set(entry.path, stats.ino);
      const shown = shownOf(path, stats, entry);
      const expected = expectedOf(entry);
      assert.deepEqual(shown, expected);
      if (entry.owner !== undefined) assert.equal(stats.ino, inodes.get(entry.owner), "inode number of the first name");
    } catch (error) {
      differences.push(`${JSON.stringify(entry.path.slice(0, 80))}: ${error.message}`);
    }
  }
  const found = [...namesBelow(Buffer.from(target))].map((path) => path.slice(target.length));
  const expected = wanted.map(({ path }) => path).filter((path) => path !== "/");
  assert.deepEqual(found.toSorted(), expected.toSorted());
  const some = differences.slice(0, DIFFERENCES_SHOWN).join("\n");
  assert.equal(differences.length, 0, `${differences.length} entries differ\n${some}`);
}

function shownOf(path, stats, entry) {
  const mode = Number(stats.mode);
  const type = mode & TYPE_MASK;
  const shown = {
    ...{ mode: mode.toString(8), uid: stats.uid, gid: stats.gid, mtimeNs: stats.mtimeNs, rdev: stats.rdev },
    xattrs: xattrsOf(path),
  };
  // Overlay counts the links of directories in its own way, and EROFS has its own sizes for them.
  if (type !== DIRECTORY) Object.assign(shown, { nlink: stats.nlink, size: stats.size });
  if (type === SYMLINK) shown.target = readlinkSync(path, { encoding: "latin1" });
  if (type === FILE) shown.isEqual = readFileSync(path).equals(Buffer.from(entry.content ?? "", "latin1"));
  return shown;
}

function expectedOf(entry) {
  const { mode, uid, gid, rdev, seconds, nanoseconds, xattrs, nlink, content, target } = entry;
  const type = mode & TYPE_MASK;
  const expected = {
    ...{ mode: mode.toString(8), uid: BigInt(uid), gid: BigInt(gid), rdev: BigInt(rdev), xattrs },
    mtimeNs: seconds * 1_000_000_000n + BigInt(nanoseconds),
  };
  if (type !== DIRECTORY)
    Object.assign(expected, { nlink: BigInt(nlink), size: BigInt((content ?? target ?? "").length) });
  if (type === SYMLINK) expected.target = target;
  if (type === FILE) expected.isEqual = true;
  return expected;
}

/** Paths of all that is below a directory, one character for each byte. */
function* namesBelow(folder) {
  for (const entry of readdirSync(folder, { encoding: "buffer", withFileTypes: true })) {
    const path = Buffer.concat([folder, Buffer.from("/"), entry.name]);
    yield path.toString("latin1");
    if (entry.isDirectory()) yield* namesBelow(path);
  }
}

const listXattr = libcFunction("long llistxattr(const uint8_t *path, void *list, size_t size)");
const getXattr = libcFunction("long lgetxattr(const uint8_t *path, const uint8_t *name, void *value, size_t size)");
/** XATTR_LIST_MAX and XATTR_SIZE_MAX of include/uapi/linux/limits.h. */
const room = Buffer.alloc(65_536);

/** Xattrs of an entry, links not followed, by name: one character for each byte. @param path bytes */
function xattrsOf(path) {
  const terminated = Buffer.concat([path, Buffer.from([0])]);
  const { result, errno } = listXattr(terminated, room, room.length);
  assert.ok(result >= 0, `llistxattr says errno ${errno}`);
  const names = room.toString("latin1", 0, result).split("\0").slice(0, -1);
  const xattrs = {};
  for (const name of names) {
    const value = getXattr(terminated, Buffer.from(`${name}\0`, "latin1"), room, room.length);
    assert.ok(value.result >= 0, `lgetxattr of ${name} says errno ${value.errno}`);
    xattrs[name] = room.toString("latin1", 0, value.result);
  }
  return xattrs;
}
