/** Sections of kernel images: boot-transform.md 4.2. */
import { describe, expect, test } from "vitest";
import { menuLabel, parseOsRelease } from "../../../src/boot/os-release.ts";
import { type PeSection, peSection, peSections, peText } from "../../../src/boot/pe.ts";
import { ComposefsError } from "../../../src/error.ts";
import { golden } from "../../support/oci/golden.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";
import { peFile, type Section, unifiedKernelImage } from "../../support/uki.mjs";

interface UkiVector {
  note: string;
  hex: string;
  result: "not-pe" | { ".cmdline"?: string; ".osrel"?: string; label?: string };
}

/** What the words of the vectors mean. */
const CODES: Record<string, string> = { "not-pe": "UKI_PE", missing: "UKI_SECTION", error: "UKI_LABEL" };

/** The value, or the code of the error. */
function outcome<T>(get: () => T): T | string {
  try {
    return get();
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    return error.code;
  }
}

const labelOf = (file: Uint8Array) => menuLabel(parseOsRelease(peSection(file, ".osrel")));

describe("vectors", () => {
  const { uki } = golden as unknown as { uki: UkiVector[] };

  test("there are six", () => {
    expect(uki).toHaveLength(6);
  });

  test.each(uki)("$note", ({ hex, result }) => {
    const file = Buffer.from(hex, "hex");
    const expected = typeof result === "string" ? { ".cmdline": result, ".osrel": result, label: result } : result;
    for (const [key, value] of Object.entries(expected)) {
      const found = outcome(() => (key === "label" ? labelOf(file) : peText(file, key)));
      expect(found).toBe(CODES[value] ?? value);
    }
  });
});

describe("the section table", () => {
  const file = unifiedKernelImage("rw quiet", "ID=x\n");

  test("is read in its order, with virtual sizes", () => {
    expect(peSections(file)).toEqual([
      { name: ".osrel", offset: 512, size: 5 },
      { name: ".linux", offset: 1024, size: 12 },
      { name: ".cmdline", offset: 1536, size: 8 },
    ]);
    expect(Buffer.from(peSection(file, ".linux")).toString()).toBe("not a kernel");
  });

  test("the file may be part of a larger buffer", () => {
    const padded = Buffer.concat([Buffer.alloc(7, 0xff), file, Buffer.alloc(9, 0xff)]);
    const inner = padded.subarray(7, 7 + file.length);
    expect(peSections(inner)).toEqual(peSections(file));
    expect(peText(inner, ".cmdline")).toBe("rw quiet");
    expect(outcome(() => peSection(padded.subarray(7, 7 + 1536 + 7), ".cmdline"))).toBe("UKI_PE");
  });

  test("MZ is not checked, the signature is", () => {
    const other = Buffer.from(file);
    other.fill(0, 0, 2);
    expect(peSections(other)).toEqual(peSections(file));
    for (let at = 0x80; at < 0x84; at++) {
      const wrong = Buffer.from(file);
      wrong[at]! ^= 1;
      expect(outcome(() => peSections(wrong))).toBe("UKI_PE");
    }
  });

  test("headers may overlap: the PE header within the first 64 bytes", () => {
    // Position 0x3c of the file is then within the optional header.
    const overlapping = peFile([{ name: ".x", content: "content" }], { peAt: 4, optionalBytes: 0x60 });
    expect(overlapping.readUInt32LE(0x3c)).toBe(4);
    expect(peText(overlapping, ".x")).toBe("content");
  });

  test.each([0, 1, 16, 240, 0xffff])("an optional header of %i bytes is stepped over", (optionalBytes) => {
    expect(peText(peFile([{ name: ".a", content: "b" }], { optionalBytes }), ".a")).toBe("b");
  });

  test("no section", () => {
    const empty = peFile([], { optionalBytes: 0 }).subarray(0, 0x80 + 24);
    expect(peSections(empty)).toEqual([]);
    expect(outcome(() => peSection(empty, ".cmdline"))).toBe("UKI_SECTION");
    expect(outcome(() => peSections(empty.subarray(0, -1)))).toBe("UKI_PE");
    empty.writeUInt16LE(1, 0x80 + 20);
    expect(outcome(() => peSections(empty))).toBe("UKI_PE");
  });

  test("65535 sections, and one byte less than their table", () => {
    const sections: Section[] = Array.from({ length: 0xffff }, (_, i) => ({ name: `.${i}`, content: "" }));
    const many = peFile([...sections.slice(1), { name: ".last", content: "end" }]);
    expect(peSections(many)).toHaveLength(0xffff);
    expect(peText(many, ".last")).toBe("end");
    const tableEnd = 0x80 + 24 + 16 + 40 * 0xffff;
    expect(peSections(many.subarray(0, tableEnd))).toHaveLength(0xffff);
    expect(outcome(() => peSections(many.subarray(0, tableEnd - 1)))).toBe("UKI_PE");
  });

  test.each([0, 1, 0x3c, 0x3f])("a file of %i bytes", (length) => {
    expect(outcome(() => peSections(file.subarray(0, length)))).toBe("UKI_PE");
  });

  test.each(["inside", "beyond", "far beyond"])("the PE header ends %s of the file", (where) => {
    const short = Buffer.alloc(0x100);
    const at = where === "inside" ? 0x100 - 24 : where === "beyond" ? 0x100 - 23 : 0xffffffff;
    short.writeUInt32LE(at, 0x3c);
    short.write("PE\0\0", Math.min(at, 0x100 - 4));
    expect(outcome(() => peSections(short))).toEqual(where === "inside" ? [] : "UKI_PE");
  });

  test("the error says where, and what was found and wanted", () => {
    const error = expect.objectContaining({ data: { offset: 168, actual: 288, limit: 287 } });
    expect(() => peSections(file.subarray(0, 287))).toThrow(error);
    expect(() => peSections(file.subarray(0, 287))).toThrow(
      "not a PE file: the section table ends at 288, the file at 287",
    );
  });
});

describe("a section", () => {
  test("the first of two with one name wins", () => {
    const file = peFile(["one", "two"].map((content) => ({ name: ".cmdline", content })));
    expect(peText(file, ".cmdline")).toBe("one");
  });

  test("only the first of two is checked", () => {
    const good = { name: ".a", content: "1" };
    const bad = { ...good, offset: 0xffffffff, size: 0xffffffff };
    expect(peText(peFile([good, bad]), ".a")).toBe("1");
    expect(outcome(() => peText(peFile([bad, good]), ".a"))).toBe("UKI_PE");
  });

  test("all 8 bytes of a name count", () => {
    const names = [".cmdline", ".cmdlin\0", ".a\0b", ".a", "\0"];
    const file = peFile(names.map((name) => ({ name, content: Buffer.from(name) })));
    expect(peSections(file).map(({ name }) => name)).toEqual([".cmdline", ".cmdlin", ".a\0b", ".a", ""]);
    expect(peText(file, ".cmdlin")).toBe(".cmdlin\0");
    expect(peText(file, ".a")).toBe(".a");
    for (const name of [".cmdline2", ".CMDLINE", ".a\0", "cmdline"]) {
      expect(outcome(() => peSection(file, name))).toBe("UKI_SECTION");
    }
  });

  test("a name may be any bytes", () => {
    const file = peFile([{ name: Buffer.from([0x80, 0x93, 0xff]), content: "x" }]);
    expect(peText(file, "\x80\x93\xff")).toBe("x");
  });

  test("content may be empty, end with the file, or lie in the headers", () => {
    const at = (offset: number, size: number) => {
      const file = peFile([{ name: ".a", content: "x", offset, size }]);
      return outcome(() => peSection(file, ".a").length);
    };
    const { length } = peFile([{ name: ".a", content: "x" }]);
    expect(at(0, 0)).toBe(0);
    expect(at(0, length)).toBe(length);
    expect(at(length, 0)).toBe(0);
    expect(at(length - 1, 1)).toBe(1);
    expect(at(length + 1, 0)).toBe("UKI_PE");
    expect(at(length, 1)).toBe("UKI_PE");
    expect(at(0xffffffff, 0xffffffff)).toBe("UKI_PE");
  });

  test("a text is UTF-8, to the last byte", () => {
    expect(outcome(() => peText(unifiedKernelImage(Buffer.from("a\xff", "latin1"), ""), ".cmdline"))).toBe("UKI_UTF8");
    expect(peText(unifiedKernelImage("\ufeffé\0", ""), ".cmdline")).toBe("\ufeffé\0");
  });
});

/** The same by single bytes and bigints: undefined when it is no PE file. */
function naiveSections(file: Uint8Array): PeSection[] | undefined {
  const number = (at: bigint, bytes: number): bigint => {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) {
      const byte = file[Number(at) + i];
      if (byte === undefined) throw new RangeError();
      value = value * 256n + BigInt(byte);
    }
    return value;
  };
  try {
    const peAt = number(0x3cn, 4);
    if (number(peAt, 4) !== 0x4550n) return undefined;
    const count = number(peAt + 6n, 2);
    const tableAt = peAt + 24n + number(peAt + 20n, 2);
    if (tableAt > BigInt(file.length)) return undefined;
    const sections: PeSection[] = [];
    for (let i = 0n; i < count; i++) {
      const at = tableAt + 40n * i;
      number(at, 40);
      const name = Buffer.from(file.subarray(Number(at), Number(at) + 8)).toString("latin1");
      const [size, offset] = [number(at + 8n, 4), number(at + 20n, 4)];
      sections.push({ name: name.replace(/\0+$/, ""), offset: Number(offset), size: Number(size) });
    }
    return sections;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Numbers that are worth trying in a header. */
const NUMBERS = [0, 1, 3, 4, 0x3c, 0x40, 0x80, 0x100, 0x1ff, 0x200, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Damages the headers of a file, or cuts it. */
function mutate(original: Uint8Array, random: SplitMix64): Buffer {
  const bytes = Buffer.from(original);
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.pick([random.below(bytes.length - 4), 0x3c, 0x80 + random.below(180)]);
    const kind = random.below(4);
    if (kind === 0) bytes[at]! ^= 1 << random.below(8);
    else if (kind === 1) bytes.writeUInt16LE(random.pick(NUMBERS) & 0xffff, at);
    else bytes.writeUInt32LE(random.pick(NUMBERS), at);
  }
  return random.chance(30) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

test.each([1, 2, 3, 4])("damaged files: as read byte by byte, seed %i", (seed) => {
  const random = new SplitMix64(seed);
  const original = unifiedKernelImage("rw composefs=x", "ID=x\nNAME='y z'\n");
  const seen = new Set<unknown>();
  for (let i = 0; i < 2000; i++) {
    const file = mutate(original, random);
    const expected = naiveSections(file);
    expect(outcome(() => peSections(file))).toEqual(expected ?? "UKI_PE");
    for (const name of [".osrel", ".cmdline"]) {
      const section = expected?.find((candidate) => candidate.name === name);
      const found = outcome(() => peSection(file, name));
      if (typeof found === "string") seen.add(found);
      if (expected === undefined) expect(found).toBe("UKI_PE");
      else if (section === undefined) expect(found).toBe("UKI_SECTION");
      else if (section.offset + section.size > file.length) expect(found).toBe("UKI_PE");
      else expect(found).toEqual(file.subarray(section.offset, section.offset + section.size));
    }
    for (const text of [() => peText(file, ".cmdline"), () => labelOf(file)]) seen.add(outcome(text));
  }
  // Every kind of outcome came about.
  for (const one of ["UKI_PE", "UKI_SECTION", "UKI_UTF8", "UKI_LABEL", "rw composefs=x", "y z"]) {
    expect(seen).toContain(one);
  }
});
