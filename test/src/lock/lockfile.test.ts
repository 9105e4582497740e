/** The lock file: what is written is what is read, and what is damaged is refused by parser and schema alike. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { parseDigestLine, sortDigests } from "../../../src/lock/digest-line.ts";
import {
  formatLockfile,
  type ImageBinding,
  LOCKFILE_BYTES_MAX,
  type Lockfile,
  parseLockfile,
  withInputs,
} from "../../../src/lock/lockfile.ts";

const SCHEMA = JSON.parse(readFileSync(new URL("../../../composefs.lock.schema.json", import.meta.url), "utf8"));
const isValid = new Ajv({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

const HEX = "0123456789abcdef".repeat(4);
const SHA = `sha256:${HEX}`;
const digest = (line: string) => parseDigestLine(line)!;
const IMAGE: ImageBinding = {
  xattrs: "allowlist-only",
  transformRevision: 1,
  manifest: SHA,
  config: null,
  diffIds: [SHA],
  unseen: ["owners"],
};

/** A file with one input of each kind, unsorted. */
const LOCKFILE: Lockfile = {
  schema: null,
  inputs: [
    { input: "root.dump", platform: null, image: null, digests: [digest(`v1-sha256-12:${HEX}`)] },
    {
      ...{ input: "oci:web", platform: "linux/arm64" },
      image: IMAGE,
      digests: [
        digest(`layer-10:v1-sha256-12:${HEX}`),
        digest(`layer-2:v1-sha256-12:${HEX}`),
        digest(`bootable:v1-sha512-12:${HEX}${HEX}`),
        digest(`v1-sha512-12:${HEX}${HEX}`),
      ],
    },
    { input: "oci:web", platform: "linux/amd64", image: null, digests: [digest(`stored:v0-sha256-16:${HEX}`)] },
  ],
};

const parse = (text: string) => parseLockfile(Buffer.from(text), "x.json");

describe("form", () => {
  test("is sorted, whatever order the inputs have, and reads back as itself", () => {
    const text = formatLockfile(LOCKFILE);
    expect(formatLockfile({ ...LOCKFILE, inputs: [...LOCKFILE.inputs].reverse() })).toBe(text);
    expect(formatLockfile(parse(text))).toBe(text);
    const plain = JSON.parse(text);
    expect(plain.inputs.map(({ input, platform }: Record<string, string>) => [input, platform])).toEqual([
      ["oci:web", "linux/amd64"],
      ["oci:web", "linux/arm64"],
      ["root.dump", null],
    ]);
    expect(plain.inputs[1].digests.map((line: string) => line.slice(0, 12))).toEqual([
      ...["v1-sha512-12", "bootable:v1-", "layer-2:v1-s", "layer-10:v1-"],
    ]);
    expect(isValid(plain)).toBe(true);
  });

  test("of a file that Windows has checked out is read", () => {
    const text = formatLockfile(LOCKFILE);
    expect(parse(text.replaceAll("\n", "\r\n"))).toEqual(parse(text));
  });

  test("keeps the schema that editors look for", () => {
    const text = formatLockfile({ ...LOCKFILE, schema: "composefs.lock.schema.json" });
    expect(parse(text).schema).toBe("composefs.lock.schema.json");
    expect(isValid(JSON.parse(text))).toBe(true);
  });

  test("inputs take the place of those of their name and platform", () => {
    const other = { ...LOCKFILE.inputs[1]!, image: null };
    const more = { ...other, platform: null };
    const { inputs } = withInputs(LOCKFILE, [other, more]);
    expect(inputs).toEqual([LOCKFILE.inputs[0], other, LOCKFILE.inputs[2], more]);
  });
});

test("lines of digests", () => {
  for (const line of [`v3-sha256-12:${HEX}`, `v1-sha512-12:${HEX}`, `v1-sha256-12:${HEX.toUpperCase()}`]) {
    expect(parseDigestLine(line)).toBeUndefined();
  }
  expect(parseDigestLine(`layer-0:v1-sha256-12:${HEX}`)).toBeUndefined();
  expect(parseDigestLine(`v1-sha256-12:${HEX}\n`)).toBeUndefined();
  expect(digest(`layer-3:v1-sha256-12:${HEX}`)).toMatchObject({
    label: "layer-3:v1-sha256-12",
    role: "layer",
    layer: 3,
  });
  expect(sortDigests([])).toEqual([]);
});

type Plain = { inputs: Array<Record<string, unknown>> } & Record<string, unknown>;

/** Damage with the code that it must give; `isOurs` marks what a schema cannot say. */
const DAMAGED: Array<[string, (lock: Plain) => unknown, string, isOurs?: boolean]> = [
  ["no object", () => [], "LOCK_FORM"],
  ["no version", ({ inputs }) => ({ inputs }), "LOCK_FORM"],
  ["another version", (lock) => ({ ...lock, lockfileVersion: 2 }), "LOCK_VERSION"],
  ["a version that is text", (lock) => ({ ...lock, lockfileVersion: "1" }), "LOCK_FORM"],
  ["no inputs", ({ lockfileVersion }) => ({ lockfileVersion }), "LOCK_FORM"],
  ["a member that is unknown", (lock) => ({ ...lock, input: [] }), "LOCK_FORM"],
  ["an input without a name", (lock) => edit(lock, { input: undefined }), "LOCK_FORM"],
  ["an input with an empty name", (lock) => edit(lock, { input: "" }), "LOCK_FORM"],
  ["standard input", (lock) => edit(lock, { input: "dump:-" }), "LOCK_FORM"],
  ["a misspelt member", (lock) => edit(lock, { digest: [] }), "LOCK_FORM"],
  ["a platform of one word", (lock) => edit(lock, { platform: "linux" }), "LOCK_FORM", true],
  ["no digests", (lock) => edit(lock, { digests: [] }), "LOCK_FORM"],
  ["a digest cut short", (lock) => edit(lock, { digests: [`v1-sha256-12:${HEX.slice(1)}`] }), "LOCK_FORM"],
  ["a digest that is a number", (lock) => edit(lock, { digests: [7] }), "LOCK_FORM"],
  [
    "two digests of one name",
    (lock) => edit(lock, { digests: [`v1-sha256-12:${HEX}`, `v1-sha256-12:${HEX.replace("0", "1")}`] }),
    ...(["LOCK_FORM", true] as const),
  ],
  ["an unknown mode", (lock) => edit(lock, { image: { ...IMAGE, xattrs: "all" } }), "LOCK_FORM"],
  ["an unknown revision", (lock) => edit(lock, { image: { ...IMAGE, transformRevision: 3 } }), "LOCK_FORM"],
  ["a manifest without sha256", (lock) => edit(lock, { image: { ...IMAGE, manifest: HEX } }), "LOCK_FORM"],
  ["a diff_id that is null", (lock) => edit(lock, { image: { ...IMAGE, diffIds: [null] } }), "LOCK_FORM"],
  ["what nobody can overlook", (lock) => edit(lock, { image: { ...IMAGE, unseen: ["names"] } }), "LOCK_FORM"],
  ["an input twice", (lock) => ({ ...lock, inputs: [lock.inputs[0], lock.inputs[0]] }), "LOCK_TWICE", true],
];

function edit(lock: Plain, change: Record<string, unknown>): Plain {
  return { ...lock, inputs: [{ ...lock.inputs[0], ...change }] };
}

function codeOf(bytes: Uint8Array): string {
  try {
    parseLockfile(bytes, "x.json");
    return "none";
  } catch (error) {
    expect(error).toBeInstanceOf(ComposefsError);
    return (error as ComposefsError).code;
  }
}

describe("damage", () => {
  test.each(DAMAGED)("%s", (_, change, code, isOurs = false) => {
    const damaged = JSON.parse(JSON.stringify(change(JSON.parse(formatLockfile(LOCKFILE)))));
    expect(codeOf(Buffer.from(JSON.stringify(damaged)))).toBe(code);
    expect(isValid(damaged)).toBe(isOurs);
  });

  test("text that is no JSON, at every cut", () => {
    const text = formatLockfile(LOCKFILE).trimEnd();
    for (let i = 0; i < text.length; i++) expect(codeOf(Buffer.from(text.slice(0, i)))).toBe("LOCK_FORM");
    expect(codeOf(Buffer.from([0xff]))).toBe("LOCK_FORM");
  });

  test("a file at the limit is read, one beyond it is not", () => {
    const text = formatLockfile(LOCKFILE);
    const padded = (bytes: number) => Buffer.from(text.padEnd(bytes, "\n"));
    expect(codeOf(padded(LOCKFILE_BYTES_MAX))).toBe("none");
    expect(codeOf(padded(LOCKFILE_BYTES_MAX + 1))).toBe("LOCK_LIMIT");
  });
});
