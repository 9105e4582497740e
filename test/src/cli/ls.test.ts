/** `composefs ls`: lists for people, aligned; the same as JSON. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { debian, readFixture } from "../../support/fixtures.ts";
import { findOracle, runMkcomposefs } from "../../support/oracle.ts";
import { composefs, emptyFolder, NOT_MADE } from "./run.ts";

const DIGEST = "9f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e";
const OBJECT = `${DIGEST.slice(0, 2)}/${DIGEST.slice(2)}`;
const input = `${[
  "/ 0 40755 3 0 0 0 0.0 - - -",
  "/usr 0 40755 3 0 0 0 1700000000.0 - - -",
  "/usr/zebra 0 @100644 - - - - - /usr/bin/tool - -",
  "/usr/bin 0 41777 2 1000 100 0 1700000000.5 - - -",
  `/usr/bin/tool 123456 104755 2 0 0 0 1700000000.0 ${OBJECT} - ${DIGEST} user.k=v`,
  `/usr/bin/elsewhere 1 102644 1 0 0 0 1700000000.0 store/x\\x20y - ${DIGEST}`,
  `/usr/bin/pathless 1 100654 1 0 0 0 1700000000.0 - - ${DIGEST}`,
  "/usr/bin/small 2 100000 1 0 0 0 1700000000.0 - hi -",
  "/usr/bin/sh 4 120777 1 0 0 0 1700000000.0 tool - -",
  "/usr/bin-neighbour 0 10600 1 0 0 0 -1.0 - - -",
  "/usr/gone 0 20000 1 0 0 0 0.0 - - -",
  "/usr/disk 0 60660 1 0 6 2049 9000000000000000000.7 - - -",
  "/usr/a\\x20\\xc3\\xa9 0 100644 1 0 0 0 0.0 - - -",
  "/usr/b\\\\\\xff 0 140777 1 0 0 0 0.0 - - -",
].join("\n")}\n`;

const ls = (...args: string[]) => composefs(["ls", "-", ...args], { input });
/** Output is read as latin1. */
const utf8 = (text: string) => Buffer.from(text).toString("latin1");

const USR = utf8(`\
-rw-r--r-- 1    0   0      0 1970-01-01T00:00:00Z           a é
srwxrwxrwx 1    0   0      - 1970-01-01T00:00:00Z           b\\\\\\xff
drwxrwxrwt 2 1000 100      - 2023-11-14T22:13:20.000000005Z bin
prw------- 1    0   0      - 1969-12-31T23:59:59Z           bin-neighbour
brw-rw---- 1    0   6   8, 1 @9000000000000000000.000000007 disk
c--------- 1    0   0   0, 0 1970-01-01T00:00:00Z           gone (whiteout)
-rwsr-xr-x 2    0   0 123456 2023-11-14T22:13:20Z           zebra = /usr/bin/tool
`);
const BIN = utf8(`\
-rw-r-Sr-- 1 0 0      1 2023-11-14T22:13:20Z elsewhere @ store/x y
-rw-r-xr-- 1 0 0      1 2023-11-14T22:13:20Z pathless @ (digest 9f1c2d3e4f5a…)
lrwxrwxrwx 1 0 0      4 2023-11-14T22:13:20Z sh -> tool
---------- 1 0 0      2 2023-11-14T22:13:20Z small
-rwsr-xr-x 2 0 0 123456 2023-11-14T22:13:20Z tool @ 9f/1c2d3e4f5a…
`);

test("a directory, aligned", () => {
  expect(ls("/usr")).toEqual({ exitCode: 0, stdout: USR, stderr: "" });
  expect(ls("/usr/bin")).toEqual({ exitCode: 0, stdout: BIN, stderr: "" });
  expect(ls().stdout).toBe("drwxr-xr-x 3 0 0 - 2023-11-14T22:13:20Z usr\n");
});

test("a path is taken as people write it and as ls prints it", () => {
  for (const path of ["usr", "/usr/", "//usr/.", "./usr", "\\x75s\\x72"]) expect(ls(path).stdout).toBe(USR);
  for (const path of ["/", ".", "", "//"]) expect(ls(path).stdout).toMatch(/ usr\n$/);
  expect(ls("usr/b\\\\\\xff").stdout).toBe("srwxrwxrwx 1 0 0 - 1970-01-01T00:00:00Z /usr/b\\\\\\xff\n");
  expect(ls("usr/a é").stdout).toBe(utf8("-rw-r--r-- 1 0 0 0 1970-01-01T00:00:00Z /usr/a é\n"));
});

test("what is no directory lists itself", () => {
  expect(ls("/usr/bin/sh").stdout).toBe("lrwxrwxrwx 1 0 0 4 2023-11-14T22:13:20Z /usr/bin/sh -> tool\n");
  expect(ls("/usr/zebra").stdout).toBe("-rwsr-xr-x 2 0 0 123456 2023-11-14T22:13:20Z /usr/zebra = /usr/bin/tool\n");
  expect(JSON.parse(ls("/usr/zebra", "--json").stdout)).toEqual({
    path: "/usr/zebra",
    made: NOT_MADE,
    entries: [{ path: "/usr/zebra", type: "hardlink", of: "/usr/bin/tool", line: 3 }],
  });
});

test("--recursive: whole paths, and nothing of the neighbours", () => {
  const paths = (text: string) => text.match(/\/usr\S*/g)!.filter((_, i, all) => all[i - 1] !== "/usr/zebra");
  expect(ls("-R", "/usr/bin").stdout.match(/\/usr\S*/g)).toEqual(
    ["elsewhere", "pathless", "sh", "small", "tool"].map((name) => `/usr/bin/${name}`),
  );
  const all = paths(ls("-R").stdout);
  expect(all.length).toBe(13);
  expect(all.slice(0, 4)).toEqual(["/usr", "/usr/a", "/usr/b\\\\\\xff", "/usr/bin"]);
  expect(JSON.parse(ls("-R", "--json").stdout).entries.length).toBe(13);
  expect(ls("-R", "/usr/gone").stdout).toBe("c--------- 1 0 0 0, 0 1970-01-01T00:00:00Z /usr/gone (whiteout)\n");
});

test("--json: what a line of the dumpfile says, and which line it is", () => {
  const { path, entries } = JSON.parse(ls("/usr/bin", "--json").stdout);
  expect(path).toBe("/usr/bin");
  expect(entries.length).toBe(5);
  expect(entries[0]).toEqual({
    path: "/usr/bin/elsewhere",
    type: "file",
    mode: "102644",
    nlink: 1,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1700000000, nanoseconds: 0 },
    size: 1,
    payload: "store/x\\x20y",
    digest: DIGEST,
    line: 6,
  });
  expect(entries[4]).toMatchObject({ mode: "104755", payload: OBJECT, xattrs: { "user.k": "v" }, line: 5 });
  expect(JSON.parse(ls("/usr/bin/pathless/", "--json").stdout).entries[0].payload).toBeUndefined();
});

test.each([
  ["/nothing", "TREE_PATH", "the tree has no /nothing"],
  ["usr/bin/sh/x", "TREE_PATH", "the tree has no /usr/bin/sh/x: /usr/bin/sh is a symlink to tool"],
  ["/\x1b[2J", "TREE_PATH", "the tree has no /\\x1b[2J"],
  ["..", "TREE_PATH", "the tree has no /.."],
  ["a\\q", "USAGE", 'path: expected an escape such as \\xff or \\\\, got "a\\\\q"'],
  ["a\\", "USAGE", 'path: expected an escape such as \\xff or \\\\, got "a\\\\"'],
])("%j exits with 2", (path, code, message) => {
  expect(ls(path)).toEqual({ exitCode: 2, stdout: "", stderr: `${code}: ${message}\n` });
  const { exitCode, stderr } = ls(path, "--json");
  expect({ exitCode, ...JSON.parse(stderr) }).toMatchObject({ exitCode: 2, code, message });
});

test("an image lists as its dumpfile, with nids in the place of lines", () => {
  const mkcomposefs = findOracle("mkcomposefs");
  if (mkcomposefs === undefined) return;
  const cwd = emptyFolder();
  const dump = readFixture(debian.file);
  writeFileSync(join(cwd, "dump"), dump);
  writeFileSync(join(cwd, "image"), runMkcomposefs(mkcomposefs, dump, ["--min-version=1"]).image!);
  const list = (...args: string[]) => composefs(["ls", ...args], { cwd }).stdout;
  expect(list("image", "/usr/bin")).toBe(list("dump", "/usr/bin"));
  expect(list("image", "-R")).toBe(list("dump", "-R"));
  const [entry] = JSON.parse(list("image", "/etc/passwd", "--json")).entries;
  expect(Object.keys(entry).at(-1)).toBe("nid");
});
