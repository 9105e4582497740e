/**
 * Every dumpfile that must be refused is refused for its own reason: the code, the line and the field.
 *
 * `test/fixtures/rejects.json` holds the ones with a file; the table below those that are a limit of a mode or of a
 * format. Together they produce every status that a dumpfile can get, which the last test checks.
 */
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { readFixture, rejects, vectors } from "../support/fixtures.ts";
import { compileEngine, EngineStatus, type ParseOptions, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();
const engine = new RawEngine(module);
const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const produced = new Set<string>();

function refusal(work: () => void): EngineStatus {
  try {
    work();
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    produced.add(error.code);
    return error;
  }
  throw new Error("it was accepted");
}

describe("dumpfiles that must be refused", () => {
  test.each(vectors.rejects.map(({ name, rule, file }) => [name, rule, file] as const))("%s: %s", (name, _, file) => {
    const { code, line, field } = refusal(() => engine.parse([readFixture(file)]));
    expect({ code, line, field }).toEqual(rejects[name]);
  });
});

const HEX64 = "ab".repeat(32);
const HEX128 = "ab".repeat(64);
const STRICT: ParseOptions = { flags: abi.DUMP_STRICT };

/** Name, lines after the root, options, code, line, field. */
const CASES: [string, string, ParseOptions, string, number, string][] = [
  [
    "digests of two widths",
    `/a 9 100644 1 0 0 0 0.0 - - ${HEX64}\n/b 9 100644 1 0 0 0 0.0 - - ${HEX128}\n`,
    {},
    "DUMP_DIGEST_MIXED",
    3,
    "digest",
  ],
  [
    "an escape in a digest",
    `/a 9 100644 1 0 0 0 0.0 - - ${HEX64.slice(4)}\\x61\n`,
    {},
    "DUMP_DIGEST_ESCAPE",
    2,
    "digest",
  ],
  [
    "more entries than allowed",
    "/a 0 40755 2 0 0 0 0.0 - - -\n/b 0 40755 2 0 0 0 0.0 - - -\n",
    { limits: { [abi.LIMIT_ENTRIES]: 2 } },
    "DUMP_TOO_MANY_ENTRIES",
    3,
    "none",
  ],
  [
    "a line longer than allowed",
    `/${"x".repeat(60)} 0 40755 2 0 0 0 0.0 - - -\n`,
    { limits: { [abi.LIMIT_LINE_BYTES]: 64 } },
    "DUMP_LINE_TOO_LONG",
    2,
    "none",
  ],
  ["strict: no final newline", "/f 0 100644 1 0 0 0 0.0 - - -", STRICT, "DUMP_STRICT_FINAL_NEWLINE", 2, "none"],
  ["strict: symlink size", "/l 2 120777 1 0 0 0 0.0 t - -\n", STRICT, "DUMP_STRICT_SYMLINK_SIZE", 2, "size"],
  [
    "strict: xattr key twice",
    "/f 0 100644 1 0 0 0 0.0 - - - user.a=1 user.a=1\n",
    STRICT,
    "DUMP_STRICT_XATTR_TWICE",
    2,
    "xattr",
  ],
  ["strict: link count of a file", "/f 0 100644 2 0 0 0 0.0 - - -\n", STRICT, "DUMP_STRICT_NLINK", 2, "nlink"],
  ["strict: link count of a directory", "/d 0 40755 3 0 0 0 0.0 - - -\n", STRICT, "DUMP_STRICT_NLINK", 1, "nlink"],
];

describe("refused by a mode or a lowered limit", () => {
  test.each(CASES)("%s", (_, lines, options, code, line, field) => {
    // A limit stays lowered for the life of an instance.
    const error = refusal(() => new RawEngine(module).parse([Buffer.from(ROOT + lines)], options));
    expect({ code: error.code, line: error.line, field: error.field }).toEqual({ code, line, field });
  });

  test("strict mode takes a truthful dumpfile", () => {
    const root = ROOT.replace(" 2 ", " 3 ");
    engine.parse(
      [
        Buffer.from(
          `${root}/d 0 40755 2 0 0 0 0.0 - - -\n/d/l 1 120777 2 0 0 0 0.0 t - -\n/m 0 @120000 - - - - 0.0 /d/l - -\n`,
        ),
      ],
      STRICT,
    );
  });
});

/** Name, lines after the root, code, for format V2 only; V1 takes each of them. */
const V2_CASES: [string, string, string][] = [
  ["a payload that is no object path, without digest", "/f 9 100644 1 0 0 0 0.0 x/y - -\n", "EROFS_V2_PAYLOAD"],
  ["inline content of 513 bytes", `/f 513 100644 1 0 0 0 0.0 - ${"x".repeat(513)} -\n`, "EROFS_V2_INLINE"],
  ["symlink target of 1025 bytes", `/l 1025 120777 1 0 0 0 0.0 ${"x".repeat(1025)} - -\n`, "EROFS_V2_SYMLINK"],
  [
    "256 shared xattrs on a file",
    ["/a", "/b"]
      .map(
        (path) =>
          `${path} 0 100644 1 0 0 0 0.0 - - -${Array.from({ length: 256 }, (_, i) => ` user.${i}=`).join("")}\n`,
      )
      .join(""),
    "EROFS_V2_SHARED",
  ],
];

describe("refused by format V2 alone", () => {
  test.each(V2_CASES)("%s", (_, lines, code) => {
    engine.parse([Buffer.from(ROOT + lines)]);
    engine.image(abi.FORMAT_V1);
    expect(refusal(() => engine.image(abi.FORMAT_V2)).code).toBe(code);
  });
});

test("every status that a dumpfile can get has a case", () => {
  const missing = Object.keys(abi)
    .filter((name) => name.startsWith("STATUS_DUMP_"))
    .map((name) => name.slice("STATUS_".length))
    .filter((code) => !produced.has(code));
  expect(missing).toEqual([]);
});

describe("an image larger than a lowered limit", () => {
  test.each([abi.FORMAT_V0, abi.FORMAT_V1, abi.FORMAT_V2])("format %i", (format) => {
    const dump = Buffer.from(`${ROOT}/f 5000 100644 1 0 0 0 0.0 - ${"x".repeat(5000)} -\n`);
    const fitting = Buffer.from(`${ROOT}/f 0 100644 1 0 0 0 0.0 - - -\n`);
    const fresh = new RawEngine(module);
    const blocks = fresh.build(fitting, format).image.length / 4096;
    fresh.exports.setLimit(abi.LIMIT_IMAGE_BLOCKS, blocks);
    expect(fresh.build(fitting, format).image).toHaveLength(blocks * 4096);
    if (format === abi.FORMAT_V2) return;
    fresh.parse([dump]);
    const error = refusal(() => fresh.image(format));
    expect(error.code).toBe("EROFS_IMAGE_TOO_LARGE");
    expect(error.limit).toBe(BigInt(blocks * 4096));
    expect(error.actual).toBeGreaterThan(error.limit);
    // The tree is as it was: a format that fits is made of it.
    fresh.exports.setLimit(abi.LIMIT_IMAGE_BLOCKS, abi.LIMIT_IMAGE_BLOCKS_DEFAULT);
    expect(fresh.image(format).image.equals(new RawEngine(module).build(dump, format).image)).toBe(true);
  });
});
