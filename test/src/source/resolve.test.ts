/** What an operand INPUT means: a dumpfile or an image, by its name's prefix or by its first bytes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { openInput, openSource, pathOfOperand } from "../../../src/source/resolve.node.ts";
import { header } from "../../support/oci/tar.mjs";
import { emptyFolder } from "../cli/run.ts";

const COMPOSEFS_MAGIC = [0x9a, 0x62, 0x78, 0xd0];
const EROFS_MAGIC = [0xe2, 0xe1, 0xf5, 0xe0];

/** Opens a file with these bytes and gives what it is and all of its bytes. */
function open(bytes: Uint8Array, name = "file", prefix = "") {
  const path = join(emptyFolder(), name);
  writeFileSync(path, bytes);
  const source = openSource(prefix + path);
  const parts: Buffer[] = [];
  const target = Buffer.alloc(7);
  for (let length = source.file.read(target); length > 0; length = source.file.read(target)) {
    parts.push(Buffer.from(target.subarray(0, length)));
  }
  source.file.close();
  return { kind: source.kind, name: source.name, path, bytes: Buffer.concat(parts), size: source.file.size };
}

describe("by content", () => {
  const superblock = Buffer.alloc(1028);
  superblock.set(EROFS_MAGIC, 1024);
  test.each([
    ["a composefs header", Buffer.from([...COMPOSEFS_MAGIC, 1, 2, 3]), "erofs"],
    ["a composefs header and no more", Buffer.from(COMPOSEFS_MAGIC), "erofs"],
    ["an EROFS superblock of other tools", superblock, "erofs"],
    ["a superblock cut off in its magic", superblock.subarray(0, 1027), "dump"],
    ["a superblock at another place", Buffer.concat([Buffer.alloc(1), superblock]), "dump"],
    ["text", Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n"), "dump"],
    ["long text", Buffer.alloc(5000, "/"), "dump"],
    ["nothing", Buffer.alloc(0), "dump"],
    ["three bytes of a magic", Buffer.from(COMPOSEFS_MAGIC.slice(0, 3)), "dump"],
  ] as const)("%s, and no byte is lost", (_, bytes, kind) => {
    const found = open(bytes);
    expect(found).toMatchObject({ kind, name: found.path, size: bytes.length });
    expect(found.bytes.equals(bytes)).toBe(true);
  });
});

describe("by prefix", () => {
  test("which decides, whatever the content", () => {
    expect(open(Buffer.from(COMPOSEFS_MAGIC), "file", "dump:")).toMatchObject({ kind: "dump" });
    expect(open(Buffer.from("text"), "file", "erofs:")).toMatchObject({ kind: "erofs" });
  });

  test("which is no part of the name", () => {
    const { name, path } = open(Buffer.from("text"), "file", "dump:");
    expect(name).toBe(path);
  });

  test("only once, and only at the beginning", () => {
    expect(open(Buffer.from("text"), "dump:file")).toMatchObject({ kind: "dump" });
    expect(open(Buffer.from("text"), "erofs:file")).toMatchObject({ kind: "dump" });
    expect(() => openSource("dump:dump:/missing")).toThrow('cannot open "dump:/missing"');
    expect(() => openSource("oc:/missing")).toThrow('cannot open "oc:/missing"');
  });

  test("in front of names with line ends", () => {
    expect(open(Buffer.from("text"), "a\nb", "erofs:")).toMatchObject({ kind: "erofs" });
  });
});

describe("container images", () => {
  const tar = Buffer.concat([header("usr/", "5", {}), Buffer.alloc(1024)]);

  test.each([
    ["a tar", tar],
    ["gzip", gzipSync(tar)],
    ["zstd", Buffer.from("28b52ffd2000010000", "hex")],
  ])("by content: %s", (_, bytes) => {
    const path = join(emptyFolder(), "file");
    writeFileSync(path, bytes);
    expect(openInput(path)).toEqual({ kind: "container", isDirectory: false, operand: path, name: path });
    expect(() => openSource(path)).toThrow(expect.objectContaining({ code: "USAGE" }));
    expect(openInput(`dump:${path}`).kind).toBe("dump");
  });

  test("by content: a directory with oci-layout", () => {
    const path = emptyFolder();
    writeFileSync(join(path, "oci-layout"), "");
    expect(openInput(path)).toEqual({ kind: "container", isDirectory: false, operand: path, name: path });
  });

  test.each(["dir:.", ".", "dir:missing"])("a directory: %s", (operand) => {
    const name = operand.replace("dir:", "");
    expect(openInput(operand)).toEqual({ kind: "container", isDirectory: true, operand, name });
  });

  test.each(["oci:x:tag", "oci-archive:x:tag", "docker-archive:x", "tar:x"])("by prefix: %s", (operand) => {
    expect(openInput(operand)).toEqual({ kind: "container", isDirectory: false, operand, name: "x" });
  });

  test("a name that Node destroyed is refused", () => {
    expect(() => openInput("oci:b\ufffd")).toThrow("not UTF-8");
  });
});

test("what cannot be opened is named without its prefix", () => {
  for (const operand of ["/no/such", "dump:/no/such", "erofs:/no/such"]) {
    expect(() => openSource(operand)).toThrow(
      expect.objectContaining({
        code: "IO_OPEN",
        message: 'cannot open "/no/such": No such file or directory',
        data: { path: "/no/such" },
      }),
    );
  }
  expect(() => openSource("dump:")).toThrow(expect.objectContaining({ code: "IO_OPEN", data: { path: "" } }));
  expect(() => openSource("/")).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: 'expected an EROFS image, "/" is a directory; make an image with mkfs',
    }),
  );
});

test("- is standard input, a name that Node destroyed is refused", () => {
  expect(pathOfOperand("-")).toBeNull();
  expect(pathOfOperand("./-")).toBe("./-");
  expect(() => pathOfOperand("b\ufffd")).toThrow(ComposefsError);
  const path = join(emptyFolder(), "b\ufffd");
  writeFileSync(path, "");
  expect(pathOfOperand(path)).toBe(path);
});
