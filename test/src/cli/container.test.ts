/** Commands on container images: every form and compression gives the pinned digests, and every output says of what. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { COMPRESSION_NAMES } from "../../support/oci/compress.mjs";
import { FORM_NAMES, makeForm, makeLayout, makeMultiLayout, writeLayout } from "../../support/oci/forms.mjs";
import { dumpOf, expectedTrees, type GoldenImage, golden, layersOf } from "../../support/oci/golden.ts";
import { dir, file, tarball } from "../../support/oci/tar.mjs";
import { emptyFolder, type RunOptions, composefs as runComposefs } from "./run.ts";

const base = goldenOf("base");
const pinned = Object.fromEntries(expectedTrees(base))["allowlist-only"]!;
const DEFAULT = `v1-sha512-12:${pinned["v1-sha512"]}\n`;

function goldenOf(name: string): GoldenImage {
  return golden.images.find(({ image, seed, scale }) => image === name && seed === 1 && scale === 1)!;
}

/** Runs `composefs` with a cache of its own, unless the arguments say otherwise. */
function composefs(args: readonly string[], options: RunOptions = {}) {
  const cwd = options.cwd ?? emptyFolder();
  return runComposefs(args, { ...options, cwd, env: { XDG_CACHE_HOME: join(cwd, "cache"), ...options.env } });
}

/** A folder with an image in `base`, a layout or an archive. */
function folderWith(form: string, compression = "gzip", image = base): string {
  const cwd = emptyFolder();
  if (form === "layout") writeLayout(makeLayout(layersOf(image), { compression }), join(cwd, "base"));
  else writeFileSync(join(cwd, "base"), makeForm(form, layersOf(image), { compression }));
  return cwd;
}

const prefixOf = (form: string) => (form === "layout" ? "oci" : form.replace(/-legacy$/, ""));
const referenceOf = (form: string) => (form.startsWith("docker") ? "test:latest" : "latest");

describe("digest", () => {
  test.each(FORM_NAMES)("of a %s, by content, by prefix, by tag", (form) => {
    const cwd = folderWith(form);
    const operands = ["base", `${prefixOf(form)}:base`, `${prefixOf(form)}:base:${referenceOf(form)}`];
    for (const operand of operands) {
      expect({ operand, ...composefs(["digest", operand], { cwd }) }).toEqual({
        operand,
        exitCode: 0,
        stdout: DEFAULT,
        stderr: "",
      });
    }
  });

  test.each(COMPRESSION_NAMES)("of layers with compression %s", (compression) => {
    const cwd = folderWith("oci-archive", compression);
    expect(composefs(["digest", "base", "--no-cache"], { cwd })).toEqual({ exitCode: 0, stdout: DEFAULT, stderr: "" });
  });

  test.each(FORM_NAMES.filter((form) => form !== "layout"))("of a %s through standard input, packed or not", (form) => {
    const archive = makeForm(form, layersOf(base));
    for (const input of [archive, gzipSync(archive)]) {
      expect(composefs(["digest", "-"], { input })).toEqual({ exitCode: 0, stdout: DEFAULT, stderr: "" });
    }
  });

  test("of a layer as a tar is that of the image that has nothing else", () => {
    const cwd = emptyFolder();
    const tiny = goldenOf("tiny");
    const [layer] = layersOf(tiny);
    writeFileSync(join(cwd, "layer.tar"), layer!);
    writeFileSync(join(cwd, "layer.tar.gz"), gzipSync(layer!));
    const stdout = `v1-sha512-12:${expectedTrees(tiny)[0]![1]["v1-sha512"]}\n`;
    for (const operand of ["tar:layer.tar", "layer.tar", "tar:layer.tar.gz"]) {
      expect(composefs(["digest", operand], { cwd }).stdout).toBe(stdout);
    }
    expect(composefs(["digest", "tar:-"], { input: layer! }).stdout).toBe(stdout);
  });

  test("by profiles of both hashes, in every view", () => {
    const image = goldenOf("xattrs");
    const cwd = folderWith("layout", "gzip", image);
    const views = Object.fromEntries(expectedTrees(image));
    for (const [options, view] of [
      [[], "allowlist-only"],
      [["--xattrs", "allowlist-only"], "allowlist-only"],
      [["--xattrs", "keep-user-xattrs"], "keep-user-xattrs"],
      [["--no-transform"], "untransformed"],
    ] as const) {
      const tree = views[view]!;
      const profiles = ["v0-sha256", "v1-sha512", "v1-sha256", "v0-sha512"] as const;
      const names = profiles.map((name) => `${name}-12`).join();
      expect({ view, ...composefs(["digest", "base", "-p", names, "--quiet", ...options], { cwd }) }).toEqual({
        view,
        exitCode: 0,
        stdout: profiles.map((name) => `${tree[name]}\n`).join(""),
        stderr: "",
      });
    }
  });

  test("of each layer alone, with the reason where there is none", () => {
    for (const name of ["base", "links"]) {
      const image = goldenOf(name);
      const cwd = folderWith("layout", "gzip", image);
      const { stdout } = composefs(["digest", "base", "--layers"], { cwd });
      const lines = stdout.trimEnd().split("\n").slice(1);
      expect(lines.map((line) => line.replace(/ \(LAYER_LINK_MISSING: .*\)$/, ""))).toEqual(
        image.layers.map(({ class: kind, ...digests }, i) =>
          kind === "none" ? `layer-${i + 1}:none` : `layer-${i + 1}:v1-sha512-12:${digests["v1-sha512"]}`,
        ),
      );
    }
  });

  test("says what it is bound to: --verbose and --json", () => {
    const cwd = folderWith("oci-archive");
    const { stdout } = composefs(["digest", "base", "--verbose"], { cwd });
    expect(stdout).toMatch(
      /^v1-sha512-12:[0-9a-f]{128}\n\nimage {5}base: oci-archive, latest, linux\/amd64\ntree {6}merged of 2 layers, OCI transform, xattrs allowlist-only\nmanifest {2}sha256:/,
    );
    const json = JSON.parse(composefs(["digest", "base", "--json", "--layers"], { cwd }).stdout);
    const common = { profile: "v1-sha512-12", format: "v1", hash: "sha512", blockSize: 4096 };
    expect(json.images).toEqual([
      {
        ...{ role: "merged", ...common, transform: true, xattrs: "allowlist-only", transformRevision: null },
        ...{ size: 28672, inodes: 280, digest: pinned["v1-sha512"] },
      },
    ]);
    expect(json.layers[0]).toMatchObject({
      layer: 1,
      diffId: base.diff_ids[0],
      images: [{ role: "layer", ...common, transform: false, xattrs: null }],
      none: null,
    });
    const layout = makeLayout(layersOf(base));
    const index = JSON.parse(Buffer.from(layout.get("index.json")!).toString());
    expect(json.source).toEqual({
      name: "base",
      kind: "oci-archive",
      reference: "latest",
      platform: "linux/amd64",
      manifest: index.manifests[0].digest,
      config: expect.stringMatching(/^sha256:/),
      diffIds: base.diff_ids,
      policy: null,
      unseen: [],
    });
    expect(json.counts.entries).toBe(pinned.lines);
  });

  test("with several workers is the same", () => {
    const cwd = folderWith("layout");
    for (const workers of ["1", "2", "5"]) {
      expect(composefs(["digest", "base", "--no-cache", "--workers", workers], { cwd }).stdout).toBe(DEFAULT);
    }
  });
});

describe("the cache", () => {
  test("gives what was read before, and a damaged entry is read anew", () => {
    const cwd = folderWith("layout");
    const digest = (...options: string[]) => composefs(["digest", "base", "--cache", "kept", ...options], { cwd });
    expect(digest().stdout).toBe(DEFAULT);
    const entries = readdirSync(join(cwd, "kept"));
    expect(entries).toHaveLength(2);
    truncateSync(join(cwd, "kept", entries[0]!), 100);
    expect(digest().stdout).toBe(DEFAULT);
    // With the layers gone only the cache can answer. Their sizes are looked at before.
    for (const path of blobsOf(join(cwd, "base"))) {
      if (readFileSync(path)[0] === 0x1f) writeFileSync(path, Buffer.alloc(readFileSync(path).length));
    }
    expect(digest().stdout).toBe(DEFAULT);
    expect(composefs(["digest", "base", "--no-cache"], { cwd })).toMatchObject({ exitCode: 2, stdout: "" });
    expect(readdirSync(cwd).sort()).toEqual(["base", "kept"]);
  });

  test("lies below XDG_CACHE_HOME unless it is told otherwise, and need not be writable", () => {
    const cwd = folderWith("layout");
    composefs(["digest", "base"], { cwd });
    expect(readdirSync(join(cwd, "cache/composefs-wasm"))).toHaveLength(2);
    writeFileSync(join(cwd, "file"), "");
    expect(composefs(["digest", "base", "--cache", "file/below"], { cwd }).stdout).toBe(DEFAULT);
  });
});

function blobsOf(layout: string): string[] {
  const folder = join(layout, "blobs/sha256");
  return readdirSync(folder).map((name) => join(folder, name));
}

describe("every command", () => {
  const cwd = () => folderWith("docker-archive");

  test("dump", () => {
    const { stdout } = composefs(["dump", "base", "--hash", "sha256"], { cwd: cwd() });
    expect(stdout).toBe(dumpOf(base));
    expect(createHash("sha256").update(stdout, "latin1").digest("hex")).toBe(pinned.dump_sha256);
  });

  test("mkfs", () => {
    const folder = cwd();
    expect(composefs(["mkfs", "base", "out"], { cwd: folder }).stdout).toBe(DEFAULT);
    expect(composefs(["digest", "out"], { cwd: folder }).stdout).toBe(DEFAULT);
    const { stdout } = composefs(["mkfs", "base", "out", "--hash", "sha256", "--json"], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({
      digests: { "v1-sha256-12": pinned["v1-sha256"] },
      made: { layers: 2, transform: true, xattrs: "allowlist-only" },
    });
  });

  test("ls, info, lint", () => {
    const folder = cwd();
    const { entries } = JSON.parse(composefs(["ls", "base", "/etc", "--json"], { cwd: folder }).stdout);
    expect(entries[0]).toMatchObject({ path: "/etc/app.conf", layer: 2 });
    expect(composefs(["info", "base"], { cwd: folder }).stdout).toContain(
      "tree     merged of 2 layers, OCI transform, xattrs allowlist-only\n",
    );
    expect(composefs(["lint", "base"], { cwd: folder })).toMatchObject({ exitCode: 0 });
  });

  test("diff, which takes the hash of a tree that is given", () => {
    const folder = cwd();
    writeFileSync(join(folder, "dump"), dumpOf(base), "latin1");
    for (const sides of [
      ["base", "dump"],
      ["dump", "base"],
      ["base", "docker-archive:base"],
    ]) {
      expect(composefs(["diff", ...sides, "-q"], { cwd: folder })).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    }
    expect(composefs(["diff", "base", "dump", "--no-transform"], { cwd: folder })).toMatchObject({ exitCode: 1 });
  });

  test("diff says which layers the entries are from, lint what is odd in layers", () => {
    const cwd = emptyFolder();
    const lower = tarball([dir("usr/"), file("usr/x", "1"), file("usr/y", "1")]);
    const images = { a: [lower], b: [lower, tarball([file("usr/x", "22"), file("usr/x", "22"), file("usr/z", "")])] };
    for (const [name, layers] of Object.entries(images)) writeLayout(makeLayout(layers), join(cwd, name));
    const { exitCode, stdout } = composefs(["diff", "a", "b"], { cwd });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\/usr\/x {2}A .* \(layer 1\) +B .* \(layer 2\)\n/);
    expect(stdout).toMatch(/\/usr\/z {2}.* \(layer 2\)\n/);
    const { classes } = JSON.parse(composefs(["diff", "a", "b", "--json", "--only", "content"], { cwd }).stdout);
    expect(classes[0].examples[0].layers).toEqual({ a: 1, b: 2 });
    const lint = composefs(["lint", "b", "--json", "--ignore", "zero-mtime"], { cwd });
    const found = JSON.parse(lint.stdout).findings.map(({ rule, places }: { rule: string; places: object[] }) => [
      rule,
      places,
    ]);
    expect(found).toEqual([
      ["layer-duplicate", [{ path: "/usr/x", layer: 2 }]],
      ["layer-implied-parent", [{ path: "/usr", layer: 2 }]],
    ]);
    expect(composefs(["lint", "--explain", "layer-duplicate"]).stdout).toMatch(/^warning: layer-duplicate: /);
  });

  test("identify, in every view unless one was asked for", () => {
    const folder = cwd();
    const untransformed = Object.fromEntries(expectedTrees(base))["untransformed"]!["v1-sha256"];
    const identify = (hex: string, ...options: string[]) =>
      composefs(["identify", "base", "--expected", hex, "--json", ...options], { cwd: folder });
    const found = identify(untransformed);
    expect(found.exitCode).toBe(0);
    expect(JSON.parse(found.stdout)).toMatchObject({
      made: { layers: 2, transform: true },
      found: { variant: "untransformed", profile: "v1-sha256-12" },
    });
    expect(identify(untransformed, "--xattrs", "allowlist-only").exitCode).toBe(1);
    expect(identify(untransformed, "--no-transform").exitCode).toBe(0);
    expect(identify(pinned["v1-sha512"]).exitCode).toBe(0);
    const layer = identify(base.layers[1]!["v1-sha256"]!);
    expect([layer.exitCode, JSON.parse(layer.stdout).found.variant]).toEqual([1, "layer-2"]);
  });
});

describe("cat", () => {
  const big = Buffer.alloc(3_000_001, "content ");
  const layers = [
    tarball([dir("usr/"), file("usr/big", big), file("usr/small", "small"), file("usr/twice", "x".repeat(100))]),
    tarball([file("usr/twice", "y".repeat(100)), file("usr/twice", "z".repeat(100)), file("usr/empty", "")]),
  ];

  function folder(): string {
    const cwd = emptyFolder();
    writeLayout(makeLayout(layers), join(cwd, "image"));
    return cwd;
  }

  test("prints contents, inline and from layers, the last one of a path", () => {
    const cwd = folder();
    const expected = { big: big.toString(), small: "small", twice: "z".repeat(100), empty: "" };
    for (const [name, content] of Object.entries(expected)) {
      const { exitCode, stdout, stderr } = composefs(["cat", "image", `/usr/${name}`], { cwd });
      expect({ name, exitCode, stderr, isSame: stdout === content }).toEqual({
        name,
        exitCode: 0,
        stderr: "",
        isSame: true,
      });
    }
    expect(composefs(["cat", "image", "/usr/big", "-o", "out"], { cwd })).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(readFileSync(join(cwd, "out")).equals(big)).toBe(true);
  });

  test("prints nothing that is not what the tree says", () => {
    const cwd = folder();
    const args = ["cat", "image", "/usr/big", "--cache", "kept"];
    composefs(args, { cwd });
    const other = makeLayout([tarball([dir("usr/"), file("usr/big", Buffer.alloc(3_000_001, "CONTENT "))])]);
    const [large] = blobsOf(join(cwd, "image")).sort((a, b) => readFileSync(b).length - readFileSync(a).length);
    const size = readFileSync(large!).length;
    const swapped = [...other.values()].sort((a, b) => b.length - a.length)[0]!;
    // A gzip file of the same length: what is missing is a second member that unpacks to nothing.
    expect(swapped.length).toBeLessThanOrEqual(size);
    writeFileSync(large!, Buffer.concat([swapped, Buffer.alloc(size - swapped.length)]));
    const { exitCode, stdout, stderr } = composefs(args, { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^(IO_CHANGED|BLOB_\w+): /);
    expect(composefs([...args, "-o", "out"], { cwd }).exitCode).toBe(2);
    expect(readdirSync(cwd).sort()).toEqual(["image", "kept"]);
  });

  test("refuses what is no file, what is not there, and objects that the input does not have", () => {
    const cwd = folder();
    writeFileSync(join(cwd, "dump"), dumpOf(base), "latin1");
    for (const [args, stderr] of [
      [["image", "/usr"], "TREE_CONTENT: /usr is no file, but a directory\n"],
      [["image", "/none"], "TREE_PATH: the tree has no /none\n"],
      [
        ["dump", "/etc/passwd"],
        /^TREE_CONTENT: the content of \/etc\/passwd is not in the input, but in the object 75\/d1/,
      ],
    ] as const) {
      const found = composefs(["cat", ...args], { cwd });
      expect(found).toMatchObject({ exitCode: 2, stdout: "" });
      expect(found.stderr).toMatch(stderr);
    }
    expect(composefs(["cat", "dump", "/etc/hostname"], { cwd })).toMatchObject({
      exitCode: 0,
      stdout: "container-1\n",
    });
  });
});

describe("refusals", () => {
  test("several platforms and no choice: the list; with a choice the image", () => {
    const cwd = emptyFolder();
    writeLayout(makeMultiLayout(), join(cwd, "multi"));
    const { exitCode, stdout, stderr } = composefs(["digest", "oci:multi:multi"], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^SOURCE_\w+: .*linux\/amd64.*linux\/arm64/);
    expect(composefs(["digest", "multi", "--platform", "linux/amd64"], { cwd }).stdout).toBe(DEFAULT);
    expect(composefs(["digest", "multi", "--platform", "linux/arm64"], { cwd }).stdout).not.toBe(DEFAULT);
    expect(composefs(["digest", "multi", "--platform", "linux/s390x"], { cwd }).exitCode).toBe(2);
  });

  test("a damaged layer: no digest", () => {
    const cwd = folderWith("layout", "none");
    const [large] = blobsOf(join(cwd, "base")).sort((a, b) => readFileSync(b).length - readFileSync(a).length);
    const bytes = readFileSync(large!);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(large!, bytes);
    const { exitCode, stdout, stderr } = composefs(["digest", "base"], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^BLOB_DIGEST: /);
    rmSync(large!);
    expect(composefs(["digest", "base", "--json"], { cwd }).stderr).toMatch(/"code":"SOURCE_MISSING"/);
  });

  test("options that say nothing, and those that a given tree cannot follow", () => {
    const cwd = folderWith("oci-archive");
    writeFileSync(join(cwd, "dump"), dumpOf(base), "latin1");
    mkdirSync(join(cwd, "folder"));
    for (const [args, message] of [
      [["digest", "base", "--platform", "linux"], "--platform: expected os/architecture"],
      [["digest", "base", "--xattrs", "all"], "--xattrs: expected allowlist-only or keep-user-xattrs, got"],
      [["digest", "base", "--workers", "0"], "--workers: expected a number from 1 to 64, got"],
      [["dump", "base", "--hash", "md5"], "--hash: expected sha256 or sha512, got"],
      [["ls", "base", "--xattrs", "allowlist-only", "--no-transform"], "--xattrs says what the transform keeps"],
      [["info", "dump", "--xattrs", "allowlist-only"], '--xattrs is for container images; of "dump" the tree'],
      [["digest", "dump", "--layers"], '--layers: "dump" has no layers'],
      [["diff", "-", "tar:-"], "standard input can be one of the inputs, not both"],
    ] as const) {
      const { exitCode, stdout, stderr } = composefs(args, { cwd });
      expect({ args, exitCode, stdout, stderr: stderr.slice(0, 7 + message.length) }).toEqual({
        ...{ args, exitCode: 2, stdout: "", stderr: `USAGE: ${message}` },
      });
    }
    expect(composefs(["digest", "tar:folder"], { cwd }).stderr).toMatch(/^SOURCE_KIND: "folder": expected a layer/);
  });
});
