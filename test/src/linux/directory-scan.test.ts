/** What is seen of a directory: every kind of entry, in one order, at the limits, and while it changes. */

import { execFileSync } from "node:child_process";
import {
  type BigIntStats,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type DirectoryEntry,
  type DirectorySystem,
  type ScanOptions,
  scanDirectory,
} from "../../../src/linux/directory-scan.node.ts";
import { readXattrs } from "../../../src/linux/xattrs.node.ts";
import { at, fillDirectory, isRoot, setTime, setXattr, someBytes } from "../../support/directory.ts";
import { emptyFolder } from "../cli/run.ts";

const list = (path: Buffer) => readdirSync(path, { encoding: "buffer" });
const stat = (path: Buffer): BigIntStats => lstatSync(path, { bigint: true });

function scan(root: string, options: Partial<ScanOptions> = {}, system?: DirectorySystem): DirectoryEntry[] {
  return [...scanDirectory(Buffer.from(root), { xattrs: "none", ...options }, system)];
}

const pathsOf = (entries: DirectoryEntry[]) => entries.map(({ path }) => path.toString("latin1"));

test("owners have 32 bits: nobody is -2 on macOS", () => {
  const root = emptyFolder();
  const system: DirectorySystem = {
    list,
    stat: (path) => Object.assign(stat(path), { uid: 4294967294n, gid: 4294967295n }),
  };
  expect(scan(root, {}, system)).toMatchObject([{ uid: 4294967294, gid: 4294967295 }]);
});

describe("the order", () => {
  test("is that of the bytes of names, a directory before what is in it, whatever the file system says", async () => {
    const root = emptyFolder();
    await fillDirectory(root);
    const expected = scan(root);
    for (const order of [
      (names: Buffer[]) => names.reverse(),
      (names: Buffer[]) => names.sort((a, b) => a.length - b.length),
      (names: Buffer[]) => names.sort((a, b) => (a[a.length - 1] ?? 0) - (b[b.length - 1] ?? 0)),
    ]) {
      expect(scan(root, {}, { stat, list: (path) => order(list(path)) })).toEqual(expected);
    }
    const paths = pathsOf(expected);
    expect(paths[0]).toBe("");
    expect(new Set(paths).size).toBe(paths.length);
    const seen = new Set<string>([""]);
    for (const path of paths.slice(1)) {
      expect(seen.has(path.replace(/\/?[^/]*$/, ""))).toBe(true);
      seen.add(path);
    }
    const names = paths.filter((path) => path.startsWith("names/"));
    expect(names).toEqual([...names].sort());
  });

  test("a prefix of a name comes with what is in it before the names that go on", () => {
    const root = emptyFolder();
    mkdirSync(join(root, "a"));
    for (const name of ["a-b", "a.b", "a0", "a/x"]) writeFileSync(join(root, name), "");
    expect(pathsOf(scan(root))).toEqual(["", "a", "a/x", "a-b", "a.b", "a0"]);
  });
});

describe("hard links", () => {
  test("are found by device and inode, whatever the link count says", async () => {
    const root = emptyFolder();
    await fillDirectory(root);
    const lying: DirectorySystem = { list, stat: (path) => Object.assign(stat(path), { nlink: 1n }) };
    for (const system of [undefined, lying]) {
      const links = scan(root, {}, system).filter(({ hardlink }) => hardlink !== undefined);
      const pairs = links.map(({ path, hardlink }) => [path.toString(), hardlink!.toString()]);
      expect(Object.fromEntries(pairs)).toEqual({
        "links/empty": undefined,
        "links/z-file": "a-file",
        "sizes/0": "links/empty",
        "sizes/64": "links/inline",
        "sizes/700001": "a-file",
        "links/symlink": "link",
        "links/fifo": "fifo",
        ...(isRoot ? { "links/character": "character" } : {}),
      } satisfies Record<string, string | undefined> as object);
    }
    expect(scan(root, { hardlinks: false }).every(({ hardlink }) => hardlink === undefined)).toBe(true);
  });

  test("of inodes that differ beyond 2^53, as those of Windows do, are none", () => {
    const root = emptyFolder();
    const inodes: Record<string, bigint> = { a: 2n ** 63n + 1n, b: 2n ** 63n + 2n, c: 2n ** 63n + 1n };
    for (const name of Object.keys(inodes)) writeFileSync(join(root, name), "");
    const system: DirectorySystem = {
      list,
      stat: (path) => Object.assign(stat(path), { dev: 2n ** 63n, ino: inodes[path.toString().at(-1)!] ?? 1n }),
    };
    expect(scan(root, {}, system).map(({ path, hardlink }) => [`${path}`, hardlink && `${hardlink}`])).toEqual([
      ["", undefined],
      ["a", undefined],
      ["b", undefined],
      ["c", "a"],
    ]);
  });

  test("of devices are left out together with them", async () => {
    if (!isRoot) return;
    const root = emptyFolder();
    await fillDirectory(root);
    const left = pathsOf(scan(root, { devices: false }));
    const all = pathsOf(scan(root));
    expect(all.filter((path) => !left.includes(path))).toEqual(["block", "character", "links/character", "whiteout"]);
  });
});

/** Makes directories in each other, also where the system takes no path to the last one. */
function makeDeep(root: string, names: string[]): void {
  onTestFinished(() => void execFileSync("rm", ["-rf", root]));
  const first = names.slice(0, names.length / 2).join("/");
  mkdirSync(join(root, first), { recursive: true });
  const fd = openSync(join(root, first), "r");
  mkdirSync(`/proc/self/fd/${fd}/${names.slice(names.length / 2).join("/")}`, { recursive: true });
  closeSync(fd);
}

describe("limits", () => {
  /** Directories in each other, so that the last path has `bytes` bytes. */
  function deepPath(root: string, bytes: number): string[] {
    const names: string[] = [];
    let left = bytes;
    while (left > 0) {
      // Never one byte alone, in which there would be no room for a slash and a name.
      const length = left <= 255 ? left : Math.min(255, left - 101);
      names.push("d".repeat(length));
      left -= length + 1;
    }
    makeDeep(root, names);
    expect(names.join("/").length).toBe(bytes);
    return names;
  }

  test("a path of 4095 bytes is read, although the system takes no such path, and one of 4096 is refused", () => {
    const root = emptyFolder();
    const names = deepPath(root, 4095);
    const entries = scan(root, { xattrs: "all" });
    expect(entries.at(-1)!.path.toString()).toBe(names.join("/"));
    expect(entries.at(-1)!.mode & 0o170000).toBe(0o040000);
    const beyond = emptyFolder();
    deepPath(beyond, 4096);
    expect(() => scan(beyond)).toThrow(
      expect.objectContaining({
        code: "DIRECTORY_PATH_TOO_LONG",
        data: expect.objectContaining({ actual: 4096, limit: 4095 }),
      }),
    );
  });

  test("a name of 255 bytes is taken, one of 256, which other systems have, is refused", () => {
    const root = emptyFolder();
    writeFileSync(join(root, "f"), "");
    const named = (length: number): DirectorySystem => ({
      list: () => [Buffer.alloc(length, "n")],
      stat: (path) => stat(path.includes("nn") ? Buffer.from(join(root, "f")) : path),
    });
    expect(scan(root, {}, named(255))).toHaveLength(2);
    expect(() => scan(root, {}, named(256))).toThrow(
      expect.objectContaining({
        code: "DIRECTORY_NAME_TOO_LONG",
        data: expect.objectContaining({ actual: 256, limit: 255 }),
      }),
    );
  });

  test("many levels need no stack", () => {
    const root = emptyFolder();
    makeDeep(root, Array<string>(2047).fill("d"));
    expect(scan(root)).toHaveLength(2048);
  });

  test("xattrs fill their budget, and not one byte more", () => {
    // ext4 has room for a few kilobytes, tmpfs for more, but not for all users.
    const root = mkdtempSync("/dev/shm/composefs-test-");
    onTestFinished(() => rmSync(root, { recursive: true }));
    const file = at(root, "f");
    writeFileSync(file, "");
    const key = "trusted.x";
    const most = 32767 - 12 - 7 - key.length;
    if (!setXattr(file, key, someBytes(most))) {
      console.warn("SKIPPED: the budget of xattrs (needs root, and a tmpfs)");
      return;
    }
    expect(scan(root, { xattrs: "all" })).toHaveLength(2);
    setXattr(file, key, someBytes(most + 1));
    expect(() => scan(root, { xattrs: "all" })).toThrow(expect.objectContaining({ code: "DIRECTORY_XATTR_BUDGET" }));
  });
});

describe("xattrs", () => {
  test("are bytes, of those that were asked for", async () => {
    const root = emptyFolder();
    const table = await fillDirectory(root);
    const found = scan(root, { xattrs: "all", hardlinks: false }).filter(({ xattrs }) => xattrs.length > 0);
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
    const asTable = (entries: DirectoryEntry[]) =>
      Object.fromEntries(
        entries.map(({ path, xattrs }) => [
          text(path),
          Object.fromEntries(xattrs.map(({ key, value }) => [text(key), Buffer.from(value)])),
        ]),
      );
    // A kernel with SELinux gives labels to all.
    for (const { xattrs } of found) {
      const label = xattrs.findIndex(({ key }) => text(key) === "security.selinux");
      if (label >= 0) xattrs.splice(label, 1);
    }
    expect(asTable(found.filter(({ xattrs }) => xattrs.length > 0))).toEqual(table);
    const users = scan(root, { xattrs: "user", hardlinks: false }).flatMap(({ xattrs }) => xattrs);
    expect(users.length).toBeGreaterThan(0);
    expect(users.every(({ key }) => text(key).startsWith("user."))).toBe(true);
    expect(scan(root).every(({ xattrs }) => xattrs.length === 0)).toBe(true);
  });

  test("of a link are its own; where there is no file there is an error", () => {
    const root = emptyFolder();
    writeFileSync(join(root, "f"), "");
    setXattr(at(root, "f"), "user.a", Buffer.from("b"));
    symlinkSync("f", join(root, "l"));
    expect(readXattrs(at(root, "l")).filter(({ key }) => Buffer.from(key).toString().startsWith("user."))).toEqual([]);
    expect(() => readXattrs(at(root, "missing"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describe("a directory that changes", () => {
  const changed = (name: string) =>
    expect.objectContaining({ code: "IO_CHANGED", data: { path: expect.stringMatching(`${name}$`) } });

  test("while it is listed, or while what is below is read", () => {
    for (const when of ["d", "d/below"]) {
      const root = emptyFolder();
      mkdirSync(join(root, "d/below"), { recursive: true });
      for (const path of ["d/below", "d", ""]) setTime(at(root, path), 5n);
      const system: DirectorySystem = {
        stat,
        list: (path) => {
          if (path.toString() === join(root, when)) writeFileSync(join(root, "d/new"), "");
          return list(path);
        },
      };
      expect(() => scan(root, {}, system)).toThrow(changed("d"));
    }
  });

  test("an entry that was listed and is gone", () => {
    const root = emptyFolder();
    writeFileSync(join(root, "gone"), "");
    const system: DirectorySystem = {
      stat,
      list: (path) => {
        const names = list(path);
        rmSync(join(root, "gone"));
        return names;
      },
    };
    expect(() => scan(root, {}, system)).toThrow(changed("gone"));
  });
});

describe("what cannot be read", () => {
  test("has the path in its error", () => {
    const root = emptyFolder();
    mkdirSync(join(root, "d\n"));
    const refuse = (name: string): never => {
      throw Object.assign(new Error(`EACCES: permission denied, ${name}`), { code: "EACCES" });
    };
    const broken: DirectorySystem = { stat, list: (path) => (path.includes("\n") ? refuse("scandir") : list(path)) };
    expect(() => scan(root, {}, broken)).toThrow(
      expect.objectContaining({ code: "IO_OPEN", message: `cannot open "${root}/d\\n": Permission denied` }),
    );
    const closed: DirectorySystem = { list, stat: (path) => (path.includes("\n") ? refuse("lstat") : stat(path)) };
    expect(() => scan(root, {}, closed)).toThrow(expect.objectContaining({ code: "IO_OPEN" }));
  });

  test("a root that is missing, or no directory", () => {
    const root = emptyFolder();
    writeFileSync(join(root, "f"), "");
    expect(() => scan(join(root, "missing"))).toThrow(expect.objectContaining({ code: "IO_OPEN" }));
    expect(() => scan(join(root, "f"))).toThrow(expect.objectContaining({ code: "SOURCE_KIND" }));
  });
});
