/**
 * What later entries removed or replaced leaves no trace: a merged tree has the counts and the images of its canonical
 * dumpfile, in every view and format.
 */
import { expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { mergeNaively, type View } from "../support/naive/oci-tree.ts";
import { sha256 } from "../support/oci/golden.ts";
import { mergeFlags, mergeLayers, readLayer } from "../support/oci/raw-layers.mjs";
import { dir, dirs, entry, file, hardlink, type Item, symlink, tarball, whiteout } from "../support/oci/tar.mjs";
import { RawEngine } from "../support/raw-engine.mjs";

const engine = new RawEngine();
const VIEWS: View[] = ["allowlist-only", "keep-user-xattrs", "untransformed"];
const FORMATS = [abi.FORMAT_AUTO, abi.FORMAT_V0, abi.FORMAT_V1, abi.FORMAT_V2];
const COUNTS = {
  entries: abi.CONTROL_ENTRIES,
  directories: abi.CONTROL_DIRECTORIES,
  hardlinks: abi.CONTROL_HARDLINKS,
  externalFiles: abi.CONTROL_EXTERNAL_FILES,
  inlineFiles: abi.CONTROL_INLINE_FILES,
  symlinks: abi.CONTROL_SYMLINKS,
  whiteouts: abi.CONTROL_WHITEOUTS,
  digestBytes: abi.CONTROL_DIGEST_BYTES,
  externalBytes: abi.CONTROL_EXTERNAL_BYTES,
};

const acl = Buffer.from("0200000001000600ffffffff04000400ffffffff20000400ffffffff", "hex");
const large = "x".repeat(65);
const shared: [string, string][] = [["user.shared", "a value on two files"]];

/** What it is about, items of the lower layer behind /usr and /etc, items of the upper one. */
const CASES: [string, Item[], Item[]][] = [
  ["a file with an ACL", [file("etc/x", "", { xattrs: [["system.posix_acl_access", acl]] })], [whiteout("etc/.wh.x")]],
  ["the ACL of a directory", [dir("etc", { xattrs: [["system.posix_acl_default", acl]] })], [dir("etc")]],
  ["the ACL of the root", [dir("./", { xattrs: [["system.posix_acl_access", acl]] })], [dir("./")]],
  ["the only object", [file("etc/x", large)], [file("etc/x", "small")]],
  ["an object below a removed directory", [dir("etc/d"), file("etc/d/x", large)], [whiteout("etc/.wh.d")]],
  ["one of two files with the same object", [file("etc/x", large), file("etc/y", large)], [whiteout("etc/.wh.x")]],
  ["a character device 0", [entry("chr", "etc/x")], [file("etc/x", "")]],
  ["a character device 0 below an opaque directory", [entry("chr", "etc/x")], [whiteout("etc/.wh..wh..opq")]],
  ["overlay xattrs", [dir("etc/d", { xattrs: [["trusted.overlay.opaque", "y"]] })], [dir("etc/d")]],
  [
    "one of two files with the same xattr",
    [file("etc/x", "", { xattrs: shared }), file("etc/y", "", { xattrs: shared })],
    [file("etc/y", "")],
  ],
  ["the first of two names", [file("etc/x", large), hardlink("etc/y", "etc/x")], [whiteout("etc/.wh.x")]],
  [
    "all names but one",
    [file("etc/b", "b"), hardlink("etc/a", "etc/b"), hardlink("etc/c", "etc/b")],
    [whiteout("etc/.wh.a"), file("etc/b", "new")],
  ],
  [
    "a link that was replaced",
    [symlink("etc/x", "y"), hardlink("etc/l", "etc/x")],
    [hardlink("etc/l", "etc/x"), file("etc/x", "")],
  ],
  [
    "a name moved out of the directory that it replaces",
    [dir("etc/d"), file("etc/d/x", large)],
    [hardlink("etc/d", "etc/d/x")],
  ],
  [
    "the earliest mtime",
    [file("etc/x", "", { mtime: 1 }), dir("usr", { mtime: 9 }), dir("etc", { mtime: 9 })],
    [whiteout("etc/.wh.x")],
  ],
  ["what was in /run", [dir("run"), file("run/x", large), hardlink("etc/x", "run/x")], [file("run/y", large)]],
];

function countsAndImages(): unknown {
  const counts = Object.fromEntries(Object.entries(COUNTS).map(([name, slot]) => [name, Number(engine.control(slot))]));
  return { counts, images: FORMATS.map((format) => sha256(engine.image(format).image)) };
}

test.each(CASES)("%s", (_, lower, upper) => {
  const layers = [tarball([...dirs("usr", "etc"), ...lower]), tarball(upper)];
  const records = layers.map((layer) => readLayer(engine, layer));
  for (const view of VIEWS) {
    mergeLayers(engine, records, mergeFlags(view));
    const found = countsAndImages();
    const dump = engine.print();
    expect(dump.toString("latin1"), view).toBe(mergeNaively(layers, view).toString("latin1"));
    engine.parse([dump]);
    expect(found, view).toEqual(countsAndImages());
  }
});
