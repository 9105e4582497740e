/** What an answer is worth: every end of a command, every kind of answer, and what is said of a wrong one. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ConformanceCase, Expected } from "../../../src/conformance/cases.ts";
import { levelsOf, parseLevels, unasked, valuesOf } from "../../../src/conformance/question.ts";
import { parseTemplate } from "../../../src/conformance/template.ts";
import { type End, indexAnswers, judge, readDigestLine } from "../../../src/conformance/verdict.ts";

const HEX = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);
const BYTES = Buffer.from("an image");
const IMAGE = {
  kind: "image",
  image: {
    sizeBytes: BYTES.length,
    sha256: createHash("sha256").update(BYTES).digest("hex"),
    fsverity: { sha256: HEX, sha512: HEX + HEX },
  },
} as const;
const REFUSAL = { kind: "refusal" } as const;
const DIGEST = { kind: "digest", digest: HEX } as const;
const DUMP = { kind: "dump", sizeBytes: 1, sha256: HEX } as const;

function caseOf(expected: Expected, changes: Partial<ConformanceCase> = {}): ConformanceCase {
  const input = { kind: "content", content: "zero", sizeBytes: 0 } as const;
  return { id: "v1/a", level: "v1", rule: null, input, parameters: new Map(), expected, optional: null, ...changes };
}

const exit = (code: number): End => ({ kind: "exit", code });

/** State, and reason. */
async function judged(one: ConformanceCase, end: End, answer: string | Uint8Array = "") {
  const canonical = async (dump: Uint8Array) => {
    if (Buffer.from(dump).toString() === "bad") throw new Error("no dumpfile line");
    return Buffer.from(dump).toString() === "good" ? HEX : OTHER;
  };
  const index = indexAnswers([one, caseOf({ kind: "digest", digest: OTHER }, { id: "v1/other" })]);
  const { state, reason } = await judge(one, { end, answer: Buffer.from(answer), stderr: "" }, index, canonical);
  return reason === null ? state : `${state}: ${reason}`;
}

describe("how a command ends", () => {
  test.each<[string, End, string]>([
    ["77", exit(77), "unsupported: exit code 77"],
    ["a signal", { kind: "signal", signal: "SIGSEGV" }, "fail: ended by SIGSEGV"],
    ["no end", { kind: "timeout", seconds: 5 }, "fail: no end within 5 s"],
    ["too much", { kind: "flood", bytes: 9 }, "fail: more than 9 bytes of output"],
    ["126, as shells say of what is no program", exit(126), "fail: exit code 126, which is no refusal"],
    ["127, as they say of none", exit(127), "fail: exit code 127, which is no refusal"],
    ["139, as they say of a crash", exit(139), "fail: exit code 139, which is no refusal"],
  ])("%s: the same whatever is wanted", async (_, end, expected) => {
    for (const wanted of [IMAGE, DUMP, DIGEST, REFUSAL]) {
      expect(await judged(caseOf(wanted, { optional: "some do" }), end)).toBe(expected);
    }
  });

  test("a refusal", async () => {
    for (const code of [1, 2, 76, 78, 125]) {
      expect(await judged(caseOf(REFUSAL), exit(code))).toBe("pass");
      expect(await judged(caseOf(IMAGE), exit(code))).toBe(`fail: refused with exit code ${code}`);
    }
    expect(await judged(caseOf(IMAGE, { optional: "X refuses it" }), exit(1))).toBe(
      "optional: refused with exit code 1: X refuses it",
    );
  });

  test("an answer to what is to be refused", async () => {
    expect(await judged(caseOf(REFUSAL), exit(0), "anything")).toBe("fail: not refused");
    expect(await judged(caseOf(REFUSAL, { optional: "X takes it" }), exit(0))).toBe(
      "optional: not refused: X takes it",
    );
  });
});

describe("answers", () => {
  const wanted = (expected: Expected) => caseOf(expected, { optional: "X refuses it" });
  test.each<[string, Expected, string | Uint8Array, string]>([
    ["none", IMAGE, "", "fail: no answer, and exit code 0"],
    ["the image", IMAGE, BYTES, "pass"],
    ["its digest", IMAGE, `${HEX}\n`, "pass"],
    ["its digest by the other hash", IMAGE, `v1-sha512-12:${HEX}${HEX}\n`, "pass"],
    ["another digest", IMAGE, `${OTHER}\n`, `fail: another digest, ${OTHER}, the one of v1/other; wanted ${HEX}`],
    [
      "its SHA-256",
      IMAGE,
      IMAGE.image.sha256,
      `fail: another digest, ${IMAGE.image.sha256}, the SHA-256 of the image and not its fs-verity digest; wanted ${HEX}`,
    ],
    ["a digest", DIGEST, HEX, "pass"],
    ["a line of fsverity", DIGEST, `sha256:${HEX} file name\n`, "pass"],
    ["a line of digest", DIGEST, `bootable:v1-sha256-12:${HEX}\nmore\n`, "pass"],
    [
      "a wrong digest",
      DIGEST,
      `${HEX.replace("0", "1")}\n`,
      `fail: another digest, ${HEX.replace("0", "1")}; wanted ${HEX}`,
    ],
    ["one of another length", DIGEST, HEX + HEX, `fail: another digest, ${HEX}${HEX}; wanted ${HEX}`],
    ["upper case", DIGEST, HEX.toUpperCase(), "fail: no digest in the first line of the answer"],
    ["a digest with more digits", DIGEST, `${HEX}0`, "fail: no digest in the first line of the answer"],
    ["a digest on the second line", DIGEST, `hello\n${HEX}`, "fail: no digest in the first line of the answer"],
    ["the tree", DUMP, "good", "pass"],
    ["another tree", DUMP, "other", "fail: a dumpfile of another tree"],
    ["no tree", DUMP, "bad", "fail: the answer is no dumpfile: no dumpfile line"],
  ])("%s", async (_, expected, answer, verdict) => {
    // That a refusal would do excuses no wrong answer.
    expect(await judged(wanted(expected), exit(0), answer)).toBe(verdict);
  });

  test("another image says whose it is", async () => {
    const other = createHash("sha256").update("other").digest("hex");
    expect(await judged(caseOf(IMAGE), exit(0), "other")).toBe(
      `fail: another image, SHA-256 ${other}; wanted ${IMAGE.image.sha256}`,
    );
  });

  test("a digest under a wrong name", async () => {
    const one = caseOf(DIGEST, {
      level: "oci",
      parameters: new Map([
        ["format", "v1"],
        ["hash", "sha256"],
      ]),
    });
    expect(await judged(one, exit(0), `v1-sha256-12:${HEX}`)).toBe("pass");
    expect(await judged(one, exit(0), `layer-1:v2-sha256-12:${HEX}`)).toBe(
      "fail: the digest is said to be of v2-sha256-12; asked for v1-sha256-12",
    );
  });

  test("a line is looked for at the beginning only", () => {
    expect(readDigestLine(Buffer.alloc(1 << 20, "a"))).toBeUndefined();
    expect(readDigestLine(Buffer.from(`${HEX}${" ".repeat(1 << 20)}`))).toMatchObject({ digest: HEX });
  });
});

describe("what a command can be asked", () => {
  const oci = (...parameters: Array<[string, string]>) =>
    caseOf(DIGEST, { level: "oci", parameters: new Map(parameters) as ConformanceCase["parameters"] });
  const usual = [
    ["format", "v1"],
    ["hash", "sha512"],
    ["role", "merged"],
    ["xattrs", "allowlist-only"],
  ] as const;
  const withValue = (name: string, value: string) => oci(...new Map<string, string>([...usual, [name, value]]));

  test.each([
    ["x {}", "format", "v2", "the command has no {format}"],
    ["x {} {version}", "format", "v2", null],
    ["x {} {profile}", "format", "v2", null],
    ["x {} {profile}", "hash", "sha256", null],
    ["x {} {format}", "hash", "sha256", "the command has no {hash}"],
    ["x {}", "role", "bootable", "the command has no {role}"],
    ["x {} {role}", "layer", "2", "the command has no {layer}"],
    ["x {} [--layer {layer}]", "layer", "2", null],
    ["x {}", "xattrs", "keep-user-xattrs", "the command has no {xattrs}"],
    ["x {}", "xattrs", "allowlist-only", null],
  ])("%s, %s %s", (command, name, value, reason) => {
    expect(unasked(withValue(name, value), parseTemplate(command))).toBe(reason);
  });

  test("values that are made of others", () => {
    expect(Object.fromEntries(valuesOf(oci(...(usual as unknown as Array<[string, string]>))))).toMatchObject({
      ...{ level: "oci", format: "v1", version: "1", profile: "v1-sha512-12" },
    });
    expect(Object.fromEntries(valuesOf(caseOf(IMAGE, { level: "v2" })))).toEqual({
      level: "v2",
      format: "v2",
      version: "2",
    });
    expect(Object.fromEntries(valuesOf(caseOf(IMAGE, { level: "auto" })))).toEqual({ level: "auto" });
  });

  test("levels", () => {
    expect(levelsOf(parseTemplate("x - -"))).toEqual(["auto"]);
    expect(levelsOf(parseTemplate("x {version} -"))).toEqual(["v0", "v1", "v2"]);
    expect(parseLevels(["oci,v1", "v0"])).toEqual(["v0", "v1", "oci"]);
    expect(() => parseLevels(["v1", "V0"])).toThrow(/expected auto, v0, .*got "V0"/);
  });
});
