/** Kernel arguments: boot-transform.md 4.3. */
import { describe, expect, test } from "vitest";
import { type ComposefsKarg, findKarg, formatKarg, listKargs, splitCmdline } from "../../../src/boot/karg.ts";
import { ComposefsError } from "../../../src/error.ts";
import { golden } from "../../support/oci/golden.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";

interface CmdlineVector {
  cmdline: string;
  algorithm: "sha256" | "sha512";
  result: null | "error" | { version: string; digest: string; insecure: boolean };
}

const A = "a1".repeat(32);
const B = "b2".repeat(32);
const A512 = "a1".repeat(64);
const SYNTAX = expect.objectContaining({ name: ComposefsError.name, code: "KARG_SYNTAX" });

describe("vectors", () => {
  const { cmdline: vectors } = golden as unknown as { cmdline: CmdlineVector[] };

  test("there are fifteen", () => {
    expect(vectors).toHaveLength(15);
  });

  test.each(vectors)("$algorithm: $cmdline", ({ cmdline, algorithm, result }) => {
    if (result === "error") {
      expect(() => findKarg(cmdline, algorithm)).toThrow(SYNTAX);
      return;
    }
    const found = findKarg(cmdline, algorithm);
    const { version, digest, isInsecure: insecure } = found ?? {};
    expect(found && { version, digest, insecure }).toEqual(result);
    if (found === null) return;
    expect(found.hash).toBe(algorithm);
    expect(splitCmdline(cmdline)).toContain(found.word);
    expect(found.word.startsWith(`${found.key}=`)).toBe(true);
  });
});

describe("words", () => {
  test.each([
    ["", []],
    [" \t\n\f\r ", []],
    ["a", ["a"]],
    ["  a\tb\nc\fd\re  ", ["a", "b", "c", "d", "e"]],
    // Quotes stay part of the word.
    ['"a b" c', ['"a b"', "c"]],
    ['x="a b"c d', ['x="a b"c', "d"]],
    ['a" "b" "c d', ['a" "b" "c', "d"]],
    ['"" ""', ['""', '""']],
    // There is no escape character.
    ['a\\" b\\" c', ['a\\" b\\"', "c"]],
    ["'a b'", ["'a", "b'"]],
    // A quote without end reaches to the end.
    ['a "b c ', ["a", '"b c ']],
    // Other white space parts nothing: vertical tab, no-break space.
    ["a\vb\u00a0c", ["a\vb\u00a0c"]],
  ])("%j", (text, words) => {
    expect(splitCmdline(text)).toEqual(words);
  });

  /** For each character, whether the quotes before it are odd in number: quadratic. */
  function naiveSplit(text: string): string[] {
    const marked = [...text].map((c, i) => {
      const isQuoted = (text.slice(0, i).split('"').length - 1) % 2 === 1;
      return /[\t\n\f\r ]/.test(c) && !isQuoted ? "\0" : c;
    });
    return marked
      .join("")
      .split("\0")
      .filter((word) => word !== "");
  }

  test("any text: as by counting quotes", () => {
    const random = new SplitMix64(11);
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: random.below(30) }, () => random.pick([..."ab= \t\n\r\f\\'", '"', '"'])).join(
        "",
      );
      expect(splitCmdline(text)).toEqual(naiveSplit(text));
    }
  });
});

describe("the argument that counts", () => {
  const digestOf = (cmdline: string, hash: "sha256" | "sha512" = "sha256") => findKarg(cmdline, hash)?.digest;

  test("has all that it says", () => {
    const word = `composefs.digest=?v1-sha512-12:${A512.toUpperCase()}`;
    const expected: ComposefsKarg = {
      version: "v1",
      hash: "sha512",
      digest: A512,
      isInsecure: true,
      key: "composefs.digest",
      word,
    };
    expect(findKarg(`rw ${word} quiet`, "sha512")).toEqual(expected);
  });

  test("? directly after = is the insecure form, of both keys; elsewhere it is an error", () => {
    expect(findKarg(`composefs=?${A}`, "sha256")).toMatchObject({ isInsecure: true, version: "v2", digest: A });
    expect(findKarg(`composefs.digest=?v2-sha256-12:${A}`, "sha256")).toMatchObject({ isInsecure: true, digest: A });
    for (const word of [`composefs=??${A}`, `composefs=${A}?`, `composefs.digest=v1-sha256-12:?${A}`]) {
      expect(() => findKarg(word, "sha256")).toThrow(SYNTAX);
    }
  });

  test("composefs.digest= wins wherever it stands", () => {
    for (const words of [
      `composefs=${B} composefs.digest=v1-sha256-12:${A}`,
      `composefs.digest=v1-sha256-12:${A} composefs=x`,
    ]) {
      expect(digestOf(words)).toBe(A);
    }
  });

  test("the first one of the hash; later words do not matter, whatever they are", () => {
    expect(digestOf(`composefs.digest=v1-sha256-12:${A} composefs.digest=v2-sha256-12:${B}`)).toBe(A);
    expect(digestOf(`composefs.digest=v1-sha256-12:${A} composefs.digest=nonsense`)).toBe(A);
    expect(digestOf(`composefs=${A} composefs=${B}`)).toBe(A);
    expect(digestOf(`composefs=${A} composefs=nonsense`)).toBe(A);
  });

  test("of another hash it is skipped, its digits unread", () => {
    const both = `composefs.digest=v1-sha512-12:${A512} composefs.digest=v1-sha256-12:${A}`;
    expect(digestOf(both)).toBe(A);
    expect(digestOf(both, "sha512")).toBe(A512);
    expect(digestOf(`composefs.digest=v1-sha512-12:nothex composefs=${B}`)).toBe(B);
    expect(digestOf("composefs.digest=v1-sha512-12:")).toBeUndefined();
  });

  test.each([
    ["version", `v3-sha256-12:${A}`],
    ["no version", `-sha256-12:${A}`],
    ["upper-case version", `V1-sha256-12:${A}`],
    ["hash", `v1-sha384-12:${A}`],
    ["hash, of a name that objects have", `v1-constructor-12:${A}`],
    ["block size", `v1-sha256-16:${A}`],
    ["block size of another hash", `v1-sha512-16:${A512}`],
    ["block size, other digits", `v1-sha256-012:${A}`],
    ["block size and more", `v1-sha256-12-:${A}`],
    ["no block size", `v1-sha256:${A}`],
    ["no hyphen", `v1:${A}`],
    ["no colon", `v1-sha256-12-${A}`],
    ["nothing", ""],
    ["the mark alone", "?"],
    ["quotes", `"v1-sha256-12:${A}"`],
  ])("%s: an error even if a later word would do", (_, value) => {
    expect(() => findKarg(`composefs.digest=${value} composefs.digest=v1-sha256-12:${A}`, "sha256")).toThrow(SYNTAX);
    expect(() => findKarg(`composefs.digest=${value} composefs=${A}`, "sha256")).toThrow(SYNTAX);
  });

  test.each(["", A.slice(1), `${A}0`, A512, `${A.slice(1)}g`, `${A} `.replace(" ", "\v"), `"${A}"`, `:${A.slice(1)}`])(
    "digits must be exactly 64 of them: %j",
    (hex) => {
      for (const key of ["composefs=", "composefs.digest=v1-sha256-12:", "composefs.digest=v2-sha256-12:"]) {
        expect(() => findKarg(key + hex, "sha256")).toThrow(SYNTAX);
      }
    },
  );

  test("composefs= must have the digits of the hash that is wanted", () => {
    expect(digestOf(`composefs=${A512}`, "sha512")).toBe(A512);
    expect(() => findKarg(`composefs=${A}`, "sha512")).toThrow(SYNTAX);
  });

  test("what only looks alike is none", () => {
    const words = ["composefs", "composefs.digest", `Composefs=${A}`, `composefs.Digest=${A}`, `xcomposefs=${A}`];
    const quoted = [`"composefs=${A}"`, `"x composefs=${A} y"`, `composefs.digestx=${A}`, `composefs.other=${A}`];
    expect(findKarg([...words, ...quoted].join(" "), "sha256")).toBeNull();
    expect(listKargs([...words, ...quoted].join(" "))).toEqual([]);
  });

  test("the message names the word and cannot steer a terminal", () => {
    expect(() => findKarg("composefs=\x1b[31m\x9b", "sha256")).toThrow(
      'kernel argument "composefs=\\u001b[31m\\u009b": expected 64 hexadecimal digits, found 6 characters',
    );
    expect(() => findKarg(`composefs=${"f".repeat(1 << 20)}`, "sha256")).toThrow(
      `kernel argument "composefs=${"f".repeat(86)}"…: expected 64 hexadecimal digits, found 1048576 characters`,
    );
  });
});

describe("any command line: as by regular expressions", () => {
  const LENGTHS = { sha256: 64, sha512: 128 };
  const isHex = (text: string) => /^[0-9a-fA-F]*$/.test(text);

  function naiveFind(cmdline: string, hash: "sha256" | "sha512"): [string, string, boolean] | null | "error" {
    const words = cmdline.split(" ");
    for (const word of words.filter((one) => /^composefs\.digest=/.test(one))) {
      const match = /^composefs\.digest=(\??)(v1|v2)-(sha256|sha512)-12:(.*)$/.exec(word);
      if (match === null) return "error";
      const [, mark, version, found, hex] = match as unknown as [string, string, string, string, string];
      if (found !== hash) continue;
      return isHex(hex) && hex.length === LENGTHS[hash] ? [version, hex.toLowerCase(), mark === "?"] : "error";
    }
    const short = words.map((word) => /^composefs=(\??)(.*)$/.exec(word)).find((match) => match !== null);
    if (short === undefined) return null;
    const [, mark, hex] = short as unknown as [string, string, string];
    return isHex(hex) && hex.length === LENGTHS[hash] ? ["v2", hex.toLowerCase(), mark === "?"] : "error";
  }

  test.each([1, 2, 3])("seed %i", (seed) => {
    const random = new SplitMix64(seed);
    const pick = (often: string[], seldom: string[]) => random.pick(random.chance(92) ? often : seldom);
    const seen = new Set<string>();
    for (let i = 0; i < 1500; i++) {
      const words = Array.from({ length: random.below(5) }, () => {
        const mark = pick([""], ["?"]);
        const hex = pick([A, A512, B.toUpperCase()], ["", "x", A.slice(1), `${A}0`, `${A.slice(1)}g`]);
        if (random.chance(30)) return `composefs=${mark}${hex}`;
        const version = pick(["v1", "v2"], ["v0", "v3", "", "v"]);
        const hash = pick(["sha256", "sha512"], ["sha1", "SHA256", ""]);
        const joined = [version, hash, pick(["12"], ["", "16", "1", "012"])].join(pick(["-"], [":", ""]));
        return (
          pick(["composefs.digest=", "x="], ["composefs", "quiet"]) + mark + joined + pick([":"], ["", "::"]) + hex
        );
      });
      for (const hash of ["sha256", "sha512"] as const) {
        const cmdline = words.join(" ");
        const expected = naiveFind(cmdline, hash);
        seen.add(expected === null || expected === "error" ? String(expected) : expected[0]);
        if (expected === "error") {
          expect(() => findKarg(cmdline, hash)).toThrow(SYNTAX);
          continue;
        }
        const found = findKarg(cmdline, hash);
        expect(found && [found.version, found.digest, found.isInsecure]).toEqual(expected);
        if (found !== null) expect(listKargs(cmdline)).toContainEqual(found);
      }
    }
    expect([...seen].sort()).toEqual(["error", "null", "v1", "v2"]);
  });
});

describe("the list", () => {
  test("has all words of the keys in order, each read or with what was wanted", () => {
    const words = [
      `composefs=${A}`,
      `composefs.digest=v1-sha512-12:${A512}`,
      "composefs.digest=v9",
      `composefs=?${A512.toUpperCase()}`,
      "composefs=",
      `composefs.digest=v2-sha256-12:${B}`,
      `composefs.digest=v2-sha256-12:${A512}`,
      `composefs=${"g".repeat(64)}`,
      `composefs.digest=v0-sha256-12:${B}`,
      `composefs.digest=v1-md5-12:${B}`,
      `composefs.digest=v1-sha256-13:${B}`,
    ];
    const list = listKargs(`rw ${words.join(" x=composefs=1 ")} quiet`);
    expect(list.map(({ word }) => word)).toEqual(words);
    const said = list.map((one) => ("problem" in one ? one.problem : [one.version, one.hash, one.digest]));
    expect(said).toEqual([
      ["v2", "sha256", A],
      ["v1", "sha512", A512],
      "expected VERSION-HASH-12:HEX, found no colon",
      ["v2", "sha512", A512],
      "expected 64 or 128 hexadecimal digits, found 0 characters",
      ["v2", "sha256", B],
      "expected 64 hexadecimal digits, found 128 characters",
      "expected hexadecimal digits, found other characters",
      "expected version v1 or v2",
      "expected hash sha256 or sha512",
      "expected block size 12, which is log2 of 4096",
    ]);
  });
});

describe("writing", () => {
  test.each([
    ["v0", "sha256", A, false, `composefs.digest=v1-sha256-12:${A}`],
    ["v1", "sha256", A, false, `composefs.digest=v1-sha256-12:${A}`],
    ["v1", "sha512", A512.toUpperCase(), false, `composefs.digest=v1-sha512-12:${A512}`],
    ["v1", "sha512", A512, true, `composefs.digest=?v1-sha512-12:${A512}`],
    ["v2", "sha256", A.toUpperCase(), false, `composefs=${A}`],
    ["v2", "sha512", A512, true, `composefs=?${A512}`],
  ] as const)("%s %s", (format, hash, digest, isInsecure, expected) => {
    const word = formatKarg(format, hash, digest, isInsecure);
    expect(word).toBe(expected);
    const version = format === "v2" ? "v2" : "v1";
    const read = { version, hash, digest: digest.toLowerCase(), isInsecure, word };
    expect(findKarg(word, hash)).toMatchObject(read);
    expect(listKargs(word)).toMatchObject([read]);
  });

  test("is secure unless asked for", () => {
    expect(formatKarg("v2", "sha256", A)).toBe(`composefs=${A}`);
  });

  test.each([A512, "", A.slice(2), `${A.slice(1)} `, `${A.slice(2)}é`])("not a digest of SHA-256: %j", (digest) => {
    expect(() => formatKarg("v1", "sha256", digest)).toThrow(RangeError);
  });
});

describe("the work is linear", () => {
  const size = 1024 * 1024;
  const repeated = (unit: string) => unit.repeat(size / unit.length);

  test.each(['"', '" ', " ", "a", "a ", "composefs", "-", ":"])("1 MiB of %j", (unit) => {
    const cmdline = `${repeated(unit)} composefs=${A}`;
    expect(listKargs(cmdline)).toHaveLength(1);
    expect(findKarg(cmdline, "sha256")?.digest).toBe(A);
  });

  test("many arguments that cannot be read, and long ones", () => {
    expect(listKargs(repeated("composefs= "))).toHaveLength(Math.floor(size / 11));
    for (const unit of ["-", ":", "?", '"', "f"]) {
      const list = listKargs(`composefs.digest=${repeated(unit)} composefs=${repeated(unit)}`);
      for (const one of list) expect(one).toHaveProperty("problem");
    }
  });
});
