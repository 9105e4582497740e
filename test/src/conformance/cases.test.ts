/** The list of cases: every value is looked at, and what is damaged is refused by its place. */
import { describe, expect, test } from "vitest";
import { INPUT_BYTES_MAX, parseCases } from "../../../src/conformance/cases.ts";
import { ComposefsError } from "../../../src/error.ts";

const HEX = "0123456789abcdef".repeat(4);
const CASE = { id: "v1/a", level: "v1", input: { file: "dump/a.dump" }, expected: { refusal: true } };
const IMAGE = { size: 4096, sha256: HEX, fsverity: { sha256: HEX, sha512: HEX + HEX } };

const parse = (value: unknown) => parseCases(Buffer.from(JSON.stringify(value)), "cases.json");
const parseOne = (changes: object) => parse({ version: 1, cases: [{ ...CASE, ...changes }] })[0]!;

describe("a case", () => {
  test("says what is asked and what is wanted", () => {
    const patches = [{ offset: 3, hex: "00ff" }];
    const found = parseOne({
      input: { file: "a.gz", patches, truncate: 9 },
      expected: { image: IMAGE },
      optional: "why",
    });
    expect(found).toEqual({
      ...{ id: "v1/a", level: "v1", rule: null, parameters: new Map(), optional: "why" },
      input: { kind: "file", path: "a.gz", patches: [{ offset: 3, bytes: Uint8Array.of(0, 255) }], truncate: 9 },
      expected: {
        kind: "image",
        image: { sizeBytes: 4096, sha256: HEX, fsverity: { sha256: HEX, sha512: HEX + HEX } },
      },
    });
  });

  test("parameters become texts", () => {
    const { parameters } = parseOne({ parameters: { hash: "sha256", blockSize: 4096, salt: "ab" } });
    expect([...parameters]).toEqual([
      ["hash", "sha256"],
      ["blockSize", "4096"],
      ["salt", "ab"],
    ]);
  });
});

const FILE = (path: unknown) => ({ input: { file: path } });
test.each([
  ["no object", [], "SOURCE_JSON", /cases\.json: expected an object/],
  ["another version", { version: 2, cases: [] }, "VECTORS_FORM", /version: expected 1/],
  ["no list", { version: 1 }, "SOURCE_JSON", /cases: expected an array/],
  ["an id twice", { version: 1, cases: [CASE, CASE] }, "VECTORS_FORM", /"v1\/a" is there twice/],
])("%s is refused", (_, value, code, message) => {
  expectRefusal(() => parse(value), code, message);
});

test.each<[string, object, RegExp]>([
  ["an id with an escape", { id: "a\u001b[31m" }, /cases\[0\]\.id: expected a plain name/],
  ["an unknown level", { level: "v9" }, /cases\[0\]\.level: expected auto, v0/],
  ["a path that leaves the folder", FILE("../a"), /expected a relative path of plain names/],
  ["one that does so later", FILE("a/../../b"), /expected a relative path/],
  ["an absolute path", FILE("/etc/passwd"), /expected a relative path/],
  ["one of Windows", FILE("a\\b"), /expected a relative path/],
  ["a drive", FILE("c:/a"), /expected a relative path/],
  ["an unknown content", { input: { content: "random", size: 1 } }, /expected lin251/],
  [
    "a content above the limit",
    { input: { content: "zero", size: INPUT_BYTES_MAX + 1 } },
    /expected at most 268435456/,
  ],
  ["half a byte", { input: { file: "a", patches: [{ offset: 0, hex: "0" }] } }, /expected pairs/],
  ["an unknown parameter", { parameters: { colour: "red" } }, /expected format, hash/],
  ["a parameter with a space", { parameters: { salt: "a b" } }, /expected a plain value/],
  ["no answer", { expected: {} }, /expected an image, a dump, a digest or a refusal/],
  ["no refusal", { expected: { refusal: false } }, /expected an image/],
  ["a digest of another length", { expected: { digest: HEX.slice(1) } }, /expected 64 or 128/],
  ["upper case", { expected: { digest: HEX.toUpperCase() } }, /expected 64 or 128/],
  ["a SHA-512 for a SHA-256", { expected: { dump: { size: 1, sha256: HEX + HEX } } }, /expected 64 lower/],
])("%s is refused", (_, changes, message) => {
  expectRefusal(() => parseOne(changes), "VECTORS_FORM", message);
});

test("the limit of a content", () => {
  const { input } = parseOne({ input: { content: "zero", size: INPUT_BYTES_MAX } });
  expect(input).toEqual({ kind: "content", content: "zero", sizeBytes: INPUT_BYTES_MAX });
});

function expectRefusal(read: () => unknown, code: string, message: RegExp): void {
  expect(read).toThrow(ComposefsError);
  expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
}
