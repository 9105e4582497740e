/** Why images of one tree differ, and whether they are what the writer makes of it. */
import { describe, expect, test } from "vitest";
import { checkCanonical, explainImages } from "../../../src/explain/image.ts";
import { formatImages, imagesToJson } from "../../../src/explain/image-text.ts";
import type { Tree } from "../../../src/image/tree.ts";
import { readFixture } from "../../support/fixtures.ts";
import { imageOf, scan } from "../../support/images.ts";
import { buildErofs, directory, file, withStubs, xattr } from "../../support/naive/erofs-image.ts";
import { treeOf } from "../../support/trees.ts";

/** Without the name that comes before the one that has the inode: see "hardlink-place". */
const mixed = Buffer.from(readFixture("dump/mixed.dump"))
  .toString("latin1")
  .replace(/^.*alias.*\n/m, "");

/** An image with some of its bytes changed. */
function patched(image: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(image);
  change(copy);
  return copy;
}

/** Where the inode of the entry at a path begins. */
function inodeOf(image: Buffer, path: string): number {
  return scan(image).openCursor().find(Buffer.from(path))!.origin * 32;
}

const explain = (a: Tree, b: Tree) => explainImages(a, b, "off");
const text = (a: Tree, b: Tree) => formatImages(explain(a, b));

describe("explainImages", () => {
  const image = imageOf(mixed, "v1");

  test.each(["v0", "v1", "v2"] as const)("the same image of format %s twice", (format) => {
    const same = imageOf(mixed, format);
    expect(text(scan(same), scan(same))).toBe(
      "The images are the same bytes.\n" +
        `A is canonical: it is what composefs-wasm writes of its tree in format ${format}.\n` +
        `B is canonical: it is what composefs-wasm writes of its tree in format ${format}.\n`,
    );
  });

  test("formats", () => {
    const explanation = explain(scan(image), scan(imageOf(mixed, "v0")));
    expect(imagesToJson(explanation)).toEqual({
      equal: false,
      formats: { a: "v1", b: "v0" },
      a: { canonical: true },
      b: { canonical: true },
    });
    expect(formatImages(explanation)).toMatch(/^The formats of the images differ: A is v1, B is v0.\n/);
  });

  test("an image and its dumpfile, on either side", () => {
    for (const format of ["v0", "v1", "v2"] as const) {
      const sides = [scan(imageOf(mixed, format)), treeOf(mixed)] as const;
      expect(text(...sides)).toMatch(`The image is the one that the dumpfile gives in format ${format}.\nA is canon`);
      expect(text(sides[1], sides[0])).toMatch(
        `The image is the one that the dumpfile gives in format ${format}.\nB is`,
      );
    }
  });

  test("a field of the superblock and one of an inode", () => {
    const at = inodeOf(image, "/etc/hostname");
    const other = patched(image, (copy) => {
      copy.writeUInt32LE(7, 1024 + 4);
      copy.writeUInt32LE(1, at + 20);
    });
    const explanation = explain(scan(image), scan(other));
    const ino = image.readUInt32LE(at + 20);
    expect(imagesToJson(explanation)["comparison"]).toMatchObject({
      structures: 2,
      head: [{ structure: "superblock", field: "checksum", offset: 1028, a: "0x0", b: "0x7" }],
      first: {
        structure: "compact inode",
        path: "/etc/hostname",
        field: "i_ino",
        offset: at + 20,
        a: `0x${ino.toString(16)} (${ino})`,
        b: "0x1 (1)",
      },
    });
    expect(explanation.a).toEqual({ canonical: true });
    expect(explanation.b).toMatchObject({ canonical: false });
    expect(formatImages(explanation)).toContain(
      `  compact inode of /etc/hostname, i_ino (0x00${(at + 20).toString(16)}): A 0x${ino.toString(16)} (${ino}), B 0x1 (1)\n`,
    );
  });

  test("an image that is not the one of the dumpfile", () => {
    const other = patched(image, (copy) => copy.writeUInt8(1, 100));
    const [stored, written] = ["01000000000000000000000000000000…", "00000000000000000000000000000000…"];
    expect(text(treeOf(mixed), scan(other))).toBe(
      `The image B is not the one that the dumpfile A gives in format v1: 1 byte of B in 1 of 660 structures.
  padding, pad (0x000064): B ${stored}, A ${written}
B is not canonical; the likely cause is padding-used: bytes in the padding or in the place of chunk pointers, which nothing reads.
  padding, pad (0x000064): stored ${stored}, written ${written}
`,
    );
  });

  test("an image that its dumpfile gives and its tree does not", () => {
    const dump = readFixture("dump/mixed.dump");
    const lines = text(scan(imageOf(dump, "v1")), treeOf(dump)).split("\n");
    expect(lines.slice(0, 2)).toEqual([
      "The image is the one that the dumpfile gives in format v1.",
      "A is not canonical; the likely cause is hardlink-place: a hardlinked inode that was placed at another one of its " +
        "names, as C places it where the dumpfile has it.",
    ]);
  });
});

describe("likely causes", () => {
  const v1 = imageOf(mixed, "v1");
  const v2 = imageOf(mixed, "v2");
  const causeOf = (image: Buffer) => checkCanonical(scan(image), "off").cause;

  test.each<[string, () => Buffer]>([
    ["trailing-bytes", () => Buffer.concat([v1, Buffer.alloc(4096)])],
    ["padding-used", () => patched(v1, (copy) => copy.writeUInt8(1, 100))],
    ["superblock-stamp", () => patched(v1, (copy) => copy.fill(0xab, 1024 + 48, 1024 + 64))],
    ["superblock-field", () => patched(v1, (copy) => copy.writeUInt32LE(1, 1024 + 16))],
    ["inode-numbers", () => patched(v1, (copy) => copy.writeUInt32LE(77, inodeOf(v1, "/etc/mtab") + 20))],
    ["link-counts", () => patched(v2, (copy) => copy.writeUInt32LE(5, inodeOf(v2, "/etc/mtab") + 44))],
    ["name-filter", () => patched(v1, (copy) => copy.writeUInt32LE(0, inodeOf(v1, "/etc/mtab") + 32))],
    ["hardlink-place", () => imageOf(readFixture("dump/hardlink-not-first.dump"), "v0")],
    ["other-writer", () => buildErofs(withStubs(directory([["a", file("content")]])), 1).bytes],
  ])("%s", (cause, image) => {
    expect(causeOf(image())).toBe(cause);
  });

  test("a tree that the writer refuses", () => {
    const xattrs = Array.from({ length: 256 }, (_, i) => xattr(`user.${i}`));
    const { bytes } = buildErofs(
      directory([
        ["a", file("", { xattrs })],
        ["b", file("", { xattrs })],
      ]),
    );
    const found = explain(scan(bytes), scan(bytes));
    expect(found).toMatchObject({ equal: true, a: { canonical: false, cause: "other-writer" } });
    expect(formatImages(found)).toContain(
      "\n  composefs-wasm does not write its tree: image, field 12 (xattr): format v2 cannot share",
    );
    expect(imagesToJson(found)["a"]).toEqual({ ...found.a });
  });

  test("shared xattrs in another order", () => {
    const dump = "/ 0 40755 2 0 0 0 0.0 - - - user.a=1 user.b=2\n/f 0 100644 1 0 0 0 0.0 - - - user.a=1 user.b=2\n";
    const image = imageOf(dump, "v0");
    const [a, b] = [Buffer.from("\x01\x01\x01\x00a1\0\0"), Buffer.from("\x01\x01\x01\x00b2\0\0")];
    const swapped = patched(image, (copy) => {
      const [atA, atB] = [image.indexOf(a), image.indexOf(b)];
      b.copy(copy, atA);
      a.copy(copy, atB);
      for (const path of ["/", "/f"]) {
        const references = inodeOf(image, path) + 32 + 12;
        image.copy(copy, references, references + 4, references + 8);
        image.copy(copy, references + 4, references, references + 4);
      }
    });
    expect(causeOf(swapped)).toBe("shared-xattrs");
  });
});
