/** `composefs identify`: what it prints and how it ends; what it finds is tested in explain/identify.test.ts. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { debian, readFixture } from "../../support/fixtures.ts";
import { findOracle, runOracle } from "../../support/oracle.ts";
import { composefs, emptyFolder } from "./run.ts";

const dump = readFixture(debian.file);
const v0 = debian.runs.find(({ composefs_version }) => composefs_version === 0)!;
const v1 = debian.runs.find(({ composefs_version }) => composefs_version === 1)!;
const SMALL = "/ 0 40755 2 0 0 0 0.0 - - -\n/f 5 100644 1 0 0 0 7.0 - hello -\n";
const NOTHING = "0".repeat(64);

const identify = (expected: string, input: Uint8Array | string, ...args: string[]) =>
  composefs(["identify", "--expected", expected, "-", ...args], { input });

test("names the profile and exits with 0", () => {
  expect(identify(v0.fsverity_sha256.toUpperCase(), dump)).toEqual({
    exitCode: 0,
    stdout:
      "profile  v0-sha256-12\n" +
      "digest   fs-verity, SHA-256 over blocks of 4096 bytes, of the v0 image\n" +
      "tree     as given\n",
    stderr: "",
  });
});

test("takes what fsverity and composefs digest print, for files and images", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), dump);
  composefs(["mkfs", "-q", "dump", "image"], { cwd });
  const labelled = composefs(["digest", "image"], { cwd }).stdout;
  expect(labelled).toBe(`v1-sha256-12:${v1.fsverity_sha256}\n`);
  for (const file of ["dump", "image"]) {
    const { stdout, exitCode } = composefs(["identify", file, "--expected", labelled], { cwd });
    expect({ exitCode, first: stdout.split("\n")[0] }).toEqual({ exitCode: 0, first: "profile  v1-sha256-12" });
  }
  const fsverity = findOracle("fsverity");
  if (fsverity === undefined) return;
  const [printed] = runOracle(fsverity, ["digest", join(cwd, "image")])
    .output.toString()
    .split(" ");
  expect(composefs(["identify", "dump", "--expected", printed!], { cwd }).stdout).toMatch(/^profile {2}v1-sha256-12\n/);
});

test("a plain hash of image or input is named as what it is, and is no yes", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), dump);
  composefs(["mkfs", "-q", "dump", "image"], { cwd });
  const sha512 = createHash("sha512")
    .update(readFileSync(join(cwd, "image")))
    .digest("hex");
  const { exitCode, stdout } = composefs(["identify", "image", "--expected", sha512], { cwd });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^profile {2}none\ndigest {3}plain SHA-512 of the v1 image\n/);
  expect(identify(createHash("sha256").update(SMALL).digest("hex"), SMALL).stdout).toMatch(/^profile {2}none\n/);
});

test("exits with 1 when nothing gives it, and shows what was tried", () => {
  const { exitCode, stdout, stderr } = identify(NOTHING, SMALL);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
  expect(stdout.split("\n").slice(0, 3)).toEqual([
    "profile  none; 17 sha256 digests were tried",
    "",
    "given   v1-sha256-12     e68704343d5ab8333082e2d054e14aae6d25928c26b4f55284ed71f0607e8433",
  ]);
});

test("--json", () => {
  const found = JSON.parse(identify(`v1-sha256-12:${v1.fsverity_sha256}`, dump, "--json").stdout);
  expect(found).toMatchObject({
    expected: { digest: v1.fsverity_sha256, hash: "sha256", label: "v1-sha256-12" },
    found: { what: "image", variant: "given", format: "v1", algorithm: "sha256-12", profile: "v1-sha256-12" },
    refused: [],
    stored: null,
  });
  const none = JSON.parse(identify(NOTHING, SMALL, "--json").stdout);
  expect(none.found).toBeNull();
  expect(none.tried.find(({ what }: { what: string }) => what === "canonical-dump")).toEqual({
    what: "canonical-dump",
    variant: "given",
    format: null,
    algorithm: null,
    profile: null,
    digest: createHash("sha256").update(SMALL).digest("hex"),
  });
});

test("--json of an image tells whether it is canonical", () => {
  const cwd = emptyFolder();
  composefs(["mkfs", "-q", "-", "image"], { cwd, input: SMALL });
  const image = readFileSync(join(cwd, "image"));
  const stored = () =>
    JSON.parse(composefs(["identify", "image", "--expected", NOTHING, "--json"], { cwd }).stdout).stored;
  const same = { format: "v1", size: image.length, firstDifference: null, differentBlocks: 0 };
  expect(stored()).toMatchObject({ format: "v1", size: image.length, isCanonical: true });
  expect(stored().comparisons[0]).toEqual(same);
  image[1024 + 0x40] = 0x41; // volume name
  writeFileSync(join(cwd, "image"), image);
  expect(stored()).toMatchObject({ isCanonical: false });
  expect(stored().comparisons[0]).toEqual({ ...same, firstDifference: 1088, differentBlocks: 1 });
});

test.each([
  [["identify", "-"], "USAGE: required option '--expected <hex>' not specified"],
  [["identify", "--expected", "12", "-"], "USAGE: --expected: expected 64 or 128 hexadecimal digits"],
  [["identify", "--expected", `md5:${NOTHING}`, "-"], "USAGE: --expected: expected the label of a sha256 digest"],
  [["identify", "--expected", NOTHING, "missing"], 'IO_OPEN: cannot open "missing"'],
  [["identify", "--expected", NOTHING, "-"], "DUMP_EMPTY_INPUT: "],
])("%j exits with 2", (args, message) => {
  const { exitCode, stdout, stderr } = composefs(args);
  expect({ exitCode, stdout, stderr: stderr.slice(0, message.length) }).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: message,
  });
});
