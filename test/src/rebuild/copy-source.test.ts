/** Copies of a source: what is kept, what is said to be missing, and that the source stays as it is. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CopyOptions, copySource } from "../../../src/rebuild/copy-source.node.ts";
import { removeTree, Workspace } from "../../../src/rebuild/workspace.node.ts";

const IS_ROOT = process.getuid?.() === 0;
/** tmpfs lists what was made last first. */
const IS_SHM = spawnSync("stat", ["-f", "-c", "%T", "/dev/shm"]).stdout?.toString().trim() === "tmpfs";
const PLAIN = { userId: null, isReversed: false, leftOut: [], signal: new AbortController().signal };
const MOMENT = 1_234_567_890.123456;

function folderIn(place: string = tmpdir()): string {
  const folder = mkdtempSync(join(place, "composefs-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A source with one of each kind. */
function makeSource(folder = folderIn()): string {
  const source = join(folder, "source");
  mkdirSync(join(source, "bin/deep"), { recursive: true });
  writeFileSync(join(source, "bin/tool"), "#!/bin/sh\n");
  writeFileSync(join(source, "secret"), "s");
  linkSync(join(source, "bin/tool"), join(source, "also"));
  linkSync(join(source, "bin/tool"), join(source, "zuletzt"));
  symlinkSync("nowhere/at/all", join(source, "bin/deep/link"));
  chmodSync(join(source, "bin/tool"), 0o4755);
  chmodSync(join(source, "secret"), 0o600);
  // Names are bytes.
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff, 0xfe])]), "bytes");
  chmodSync(join(source, "bin/deep"), 0o1555);
  for (const path of ["bin/deep/link", "bin/deep", "bin/tool", "bin", "secret", ""]) {
    lutimesSync(join(source, path), MOMENT, MOMENT);
  }
  return source;
}

/** What a listing shows of a tree. */
function describeTree(root: string): string[] {
  const paths = execFileSync("find", [root, "-printf", "%P %y %m %U:%G %s %T@ %n %l\\0"], { encoding: "latin1" });
  // Of a time the digits that are kept; of a directory not the size.
  return paths
    .split("\0")
    .map((line) => line.replace(/(\.\d{6})\d+/, "$1").replace(/( d \S+ \S+) \d+/, "$1"))
    .sort();
}

const copyTo = (source: string, target: string, options: Partial<CopyOptions> = {}) =>
  copySource(source, target, { ...PLAIN, ...options });

describe("a copy", () => {
  test.each([false, true])("is the source again, reversed: %s", async (isReversed) => {
    const source = makeSource();
    const before = describeTree(source);
    const target = join(folderIn(), "a/b");
    const { notCopied } = await copyTo(source, target, { isReversed });
    expect(notCopied).toEqual([]);
    expect(describeTree(target)).toEqual(before);
    expect(describeTree(source)).toEqual(before);
    expect(readlinkSync(join(target, "bin/deep/link"))).toBe("nowhere/at/all");
    expect(lstatSync(join(target, "also")).ino).toBe(lstatSync(join(target, "bin/tool")).ino);
    // Writing into the copy is not writing into the source.
    writeFileSync(join(target, "secret"), "other");
    expect(readFileSync(join(source, "secret"), "utf8")).toBe("s");
  });

  test("keeps xattrs", async () => {
    const source = makeSource();
    execFileSync("setfattr", ["-n", "user.note", "-v", "kept", join(source, "secret")]);
    const target = join(folderIn(), "copy");
    expect((await copyTo(source, target)).notCopied).toEqual([]);
    const shown = execFileSync("getfattr", ["--only-values", "-n", "user.note", join(target, "secret")]);
    expect(shown.toString()).toBe("kept");
  });

  test("says what it lacks", async () => {
    const source = makeSource();
    execFileSync("mkfifo", [join(source, "pipe")]);
    const server = createServer().listen(join(source, "socket"));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.on("listening", resolve));
    const target = join(folderIn(), "copy");
    const { notCopied } = await copyTo(source, target);
    expect(notCopied).toEqual(['"pipe" is a named pipe', '"socket" is a socket']);
    expect(readdirSync(target)).not.toContain("pipe");
  });

  test.skipIf(!IS_ROOT)("is of another user when that is wanted", async () => {
    const target = join(folderIn(), "copy");
    await copyTo(makeSource(), target, { userId: 65534 });
    const owners = new Set(describeTree(target).flatMap((line) => / (\d+:\d+) /.exec(line)?.[1] ?? []));
    expect([...owners]).toEqual(["65534:65534"]);
    // A change of owner takes setuid away.
    expect(lstatSync(join(target, "bin/tool")).mode & 0o7777).toBe(0o4755);
  });

  test("leaves out where it is made itself", async () => {
    const source = makeSource();
    const place = join(source, "tmp");
    mkdirSync(join(place, "earlier"), { recursive: true });
    const target = join(place, "copy");
    await copyTo(source, target, { leftOut: [place, join(source, "missing")] });
    expect(existsSync(join(target, "tmp"))).toBe(false);
    expect(existsSync(join(target, "bin/tool"))).toBe(true);
  });

  test("has another fingerprint when the source has changed", async () => {
    const source = makeSource();
    const folder = folderIn();
    const fingerprint = async (name: string) => (await copyTo(source, join(folder, name))).fingerprint;
    const first = await fingerprint("a");
    expect(await fingerprint("b")).toBe(first);
    chmodSync(join(source, "secret"), 0o640);
    const second = await fingerprint("c");
    expect(second).not.toBe(first);
    writeFileSync(join(source, "secret"), "longer");
    expect(await fingerprint("d")).not.toBe(second);
  });

  test.skipIf(!IS_SHM)("can be listed in another order where the file system allows it", async () => {
    const source = makeSource();
    const folder = folderIn("/dev/shm");
    const straight = await copyTo(source, join(folder, "a"));
    const again = await copyTo(source, join(folder, "b"));
    const reversed = await copyTo(source, join(folder, "c"), { isReversed: true });
    expect(again.listing).toBe(straight.listing);
    expect(reversed.listing).not.toBe(straight.listing);
    const namesOf = (name: string) => {
      const directory = opendirSync(join(folder, name, "bin"));
      const names = [directory.readSync()!.name, directory.readSync()!.name];
      directory.closeSync();
      return names;
    };
    expect(namesOf("a")).toEqual(namesOf("c").reverse());
  });

  test("of a source without order has no listing", async () => {
    const folder = folderIn();
    mkdirSync(join(folder, "source/one"), { recursive: true });
    expect((await copyTo(join(folder, "source"), join(folder, "copy"))).listing).toBe(null);
  });

  test("ends when it is told to, before and while it is made", async () => {
    const source = makeSource();
    const reason = new Error("enough");
    const target = join(folderIn(), "copy");
    await expect(copyTo(source, target, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(existsSync(target)).toBe(false);
    for (let i = 0; i < 2000; i++) writeFileSync(join(source, `file-${i}`), "");
    const controller = new AbortController();
    setImmediate(() => controller.abort(reason));
    await expect(copyTo(source, target, { signal: controller.signal })).rejects.toBe(reason);
    expect(readdirSync(target).length).toBeLessThan(2000);
  });

  test.each([
    ["what is no directory", "secret", "SOURCE_KIND"],
    ["what is not there", "missing", "IO_OPEN"],
  ])("%s is refused", async (_, name, code) => {
    const source = makeSource();
    await expect(copyTo(join(source, name), join(folderIn(), "copy"))).rejects.toMatchObject({ code });
  });
});

describe("workspace", () => {
  test("is gone in the end, whatever a build did to its directories", async () => {
    const workspace = new Workspace(folderIn());
    const { parent, build } = workspace.folders;
    expect(lstatSync(parent).mode & 0o777).toBe(0o700);
    await workspace.prepare(makeSource(), build, PLAIN);
    mkdirSync(join(build, "closed/inner"), { recursive: true });
    chmodSync(join(build, "closed/inner"), 0o000);
    chmodSync(join(build, "closed"), 0o555);
    workspace.clear();
    expect(readdirSync(parent)).toEqual([]);
    workspace.remove();
    expect(existsSync(parent)).toBe(false);
  });

  test.skipIf(!IS_ROOT)("a tree that only its owner may open is removed by others than root, too", () => {
    const folder = folderIn();
    chmodSync(folder, 0o777);
    const script = `
      import { removeTree } from "${new URL("../../../build/src/rebuild/workspace.node.js", import.meta.url).pathname}";
      import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
      mkdirSync("tree/a/b", { recursive: true });
      writeFileSync("tree/a/b/file", "");
      chmodSync("tree/a/b", 0o000);
      chmodSync("tree/a", 0o555);
      removeTree(Buffer.from("tree"));
      console.log(existsSync("tree"));`;
    const user = { uid: 65534, gid: 65534, cwd: folder, encoding: "utf8" } as const;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], user);
    expect({ stdout, stderr }).toEqual({ stdout: "false\n", stderr: "" });
    expect(() => removeTree(Buffer.from(join(folder, "nothing")))).not.toThrow();
  });
});
