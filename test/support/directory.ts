/** Directories with all that a file system can hold, for tests of those who read them. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { onTestFinished } from "vitest";
import { libcFunction } from "../../src/linux/libc.node.ts";

/** Xattrs by path and key; both one character for each byte. */
export type XattrTable = Record<string, Record<string, Buffer>>;

export const isRoot = process.getuid?.() === 0;
/** One line for those who wonder why fewer kinds of entries were compared. */
if (!isRoot) console.warn("SKIPPED: devices, owners and xattrs of root in directories (needs root)");

const latin1 = (text: string) => Buffer.from(text, "latin1");

/** `root/path`, where the path has one character for each byte. */
export function at(root: string, path: string): Buffer {
  return path === "" ? Buffer.from(root) : Buffer.concat([Buffer.from(root), Buffer.from("/"), latin1(path)]);
}

/** Bytes that are not alike anywhere. */
export function someBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Sets an xattr. @returns false where the file system has none */
export function setXattr(path: Buffer, key: string, value: Buffer): boolean {
  const set = libcFunction(
    "int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)",
  );
  const text = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]);
  return set(text(path), text(latin1(key)), text(value), value.length, 0).result === 0;
}

/** AT_FDCWD and AT_SYMLINK_NOFOLLOW of fcntl.h. */
const [AT_FDCWD, AT_SYMLINK_NOFOLLOW] = [-100, 0x100];
const SECOND = 1_000_000_000n;

/** Sets atime and mtime, not of what a symbolic link leads to. @param time nanoseconds since 1970, which Node would round */
export function setTime(path: Buffer, time: string | bigint): void {
  const set = libcFunction("int utimensat(int directory, const void *path, const void *times, int flags)");
  const nanoseconds = ((BigInt(time) % SECOND) + SECOND) % SECOND;
  const seconds = (BigInt(time) - nanoseconds) / SECOND;
  const times = Buffer.from(BigInt64Array.of(seconds, nanoseconds, seconds, nanoseconds).buffer);
  const { result, errno } = set(AT_FDCWD, Buffer.concat([path, Buffer.alloc(1)]), times, AT_SYMLINK_NOFOLLOW);
  if (result !== 0) throw new Error(`utimensat: errno ${errno}`);
}

/** Names that mean something elsewhere, and nothing in a directory. */
export const NAMES = [
  ".wh.gone",
  ".wh..wh..opq",
  ".wh.",
  "-",
  "--option",
  " ",
  "a\nb",
  "back\\slash",
  "=",
  "\xff\xfe not UTF-8",
  "\xc3\xa9",
  "~",
  "n".repeat(255),
];

/** Sizes about which something changes: inline, blocks, pieces of a read, levels of the Merkle tree. */
export const SIZES = [0, 1, 63, 64, 65, 4095, 4096, 4097, 8192, 20000, 262143, 262144, 262145, 524288, 524289, 700001];

/** Mtimes in nanoseconds. */
const TIMES = ["0", "1", "999999999", "1000000000", "1700000000123456789", "-1", "-1500000000", "8589934592000000001"];

/**
 * Fills a folder.
 *
 * @param order gives the order in which entries are made; nothing else may depend on it
 */
export async function fillDirectory(
  root: string,
  order: <T>(items: T[]) => T[] = (items) => items,
): Promise<XattrTable> {
  const xattrs: XattrTable = {};
  const give = (path: string, key: string, value: Buffer) => {
    if (!setXattr(at(root, path), key, value)) return;
    xattrs[path] = { ...xattrs[path], [key]: value };
  };
  for (const path of ["sub", "sub/deep", "sub/deep/er", "empty", "names", "sizes", "\x80dir", "usr", "run", "links"]) {
    mkdirSync(at(root, path));
  }
  for (const [i, name] of order([...NAMES.entries()])) writeFileSync(at(root, `names/${name}`), `content ${i}`);
  for (const size of order([...SIZES])) writeFileSync(at(root, `sizes/${size}`), someBytes(size, size));
  for (const i of order(Array.from({ length: 300 }, (_, i) => i)))
    writeFileSync(at(root, `sub/${i}`), someBytes(i * 7, i));

  const sparse = at(root, "sparse");
  const fd = openSync(sparse, "w");
  writeSync(fd, "middle", 1_500_000);
  truncateSync(sparse, 3_000_001);

  symlinkSync("sub", at(root, "link"));
  symlinkSync("nowhere", at(root, "dangling"));
  symlinkSync(latin1("\xff/\n"), at(root, "bytes"));
  symlinkSync("x".repeat(4095), at(root, "long-link"));
  execFileSync("mkfifo", [`${root}/fifo`]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${root}/socket`, resolve));
  onTestFinished(() => void server.close());
  linkSync(at(root, "sizes/700001"), at(root, "links/z-file"));
  linkSync(at(root, "sizes/700001"), at(root, "a-file"));
  linkSync(at(root, "sizes/64"), at(root, "links/inline"));
  linkSync(at(root, "sizes/0"), at(root, "links/empty"));
  linkSync(at(root, "link"), at(root, "links/symlink"));
  linkSync(at(root, "fifo"), at(root, "links/fifo"));
  chmodSync(at(root, "sub/1"), 0o4755);
  chmodSync(at(root, "sub/2"), 0o2711);
  chmodSync(at(root, "sub/deep"), 0o1777);

  give("sub", "user.directory", latin1("yes"));
  give("sub/3", "user.empty", Buffer.alloc(0));
  give("sub/3", "user.binary", Buffer.from([0, 1, 255, 10]));
  give("sub/4", "user.large", someBytes(2000));
  for (const path of ["sub/5", "sub/6", "sub/7"]) give(path, "user.shared", latin1("the same"));
  give("sizes/700001", "user.linked", latin1("once"));
  for (const path of ["links/z-file", "a-file"]) if (xattrs["sizes/700001"]) xattrs[path] = xattrs["sizes/700001"]!;
  if (isRoot) {
    chownSync(at(root, "sub/8"), 1000, 100);
    chownSync(at(root, "sub/9"), 4294967294, 65536);
    chmodSync(at(root, "sub/10"), 0);
    execFileSync("mknod", [`${root}/character`, "c", "1", "3"]);
    execFileSync("mknod", [`${root}/block`, "b", "259", "1048575"]);
    execFileSync("mknod", [`${root}/whiteout`, "c", "0", "0"]);
    linkSync(at(root, "character"), at(root, "links/character"));
    // cap_net_raw=ep, as linux/capability.h has it: VFS_CAP_REVISION_2 with the effective bit.
    give("sub/11", "security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex"));
    give("sub/12", "trusted.test", latin1("t"));
    give("sub/deep", "trusted.overlay.opaque", latin1("y"));
    give("link", "trusted.link", latin1("of a symlink"));
    give("fifo", "trusted.fifo", latin1("of a fifo"));
    if (xattrs["link"]) xattrs["links/symlink"] = xattrs["link"];
    if (xattrs["fifo"]) xattrs["links/fifo"] = xattrs["fifo"];
  }
  for (const [i, time] of TIMES.entries()) setTime(at(root, `sub/${100 + i}`), time);
  setTime(at(root, "dangling"), "1600000000000000007");
  for (const path of [
    "links",
    "names",
    "sizes",
    "sub/deep/er",
    "sub/deep",
    "sub",
    "empty",
    "\x80dir",
    "usr",
    "run",
    "",
  ]) {
    setTime(at(root, path), "1234567890000000001");
  }
  for (const path of order([...NAMES.map((name) => `names/${name}`), ...SIZES.map((size) => `sizes/${size}`)])) {
    setTime(at(root, path), "1234567890000000002");
  }
  return xattrs;
}
