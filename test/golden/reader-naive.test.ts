/**
 * The naive assembler makes images that others read: what the hostile images are changed from is a good one.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BLKDEV,
  buildErofs,
  CHR,
  directory,
  external,
  FIFO,
  file,
  metacopy,
  redirect,
  SOCK,
  special,
  symlink,
  withStubs,
  xattr,
} from "../support/naive/erofs-image.ts";
import { findOracle, runOracle } from "../support/oracle.ts";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";

const engine = new RawEngine(compileEngine());
const fsck = findOracle("fsck.erofs");
const info = findOracle("composefs-info");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "composefs-naive-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const DIGEST = "5a".repeat(32);
const PATH = `${DIGEST.slice(0, 2)}/${DIGEST.slice(2)}`;

/** One of everything that a dumpfile can say, and its canonical lines. */
function makeTree() {
  const label = xattr("security.selinux", "l\0");
  const linked = file("twice", { references: [label] });
  const many = Array.from(
    { length: 300 },
    (_, i) => [`f${String(i).padStart(4, "0")}${"n".repeat(20)}`, file()] as const,
  );
  const root = directory(
    [
      ["block", file("", { blocks: Buffer.alloc(4096, "b"), compact: true })],
      ["blk", special(BLKDEV, 259)],
      ["chr", special(CHR, 5)],
      ["d", directory([["deep", directory([["x", linked]])]], { references: [label], seconds: -5n, nanoseconds: 7 })],
      ["fifo", special(FIFO)],
      ["link", linked],
      ["many", directory(many.map(([name, inode]) => [name, inode]))],
      ["object", external(5n, [metacopy(DIGEST), redirect(`/${PATH}`)])],
      ["sock", special(SOCK)],
      ["sym", symlink("target", { xattrs: [xattr("user.a", "1"), xattr("odd", "2")] })],
      ["~", file("", { uid: 70000, gid: 80000 })],
    ],
    { compact: true },
  );
  const lines = [
    "/ 0 40755 4 0 0 0 0.0 - - -",
    "/blk 0 60600 1 0 0 259 0.0 - - -",
    `/block 4096 100644 1 0 0 0 0.0 - ${"b".repeat(4096)} -`,
    "/chr 0 20600 1 0 0 5 0.0 - - -",
    "/d 0 40755 3 0 0 0 -5.7 - - - security.selinux=l\\x00",
    "/d/deep 0 40755 2 0 0 0 0.0 - - -",
    "/d/deep/x 5 100644 2 0 0 0 0.0 - twice - security.selinux=l\\x00",
    "/fifo 0 10600 1 0 0 0 0.0 - - -",
    "/link 0 @120000 - - - - 0.0 /d/deep/x - -",
    "/many 0 40755 2 0 0 0 0.0 - - -",
    ...many.map(([name]) => `/many/${name} 0 100644 1 0 0 0 0.0 - - -`),
    `/object 5 100644 1 0 0 0 0.0 ${PATH} - ${DIGEST}`,
    "/sock 0 140600 1 0 0 0 0.0 - - -",
    "/sym 6 120777 1 0 0 0 0.0 target - - odd=2 user.a=1",
    "/~ 0 100644 1 70000 80000 0 0.0 - - -",
  ];
  return { root, lines };
}

describe.each([0, 1])("format V%i", (version) => {
  const { root, lines } = makeTree();
  const { bytes } = buildErofs(withStubs(root), version);

  test("the engine reads what was put in", () => {
    engine.scan([bytes], { flags: 1 });
    expect(engine.print().toString("latin1").split("\n")).toEqual([...lines, ""]);
  });

  test.skipIf(info === undefined)("composefs-info reads the same", () => {
    const path = join(folder, "info.img");
    writeFileSync(path, bytes);
    const { output, stderr } = runOracle(info!, ["dump", path]);
    expect(stderr).toBe("");
    engine.parse([output]);
    expect(engine.print().toString("latin1").split("\n")).toEqual([...lines, ""]);
  });

  test.skipIf(fsck === undefined)("fsck.erofs takes it", () => {
    const path = join(folder, "fsck.img");
    writeFileSync(path, bytes);
    const { exitCode, output, stderr } = runOracle(fsck!, [path]);
    expect(exitCode, `${output}${stderr}`).toBe(0);
  });
});

describe("format V2", () => {
  const { root, lines } = makeTree();
  // V2 has neither blocks of file content nor nanoseconds.
  root.entries = root.entries!.filter(([name]) => name !== "block");
  const d = root.entries.find(([name]) => name === "d")![1];
  if (typeof d !== "bigint") d.nanoseconds = 0;
  root.compact = false;
  const { bytes } = buildErofs(root, 2);

  test("the engine reads what was put in", () => {
    engine.scan([bytes], { flags: 1 });
    const expected = lines.filter((line) => !line.startsWith("/block")).map((line) => line.replace("-5.7", "-5.0"));
    expect(engine.print().toString("latin1").split("\n")).toEqual([...expected, ""]);
  });

  test.skipIf(fsck === undefined)("fsck.erofs takes it", () => {
    const path = join(folder, "fsck-v2.img");
    writeFileSync(path, bytes);
    const { exitCode, output, stderr } = runOracle(fsck!, [path]);
    expect(exitCode, `${output}${stderr}`).toBe(0);
  });
});
