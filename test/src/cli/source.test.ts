/** What commands take as INPUT: dumpfiles and images, and what `digest` and `mkfs` make of an image. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { debian, readFixture, vectors } from "../../support/fixtures.ts";
import { findOracle, runMkcomposefs } from "../../support/oracle.ts";
import { composefs, emptyFolder, run } from "./run.ts";

const dump = readFixture(debian.file);
const v0 = debian.runs.find(({ composefs_version }) => composefs_version === 0)!;
const v1 = debian.runs.find(({ composefs_version }) => composefs_version === 1)!;
const mixed = vectors.vectors.find(({ name }) => name === "reader-base-v2")!;
const sha512 = vectors.sha512[0]!;

/** A folder with images of a dumpfile: `v0`, `v1`, `v2`. */
function imagesOf(bytes: Uint8Array, formats: readonly string[]): string {
  const cwd = emptyFolder();
  for (const format of formats) composefs(["mkfs", "-q", "-f", format, "-", format], { cwd, input: bytes });
  return cwd;
}

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

describe("digest of an image", () => {
  test("is that of the file as it is, labelled by its own version and hash", () => {
    const cwd = imagesOf(readFixture(mixed.file!), ["v0", "v1", "v2"]);
    const images = [mixed.runs[2]!, mixed.runs[1]!, mixed.v2!];
    for (const [version, { fsverity_sha256 }] of images.entries()) {
      expect(composefs(["digest", `v${version}`], { cwd })).toEqual({
        exitCode: 0,
        stdout: `v${version}-sha256-12:${fsverity_sha256}\n`,
        stderr: "",
      });
    }
  });

  test("of objects with SHA-512 digests has that hash", () => {
    const cwd = imagesOf(readFixture(sha512.file), ["v1", "v2"]);
    for (const format of ["v1", "v2"] as const) {
      expect(composefs(["digest", format], { cwd }).stdout).toBe(
        `${format}-sha512-12:${sha512.images[format].fsverity_sha512}\n`,
      );
    }
  });

  test("with a profile is that of its tree, written anew", () => {
    const cwd = imagesOf(dump, ["v0"]);
    expect(composefs(["digest", "v0", "-p", "v1-sha256-12,v0-sha256-12"], { cwd }).stdout).toBe(
      `v1-sha256-12:${v1.fsverity_sha256}\nv0-sha256-12:${v0.fsverity_sha256}\n`,
    );
  });

  test("that no writer makes: as it is without a profile, as it would be written with one", () => {
    const cwd = imagesOf(dump, ["v1"]);
    const image = readFileSync(join(cwd, "v1"));
    image[1024 + 0x30] = 1; // uuid
    writeFileSync(join(cwd, "v1"), image);
    const own = composefs(["verity", "digest", "--compact", "v1"], { cwd }).stdout.trimEnd();
    expect(own).not.toBe(v1.fsverity_sha256);
    expect(composefs(["digest", "v1"], { cwd }).stdout).toBe(`v1-sha256-12:${own}\n`);
    expect(composefs(["digest", "v1", "-q", "-p", "v1-sha256-12"], { cwd }).stdout).toBe(`${v1.fsverity_sha256}\n`);
  });

  test("--json knows size and counts; inodes of what was written anew only", () => {
    const cwd = imagesOf(dump, ["v1"]);
    const { images, counts } = JSON.parse(composefs(["digest", "--json", "v1"], { cwd }).stdout);
    expect(images).toEqual([{ profile: "v1-sha256-12", format: "v1", size: v1.size, digest: v1.fsverity_sha256 }]);
    expect(counts).toMatchObject({ entries: 6768, inputBytes: v1.size });
  });

  test("of the reference, from a file and from standard input", () => {
    const mkcomposefs = findOracle("mkcomposefs");
    if (mkcomposefs === undefined) return;
    const image = runMkcomposefs(mkcomposefs, dump, ["--min-version=1"]).image!;
    const stdout = `v1-sha256-12:${v1.fsverity_sha256}\n`;
    for (const operand of ["-", "erofs:-"])
      expect(composefs(["digest", operand], { input: image }).stdout).toBe(stdout);
  });
});

describe("mkfs", () => {
  test("converts an image to another format, and writes its own anew", () => {
    const cwd = imagesOf(dump, ["v0", "v1"]);
    for (const from of ["v0", "v1"]) {
      for (const [to, expected] of [["v0", v0] as const, ["v1", v1] as const]) {
        expect(composefs(["mkfs", "-f", to, from, "out"], { cwd })).toEqual({
          exitCode: 0,
          stdout: `${to}-sha256-12:${expected.fsverity_sha256}\n`,
          stderr: "",
        });
        expect(sha256(join(cwd, "out"))).toBe(expected.sha256);
      }
    }
  });

  test("converts to and from v2, which keeps no nanoseconds", () => {
    const bytes = readFixture(mixed.file!);
    const cwd = imagesOf(bytes, ["v1", "v2"]);
    composefs(["mkfs", "-q", "-f", "v2", "v1", "out"], { cwd });
    expect(sha256(join(cwd, "out"))).toBe(mixed.v2!.sha256);
    composefs(["mkfs", "-q", "-f", "v1", "v2", "out"], { cwd });
    const text = Buffer.from(bytes).toString("latin1");
    const cut = Buffer.from(text.replace(/^((?:\S+ ){7}-?\d+)\.\d+/gm, "$1.0"), "latin1");
    const expected = run("composefs", ["digest", "-"], { input: cut }).stdout.toString();
    expect(composefs(["digest", "out"], { cwd }).stdout).toBe(expected);
  });

  test("replaces the image that it reads", () => {
    const cwd = imagesOf(dump, ["v0"]);
    expect(composefs(["mkfs", "-q", "v0", "v0"], { cwd }).exitCode).toBe(0);
    expect(sha256(join(cwd, "v0"))).toBe(v1.sha256);
  });
});

describe("an operand", () => {
  test("may say what it is", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "file"), dump);
    writeFileSync(join(cwd, "dump:file"), dump);
    const stdout = `v1-sha256-12:${v1.fsverity_sha256}\n`;
    for (const operand of ["file", "dump:file", "./dump:file", "dump:dump:file"]) {
      expect({ operand, ...composefs(["digest", operand], { cwd }) }).toMatchObject({ operand, exitCode: 0, stdout });
    }
    expect(composefs(["digest", "dump:-"], { input: dump }).stdout).toBe(stdout);
    const { exitCode, stderr } = composefs(["digest", "erofs:file"], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^IMAGE_NOT_EROFS: image/);
  });

  test("that is no image of composefs is refused by name, and nothing is written", () => {
    const cwd = emptyFolder();
    const other = Buffer.alloc(8192);
    other.writeUInt32LE(0xe0f5e1e2, 1024);
    expect(composefs(["mkfs", "-", "out"], { cwd, input: other }).stderr).toMatch(/^IMAGE_NOT_COMPOSEFS: image/);
    expect(composefs(["mkfs", "-", "out"], { cwd, input: gzipSync(dump) }).stderr).toMatch(
      /^SOURCE_KIND: .*; a compressed dumpfile has to be unpacked first\n$/,
    );
    expect(existsSync(join(cwd, "out"))).toBe(false);
    expect(composefs(["digest", "dump:."], { cwd }).stderr).toBe('IO_READ: cannot read ".": Is a directory\n');
  });

  test("is an image wherever an input is taken", () => {
    const cwd = imagesOf(readFixture(mixed.file!), ["v1"]);
    for (const args of [
      ["dump"],
      ["ls"],
      ["info"],
      ["digest"],
      ["identify", "--expected", mixed.runs[1]!.fsverity_sha256],
    ]) {
      expect({ args, ...composefs([...args, "v1"], { cwd }) }).toMatchObject({ args, exitCode: 0, stderr: "" });
      const image = readFileSync(join(cwd, "v1"));
      expect(composefs([...args, "-"], { input: image.subarray(0, 1000) })).toMatchObject({ exitCode: 2, stdout: "" });
    }
  });
});
