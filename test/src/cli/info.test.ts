/** `composefs info`: the numbers are tested in explain/info.test.ts; here is how they look. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { debian, readFixture } from "../../support/fixtures.ts";
import { composefs, emptyFolder } from "./run.ts";

const dump = readFixture(debian.file);
const v1 = debian.runs.find(({ composefs_version }) => composefs_version === 1)!;
const v0 = debian.runs.find(({ composefs_version }) => composefs_version === 0)!;

/** Of the Debian root file system. */
const BODY = `\
header   root nid 36, build time 1996-07-28T22:15:21Z, shared xattrs from block 351, flags 0
objects  5,106, sha256, 197,531,172 bytes
xattrs   0 on 0 entries, 0 bytes
names    70,211 bytes

entries             count        bytes
directory             785
object file         5,220  202,694,103
inline file            89        3,108
empty file             20
symlink               646        8,963
character device        8
all                 6,768

image parts         count        bytes   share
headers                 2          160    0.0%
compact inodes          1           32    0.0%
extended inodes     6,767      433,088   28.8%
redirects          10,212      735,264   48.9%
other xattrs            1           20    0.0%
xattr references    5,221       63,972    4.3%
directory entries     792      181,191   12.1%
symlink targets       646        8,963    0.6%
inline contents        89        3,108    0.2%
chunk pointers      5,220       20,880    1.4%
stubs                 256       16,384    1.1%
padding             1,667       40,170    2.7%
all                          1,503,232  100.0%
`;

test("a dumpfile, with its v1 image", () => {
  expect(composefs(["info", "-"], { input: dump })).toEqual({
    exitCode: 0,
    stdout:
      "input    standard input: dumpfile, 1,203,158 bytes\n" +
      "tree     as it is, no transform\n" +
      "image    v1, 1,503,232 bytes, 6,768 inodes and 256 stubs\n" +
      `digest   v1-sha256-12:${v1.fsverity_sha256}\n${BODY}`,
    stderr: "",
  });
});

test("an image, as it is", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), dump);
  composefs(["mkfs", "-q", "-f", "v0", "dump", "image"], { cwd });
  expect(composefs(["info", "image"], { cwd })).toEqual({
    exitCode: 0,
    stdout:
      "input    image: EROFS image, 1,503,232 bytes\n" +
      "tree     as it is, no transform\n" +
      "image    v0, 1,503,232 bytes, 6,768 inodes and 256 stubs\n" +
      `digest   v0-sha256-12:${v0.fsverity_sha256}\n${BODY}`,
    stderr: "",
  });
});

test("--json", () => {
  const { exitCode, stdout } = composefs(["info", "--json", "-"], { input: dump });
  expect(exitCode).toBe(0);
  const facts = JSON.parse(stdout);
  expect(facts).toMatchObject({
    input: "standard input",
    kind: "dump",
    inputBytes: 1203158,
    profile: "v1-sha256-12",
    digest: v1.fsverity_sha256,
    tree: { entries: 6768, objects: { hash: "sha256", count: 5106, bytes: 197531172 }, nameBytes: 70211 },
    image: { format: "v1", size: v1.size, stubs: 256, superblock: { root_nid: 36, inos: 7024 } },
  });
  expect(facts.tree.kinds[0]).toEqual({ kind: "directory", count: 785, bytes: 0 });
  expect(facts.image.parts[3]).toEqual({ part: "redirects", count: 10212, bytes: 735264 });
});

test("a name cannot steer the terminal", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "\x1b[2J"), "/ 0 40755 2 0 0 0 0.0 - - -\n");
  const { stdout } = composefs(["info", "\x1b[2J"], { cwd });
  expect(stdout).toMatch(/^input {4}\\u001b\[2J: dumpfile, 28 bytes\n/);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
});

test("bad input exits with 2; so does a tree whose image no reader takes", () => {
  expect(composefs(["info", "-"], { input: "x" })).toMatchObject({ exitCode: 2, stdout: "" });
  const linked = `\
/ 0 40755 2 0 0 0 0.0 - - -
/a 0 100644 2 0 0 0 0.0 - - - trusted.overlay.whiteout=
/b 0 @100644 - - - - - /a - -
`;
  const { exitCode, stderr } = composefs(["info", "-"], { input: linked });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^IMAGE_WHITEOUT_LINKED: the v1 image of this tree cannot be read: image at offset \d+/);
});
