/** The index of an outer archive: names, places, and what is refused. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pack, pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import type { Archive } from "../../../src/source/container.ts";
import { SOURCE_LIMITS, type SourceLimits } from "../../../src/source/limits.ts";
import { indexTar, isTar } from "../../../src/source/outer-tar.ts";
import { dir, file, gnuLong, hardlink, header, pax, rawPax, symlink, tarball } from "../../support/oci/tar.mjs";

function archiveOf(bytes: Uint8Array, reads: number[] = []): Archive {
  return {
    name: "x.tar",
    size: bytes.length,
    read: async (offset, length) => {
      const part = bytes.subarray(offset, offset + length);
      reads.push(part.length);
      return part;
    },
    place: () => {
      throw new Error("not wanted here");
    },
  };
}

async function index(bytes: Uint8Array, limits: Partial<SourceLimits> = {}, keep: string[] = []) {
  return indexTar(archiveOf(bytes), { ...SOURCE_LIMITS, ...limits }, keep);
}

/** Names and contents. */
async function contents(bytes: Uint8Array) {
  const { members } = await index(bytes);
  const shown = [...members].map(([name, { type, offset, size, target }]) => {
    const data = Buffer.from(bytes.subarray(offset, offset + size)).toString();
    return [name, type === "file" ? data : type === "symlink" ? `-> ${target}` : type];
  });
  return Object.fromEntries(shown);
}

const LONG = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}`;

describe("members", () => {
  test("of every type", async () => {
    const bytes = tarball([
      dir("d/"),
      file("d/f", "one"),
      file("empty", ""),
      symlink("s", "../d/f"),
      hardlink("h", "d/f"),
      file("old/", "", { format: "v7" }),
      file("old-file", "two", { format: "v7" }),
      file("cont", "three", { type: "7" }),
      file("gnu", "four", { format: "gnu" }),
    ]);
    expect(await contents(bytes)).toEqual({
      d: "directory",
      "d/f": "one",
      empty: "",
      s: "-> ../d/f",
      h: "other",
      old: "directory",
      "old-file": "two",
      cont: "three",
      gnu: "four",
    });
  });

  test.each(["prefix", "gnu", "pax"] as const)("with a long name: %s", async (long) => {
    const name = long === "prefix" ? LONG.slice(0, 150) + LONG.slice(181, 240) : LONG;
    const target = long === "prefix" ? "t" : `../${LONG}`;
    const linkLong = long === "prefix" ? {} : { linkLong: long };
    const format = long === "gnu" ? ("gnu" as const) : ("ustar" as const);
    const bytes = tarball([
      file(name, "data", { long, format }),
      symlink("s", target, { ...linkLong, format }),
      file("after", "this"),
    ]);
    expect(await contents(bytes)).toEqual({ [name]: "data", s: `-> ${target}`, after: "this" });
  });

  test("with ./ before and / behind the name", async () => {
    const bytes = tarball([dir("./"), file("./a", "1"), file(".//b", "2"), file("././c", "3"), file("../d", "4")]);
    expect(Object.keys((await contents(bytes)) as object)).toEqual(["", "a", "b", "c", "../d"]);
  });

  test("with a size in PAX or in binary", async () => {
    const body = Buffer.alloc(512, "x");
    const bytes = Buffer.concat([
      pax([["size", "512"]]),
      header("a", "0", { size: 0 }),
      body,
      header("b", "0", { size: 512, base256: ["size"] }),
      body,
      tarball([file("c", "3")]),
    ]);
    expect(await contents(bytes)).toEqual({ a: "x".repeat(512), b: "x".repeat(512), c: "3" });
  });

  test("PAX records that do not matter, and global ones, change nothing", async () => {
    const bytes = Buffer.concat([
      pax([["path", "global"]], "g"),
      pax([
        ["comment", "path=no"],
        ["mtime", "1.5"],
      ]),
      header("a", "0", {}),
      rawPax("garbage"),
      header("b", "0", {}),
      rawPax("9 path=c\n-5 path=d\n"),
      header("x", "0", {}),
      rawPax("99999 path=e\n"),
      header("e", "0", {}),
      tarball([]),
    ]);
    expect(Object.keys((await contents(bytes)) as object)).toEqual(["a", "b", "c", "e"]);
  });

  test("of one name twice: the later one, and it is told", async () => {
    const { members } = await index(tarball([file("a", "1"), file("./a", "22"), file("b", "")]));
    expect(members.get("a")).toMatchObject({ size: 2, isTwice: true });
    expect(members.get("b")).toMatchObject({ isTwice: false });
  });

  test("as tar-stream writes them", async () => {
    const archive: Pack = pack();
    archive.entry({ name: LONG, mtime: new Date(0) }, "long");
    archive.entry({ name: "grün", type: "symlink", linkname: "ü".repeat(80) });
    archive.entry({ name: "d", type: "directory" });
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    expect(await contents(Buffer.concat(chunks))).toEqual({
      [LONG]: "long",
      grün: `-> ${"ü".repeat(80)}`,
      d: "directory",
    });
  });

  const formats = ["v7", "ustar", "gnu", "pax"];
  const hasTar = spawnSync("tar", ["--version"]).stdout?.toString().includes("GNU");
  test.skipIf(!hasTar).each(formats)("as GNU tar writes them: %s", async (format) => {
    const folder = mkdtempSync(join(tmpdir(), "outer-tar-"));
    const names = ["a", "e".repeat(90)];
    for (const name of names) writeFileSync(join(folder, name), name);
    const args = ["-C", folder, "--format", format, "-cf", join(folder, "x.tar"), ...names];
    expect(spawnSync("tar", args).status).toBe(0);
    const bytes = readFileSync(join(folder, "x.tar"));
    rmSync(folder, { recursive: true });
    expect(await contents(bytes)).toEqual(Object.fromEntries(names.map((name) => [name, name])));
  });
});

describe("reading", () => {
  test("skips the data", async () => {
    const bytes = tarball([file("a", () => Buffer.alloc(1 << 20)), file("b", () => Buffer.alloc(1 << 20))]);
    const reads: number[] = [];
    await indexTar(archiveOf(bytes, reads), SOURCE_LIMITS);
    expect(reads.reduce((a, b) => a + b)).toBeLessThan(100_000);
  });

  test("ends with the file, or with two zero blocks", async () => {
    const member = tarball([file("a", "1")], { end: 0 });
    expect(await contents(member)).toEqual({ a: "1" });
    // Without the padding of its data.
    expect(await contents(member.subarray(0, 513))).toEqual({ a: "1" });
    const behind = Buffer.concat([tarball([file("a", "1")]), Buffer.from("anything")]);
    expect(await contents(behind)).toEqual({ a: "1" });
    expect(await contents(Buffer.alloc(1024))).toEqual({});
  });
});

describe("refused", () => {
  const member = tarball([file("a", "1")], { end: 0 });
  const tooLarge = () => {
    const block = Buffer.from(header("a", "0", {}));
    return Buffer.concat([header("a", "0", { size: 2n ** 62n, base256: ["size"] }), block]);
  };

  test.each<[string, Uint8Array, string]>([
    ["a cut header", Buffer.concat([member, member.subarray(0, 100)]), "in the middle of an entry"],
    ["cut data", tarball([file("a", "x".repeat(2000))], { end: 0 }).subarray(0, 1500), "in the middle of an entry"],
    ["a lone zero block at the end", Buffer.concat([member, Buffer.alloc(512)]), "lone zero block"],
    ["a lone zero block", Buffer.concat([member, Buffer.alloc(512), member]), "lone zero block"],
    ["text", Buffer.alloc(1024, "text"), "checksum"],
    ["a wrong checksum", tarball([file("a", "1", { checksumError: 1 })]), "checksum"],
    ["a size that no file has", tooLarge(), "size"],
    ["a negative size", tarball([file("a", "", { patch: [[124, Buffer.alloc(12, 255)]] })]), "size"],
    ["a size in letters", tarball([file("a", "", { patch: [[124, "0000000000x"]] })]), "size"],
    ["a negative size in PAX", Buffer.concat([pax([["size", "-1"]]), member]), "size"],
    ["an empty size in PAX", Buffer.concat([pax([["size", ""]]), member]), "size"],
    ["an extension at the end", Buffer.concat([pax([["path", "x"]])]), "without an entry"],
    ["an extension before the end", Buffer.concat([gnuLong("L", "x"), Buffer.alloc(1024)]), "without an entry"],
    ["a cut extension", pax([["path", "x".repeat(600)]]).subarray(0, 700), "in the middle of an entry"],
  ])("%s", async (_, bytes, what) => {
    const error = expect.objectContaining({ code: "SOURCE_ARCHIVE", message: expect.stringContaining(what) });
    await expect(index(bytes)).rejects.toEqual(error);
  });

  test.each(["archiveNameBytes", "archiveHeaderBytes"] as const)("%s: at the limit, and one beyond", async (limit) => {
    const name = "ü".repeat(100);
    const long = gnuLong("L", name);
    const bytes = Buffer.concat([long, header("x", "0", {})]);
    const exact = limit === "archiveNameBytes" ? 200 : 201;
    expect((await index(bytes, { [limit]: exact })).members.has(name)).toBe(true);
    const error = { code: "SOURCE_LIMIT", data: { path: "x.tar", actual: exact, limit: exact - 1 } };
    await expect(index(bytes, { [limit]: exact - 1 })).rejects.toMatchObject(error);
  });

  test("an endless chain of extensions", async () => {
    const chain = Buffer.concat(Array.from({ length: 300 }, () => pax([["comment", "x".repeat(4000)]])));
    await expect(index(chain)).rejects.toMatchObject({ code: "SOURCE_LIMIT" });
  });
});

test("of too many entries those are kept that tell archives from layers", async () => {
  const items = [file("manifest.json", ""), file("a", ""), file("b", ""), file("index.json", ""), file("c", "")];
  const keep = ["manifest.json", "index.json"];
  const all = await index(tarball(items), { archiveEntries: 5 }, keep);
  expect([all.isComplete, all.members.size]).toEqual([true, 5]);
  const some = await index(tarball(items), { archiveEntries: 4 }, keep);
  expect([some.isComplete, [...some.members.keys()]]).toEqual([false, keep]);
});

test("a signal ends it", async () => {
  const bytes = tarball([file("a", "")]);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(indexTar(archiveOf(bytes), SOURCE_LIMITS, [], signal)).rejects.toThrowError("enough");
});

test("what begins like a tar", () => {
  expect(isTar(tarball([file("a", "")]))).toBe(true);
  expect(isTar(Buffer.alloc(512))).toBe(true);
  expect(isTar(Buffer.alloc(511))).toBe(false);
  expect(isTar(Buffer.alloc(512, "x"))).toBe(false);
  expect(isTar(Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n".repeat(30)))).toBe(false);
  // The sum of the bytes as signed numbers.
  const signed = Buffer.from(header("é", "0", {}));
  const sum = signed.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  signed.write(`${(sum - 512).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  expect(isTar(signed)).toBe(true);
});
