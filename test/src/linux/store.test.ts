/** `composefs store import`, `list`, `remove`: what is in the repository afterwards, and what is refused. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ObjectStore } from "../../../src/linux/store.node.ts";
import { checkName } from "../../../src/linux/store-roots.node.ts";
import { makeForm } from "../../support/oci/forms.mjs";
import { golden, layersOf } from "../../support/oci/golden.ts";
import { dir, file, hardlink, whiteout } from "../../support/oci/tar.mjs";
import { findOracle, runOracle } from "../../support/oracle.ts";
import {
  contentOf,
  LENGTHS,
  objectDigest,
  objectsIn,
  snapshot,
  someFiles,
  traces,
  writeImage,
} from "../../support/store.ts";
import { emptyFolder, composefs as runComposefs } from "../cli/run.ts";

const isLinux = process.platform === "linux";

/** Runs `composefs store`, with a cache of its own. */
function store(cwd: string, ...args: string[]) {
  return runComposefs(["store", ...args], { cwd, env: { XDG_CACHE_HOME: join(cwd, "cache") } });
}

function importInto(cwd: string, image: string, ...args: string[]) {
  const run = store(cwd, "import", image, "--repo", "repo", "--no-verity", "--json", ...args);
  expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  return JSON.parse(run.stdout) as { image: string; objects: number; written: number; writtenBytes: number };
}

/** Contents of objects that an image names, by the layers that it is made of: later ones win. */
const BASE = someFiles("usr/lib", 2 * LENGTHS.length);
const OVER = [
  dir("usr"),
  dir("usr/lib"),
  file("usr/lib/f0", "replaced, now inline"),
  whiteout("usr/lib/f1"),
  file("usr/lib/small", "inline"),
  file("usr/lib/empty", ""),
  hardlink("usr/lib/second", "usr/lib/f2"),
];
const KEPT = Array.from({ length: 2 * LENGTHS.length }, (_, i) => contentOf(i, LENGTHS[i % LENGTHS.length]!)).slice(2);

describe.skipIf(!isLinux)("import (needs Linux)", () => {
  test.each(["sha512", "sha256"] as const)("stores exactly the objects of the tree, by digests of %s", (hash) => {
    const cwd = emptyFolder();
    const image = writeImage(cwd, [BASE, OVER]);
    const { image: digest, objects, written, writtenBytes } = importInto(cwd, image, "--hash", hash);
    const found = snapshot(join(cwd, "repo"));
    const content = (name: string) => found.get(`objects/${name.slice(0, 2)}/${name.slice(2)}`) as Buffer;
    const expected = new Map(KEPT.map((bytes) => [objectDigest(bytes, hash), bytes]));
    expect(expected.size).toBe(KEPT.length);
    for (const [name, bytes] of expected) expect(content(name)?.equals(bytes)).toBe(true);
    expect(objectsIn(join(cwd, "repo")).length).toBe(KEPT.length + 1);
    const bytes = KEPT.reduce((sum, { length }) => sum + length, content(digest).length);
    expect({ objects, written, writtenBytes }).toEqual({
      objects: KEPT.length,
      written: KEPT.length + 1,
      writtenBytes: bytes,
    });
    expect(objectDigest(content(digest), hash)).toBe(digest);
    expect(found.get(`images/${digest}`)).toBe(`-> ../objects/${digest.slice(0, 2)}/${digest.slice(2)}`);
    expect([...found.keys()].filter((path) => path.startsWith("objects/.tmp/"))).toEqual([]);
    // The image is that of `digest`, and the mount finds it under that name.
    const profile = `v1-${hash}-12`;
    expect(runComposefs(["digest", image, "-p", profile, "--no-cache"]).stdout).toBe(`${profile}:${digest}\n`);
  });

  test("fsverity-utils gives objects the digests that they are named by", () => {
    const fsverity = findOracle("fsverity");
    if (fsverity === undefined) return;
    const cwd = emptyFolder();
    importInto(cwd, writeImage(cwd, [BASE]), "--hash", "sha256");
    const paths = objectsIn(join(cwd, "repo"));
    const files = paths.map((path) => join(cwd, "repo", path));
    const { output } = runOracle(fsverity, ["digest", "--hash-alg=sha256", "--compact", ...files]);
    const names = paths.map((path) => path.replace("objects/", "").replace("/", ""));
    expect(output.toString().trim().split("\n")).toEqual(names);
  });

  test("a second one writes nothing, not even for a moment, with a cache and without", () => {
    const cwd = emptyFolder();
    const image = writeImage(cwd, [BASE, OVER]);
    const first = importInto(cwd, image, "--name", "web");
    const before = traces(join(cwd, "repo"));
    for (const options of [[], ["--no-cache"]]) {
      const { image: digest, written } = importInto(cwd, image, ...options);
      expect({ digest, written }).toEqual({ digest: first.image, written: 0 });
      expect(traces(join(cwd, "repo"))).toEqual(before);
    }
  });

  test("of another image writes only what is new", () => {
    const cwd = emptyFolder();
    importInto(cwd, writeImage(cwd, [BASE], "a"));
    const more = [...BASE, ...someFiles("usr/share", 3, [100], 1000)];
    expect(importInto(cwd, writeImage(cwd, [more], "b"))).toMatchObject({ objects: 17, written: 4 });
  });

  test.each(["v0", "v1", "v2"])("format %s, and the bootable tree", (format) => {
    const cwd = emptyFolder();
    const boot = golden.images.find(({ image, seed, scale }) => image === "boot" && seed === 1 && scale === 1)!;
    writeFileSync(join(cwd, "boot"), makeForm("oci-archive", layersOf(boot)));
    for (const role of ["merged", "bootable"]) {
      const { image } = importInto(cwd, "boot", "--role", role, "--format", format);
      const name = `${format}-sha512-12`;
      const { stdout } = runComposefs(["digest", "boot", "--role", role, "-p", name, "-q"], { cwd });
      expect(stdout).toBe(`${image}\n`);
    }
    expect(store(cwd, "verify", "--repo", "repo").exitCode).toBe(0);
  });

  test("a dumpfile takes contents from a directory of objects, and needs one", () => {
    const cwd = emptyFolder();
    const image = writeImage(cwd, [BASE, OVER]);
    const { image: digest } = importInto(cwd, image);
    writeFileSync(join(cwd, "tree"), runComposefs(["dump", image]).stdout, "latin1");
    const args = ["import", "tree", "--repo", "copy", "--no-verity"];
    const refused = store(cwd, ...args);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/^STORE_OBJECT_MISSING: ".*copy": 12 objects of the image can be had nowhere/);
    expect(objectsIn(join(cwd, "copy"))).toEqual([]);
    expect(store(cwd, ...args, "--objects", "repo/objects").stdout).toBe(`v1-sha512-12:${digest}\n`);
    expect(snapshot(join(cwd, "copy"))).toEqual(snapshot(join(cwd, "repo")));
  });

  test("a content that is not what its name says is not stored", () => {
    const cwd = emptyFolder();
    const image = writeImage(cwd, [BASE]);
    importInto(cwd, image);
    writeFileSync(join(cwd, "tree"), runComposefs(["dump", image]).stdout, "latin1");
    const name = objectDigest(contentOf(3, LENGTHS[3]!), "sha512");
    writeFileSync(join(cwd, "repo/objects", name.slice(0, 2), name.slice(2)), contentOf(4, LENGTHS[3]!));
    const { exitCode, stderr } = store(
      cwd,
      ...["import", "tree", "--repo", "copy", "--no-verity", "--objects", "repo/objects"],
    );
    expect({ exitCode, code: stderr.split(":")[0] }).toEqual({ exitCode: 2, code: "STORE_OBJECT_DIGEST" });
    expect([...snapshot(join(cwd, "copy")).keys()].sort()).toEqual([
      "images",
      "images/refs",
      "objects",
      "objects/.tmp",
    ]);
  });

  test("a damaged object is written anew, a good one never", () => {
    const cwd = emptyFolder();
    const image = writeImage(cwd, [BASE]);
    importInto(cwd, image);
    const whole = snapshot(join(cwd, "repo"));
    const name = objectDigest(contentOf(5, LENGTHS[5]!), "sha512");
    writeFileSync(join(cwd, "repo/objects", name.slice(0, 2), name.slice(2)), "cut");
    expect(importInto(cwd, image)).toMatchObject({ written: 1, repaired: 1 });
    expect(snapshot(join(cwd, "repo"))).toEqual(whole);
  });

  test("a file system without fs-verity is refused before anything is read", () => {
    const cwd = emptyFolder();
    const { exitCode, stdout, stderr } = store(cwd, "import", "/no/image", "--repo", "/proc/self/fd");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^(IO_WRITE|VERITY_UNSUPPORTED): /);
  });
});

describe.skipIf(!isLinux)("names (needs Linux)", () => {
  test("are links, move to another image, and go away", () => {
    const cwd = emptyFolder();
    const [a, b] = ["a", "b"].map((name, i) => writeImage(cwd, [someFiles("usr/lib", 3, [100], 10 * i)], name));
    const first = importInto(cwd, a!, "--name", "web", "--name", "os/stable").image;
    const second = importInto(cwd, b!, "--name", "os/stable").image;
    const found = snapshot(join(cwd, "repo"));
    expect(found.get("images/refs/web")).toBe(`-> ../${first}`);
    expect(found.get("images/refs/os/stable")).toBe(`-> ../../${second}`);
    const lines = [`${first} web\n`, `${second} os/stable\n`].sort().join("");
    expect(store(cwd, "list", "--repo", "repo").stdout).toBe(lines);
    expect(JSON.parse(store(cwd, "list", "--repo", "repo", "--json").stdout).images.length).toBe(2);
    expect(store(cwd, "remove", "os/stable", "--repo", "repo").stdout).toBe("os/stable\n");
    expect(snapshot(join(cwd, "repo")).has("images/refs/os")).toBe(false);
    expect(store(cwd, "remove", `v1-sha512-12:${first}`, "--repo", "repo").stdout).toBe(`web\n${first}\n`);
    expect(store(cwd, "list", "--repo", "repo").stdout).toBe(`${second}\n`);
    const { exitCode, stderr } = store(cwd, "remove", "web", "--repo", "repo");
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^STORE_IMAGE_MISSING: /),
    });
  });

  test.each([
    "",
    "/",
    "a//b",
    "../x",
    "a/../../x",
    ".",
    "a/",
    "3f".repeat(32),
    "n".repeat(256),
    `${"a/".repeat(16)}b`,
    "\0",
  ])("%j is none", (name) => {
    expect(() => checkName(Buffer.from(name))).toThrow(expect.objectContaining({ code: "STORE_NAME" }));
  });

  test("that are none are refused before anything is made", () => {
    const cwd = emptyFolder();
    for (const name of ["", "../x"]) {
      const { exitCode, stderr } = store(cwd, "import", "/no/image", "--repo", "repo", `--name=${name}`);
      expect({ exitCode, code: stderr.split(":")[0] }).toEqual({
        exitCode: 2,
        code: name === "" ? "USAGE" : "STORE_NAME",
      });
    }
    expect(snapshot(cwd).size).toBe(0);
  });

  test("of 16 components and 255 bytes each is one", () => {
    const cwd = emptyFolder();
    const name = `${"d/".repeat(15)}${"n".repeat(255)}`;
    const { image } = importInto(cwd, writeImage(cwd, [BASE]), "--name", name);
    expect(store(cwd, "list", "--repo", "repo").stdout).toBe(`${image} ${name}\n`);
  });
});

describe.skipIf(!isLinux)("repositories that are refused (needs Linux)", () => {
  const refused = (cwd: string, ...args: string[]) =>
    store(cwd, ...(args.length > 0 ? args : ["import", "/no/image", "--no-verity"]), "--repo", "repo").stderr.split(
      ":",
    )[0];

  test.each(["objects", "images", "images/refs"])("a link in the place of %s", (folder) => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "outside"));
    mkdirSync(join(cwd, "repo/images"), { recursive: true });
    if (folder !== "images/refs") mkdirSync(join(cwd, "repo/images/refs"));
    if (folder === "images") return symlinkedImages(cwd);
    symlinkSync(join(cwd, "outside"), join(cwd, "repo", folder));
    expect(refused(cwd)).toBe("STORE_LAYOUT");
    expect([...snapshot(join(cwd, "outside")).keys()]).toEqual([]);
  });

  function symlinkedImages(cwd: string): void {
    mkdirSync(join(cwd, "other"));
    symlinkSync(join(cwd, "outside"), join(cwd, "other/images"));
    const { stderr } = store(cwd, "import", "/no/image", "--no-verity", "--repo", "other");
    expect(stderr.split(":")[0]).toBe("STORE_LAYOUT");
    expect([...snapshot(join(cwd, "outside")).keys()]).toEqual([]);
  }

  test("what is none", () => {
    const cwd = emptyFolder();
    for (const command of ["verify", "gc", "list"]) expect(refused(cwd, command)).toBe("STORE_LAYOUT");
    expect(refused(cwd, "remove", "web")).toBe("STORE_LAYOUT");
    writeFileSync(join(cwd, "repo"), "");
    expect(refused(cwd)).toBe("STORE_LAYOUT");
  });

  test.each([
    ['{"version":1,"algorithm":"fsverity-sha256-12"}', null],
    [
      '{"version":1,"algorithm":"fsverity-sha256-12","features":{"compatible":["x"],"read-only-compatible":["v1_erofs"]}}',
      null,
    ],
    ['{"version":2,"algorithm":"fsverity-sha256-12"}', "STORE_META"],
    ['{"version":1,"algorithm":"fsverity-sha256-16"}', "STORE_META"],
    ['{"version":1,"algorithm":"fsverity-sha256-12","features":{"incompatible":["x"]}}', "STORE_META"],
    ['{"version":1,"algorithm":"fsverity-sha256-12","features":{"read-only-compatible":["x"]}}', "STORE_META"],
    ['{"version":"1"}', "SOURCE_JSON"],
    ["{", "SOURCE_JSON"],
    [" ".repeat(65537), "STORE_META"],
  ])("meta.json %.90s", (meta, code) => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "repo"));
    writeFileSync(join(cwd, "repo/meta.json"), meta);
    const hash = () => ObjectStore.create(join(cwd, "repo")).hash();
    if (code !== null) return expect(hash).toThrow(expect.objectContaining({ code }));
    const image = writeImage(cwd, [BASE]);
    // The hash of the repository is the default, and no other will do.
    expect(importInto(cwd, image).image.length).toBe(64);
    expect(refused(cwd, "import", image, "--no-verity", "--hash", "sha512")).toBe("STORE_META");
    expect(readFileSync(join(cwd, "repo/meta.json"), "utf8")).toBe(meta);
  });
});

test.each([
  [["import", "/no/image", "--format", "v3"], "--format: "],
  [["import", "/no/image", "--no-verity", "--signature", "s"], "--signature "],
  [["verify", "--threads", "0"], "--threads: "],
  [["verify", "--threads", "65"], "--threads: "],
  [["list"], null],
])("wrong usage: %j", (args, beginning) => {
  const { exitCode, stderr } = runComposefs(["store", ...args, "--repo", ""]);
  expect(exitCode).toBe(2);
  expect(stderr.startsWith(`USAGE: ${beginning ?? "--repo: "}`)).toBe(true);
});
