/**
 * Malformed images, made by patching two good ones: each is refused for its own reason, at its own place. Whether it is
 * refused is the specification's word (`test/fixtures/reader-negative.json`); code, offset and path are pinned here.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { FORMAT_V1, FORMAT_V2, SCAN_STRICT } from "../../assembly/abi.ts";
import { readFixture } from "../support/fixtures.ts";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

interface NegativeCase {
  name: string;
  base: "v1" | "v2";
  patches: { offset: number; hex: string }[];
  truncate?: number;
  rule: string;
  expect: "reject" | "reject-strict";
}

const negative = JSON.parse(Buffer.from(readFixture("reader-negative.json")).toString()) as {
  base_sha256: Record<"v1" | "v2", string>;
  cases: NegativeCase[];
};

/** Code, offset, and path of the entry or names of features. */
const PINNED: Record<string, string> = {
  "truncate-0": "IMAGE_TOO_SHORT 0",
  "truncate-31": "IMAGE_TOO_SHORT 0",
  "truncate-1151": "IMAGE_TOO_SHORT 0",
  "truncate-inodes": "IMAGE_XATTR_BLKADDR 1068",
  "truncate-last-block": "IMAGE_DATA 13984 /blk",
  "cfs-magic": "IMAGE_NOT_COMPOSEFS 0",
  "cfs-hdr-version": "IMAGE_HEADER_VERSION 4",
  "cfs-version-3": "IMAGE_VERSION 12",
  "sb-magic": "IMAGE_NOT_EROFS 1024",
  "blkszbits-0": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-9": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-11": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-13": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-31": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-63": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-64": "IMAGE_BLOCK_SIZE 1036",
  "blkszbits-255": "IMAGE_BLOCK_SIZE 1036",
  "feature-compat": "IMAGE_FEATURE_COMPAT 1032",
  "feature-incompat": "IMAGE_FEATURE_INCOMPAT 1104 zero_padding",
  "compr-algs": "IMAGE_COMPRESSED 1108",
  "extra-devices": "IMAGE_DEVICES 1110",
  extslots: "IMAGE_SB_EXTSLOTS 1037",
  "packed-nid": "IMAGE_PACKED_INODE 1120",
  "meta-blkaddr": "IMAGE_META_BLKADDR 1064",
  "prefix-count": "IMAGE_XATTR_PREFIXES 1115",
  "xattr-blkaddr": "IMAGE_XATTR_BLKADDR 1068",
  "root-nid-out": "IMAGE_NID 1038 /",
  "root-nid-superblock": "IMAGE_NID 1038 /",
  "root-not-dir": "IMAGE_ROOT_TYPE 18752 /",
  "layout-1": "IMAGE_LAYOUT 1152 /",
  "layout-3": "IMAGE_LAYOUT 1152 /",
  "layout-5": "IMAGE_LAYOUT 1152 /",
  "layout-6": "IMAGE_LAYOUT 1152 /",
  "layout-7": "IMAGE_LAYOUT 1152 /",
  "format-high-bits": "IMAGE_STRICT_RESERVED 18784 /zz",
  "dir-size-huge": "IMAGE_DATA 1152 /",
  "dir-blkaddr": "IMAGE_DATA 1152 /",
  "icount-huge": "IMAGE_INODE 1152 /",
  "shared-count": "IMAGE_XATTR_REFERENCES 1188 /",
  "shared-ref": "IMAGE_XATTR_REFERENCE 1196 /",
  "xattr-index-7": "IMAGE_XATTR_INDEX 1201 /",
  "xattr-index-long": "IMAGE_XATTR_INDEX 1201 /",
  "xattr-value-long": "IMAGE_XATTR_ENTRY 1200 /",
  "xattr-name-long": "IMAGE_XATTR_ENTRY 1200 /",
  "dir-nameoff-0": "IMAGE_NAMEOFF 15280 /d",
  "dir-nameoff-13": "IMAGE_NAMEOFF 15280 /d",
  "dir-nameoff-big": "IMAGE_NAMEOFF 15280 /d",
  "dir-nameoff-decreasing": "IMAGE_NAMEOFF 15280 /d",
  "dir-dot-nid": "IMAGE_DOT 15272 /d",
  "dir-dotdot-nid": "IMAGE_DOTDOT 15284 /d",
  "dir-dot-missing": "IMAGE_DIRECTORY_TWICE 15272 /d/!",
  "dir-slash": "IMAGE_NAME_BYTE 15348 /d",
  "dir-nul": "IMAGE_NAME_BYTE 15348 /d",
  "dir-unsorted": "IMAGE_NAME_ORDER 15308 /d/zzzz",
  "dir-duplicate": "IMAGE_NAME_TWICE 35732 /ext",
  "dir-filetype": "IMAGE_FILE_TYPE 15306 /d/link",
  "dir-child-out": "IMAGE_NID 15296 /d/link",
  "dir-child-huge": "IMAGE_NID 15296 /d/link",
  "dir-loop": "IMAGE_DIRECTORY_TWICE 15308 /d/sub",
  "dir-loop-root": "IMAGE_DIRECTORY_TWICE 15308 /d/sub",
  "dir-twice": "IMAGE_DIRECTORY_TWICE 15308 /d/sub",
  "dir-nlink": "IMAGE_DIRECTORY_NLINK 15104 /d",
  "type-0": "IMAGE_TYPE 18756 /fifo",
  "symlink-zero-size": "IMAGE_SYMLINK_LENGTH 28704 /d/link",
  "metacopy-version": "IMAGE_METACOPY 17476 /ext",
  "metacopy-len": "IMAGE_METACOPY 17476 /ext",
  "metacopy-flags": "IMAGE_METACOPY 17476 /ext",
  "metacopy-alg": "IMAGE_METACOPY 17476 /ext",
  "whiteout-nlink": "IMAGE_WHITEOUT_LINKED 28864 /d/white",
  "native-whiteout": "IMAGE_NATIVE_WHITEOUT 15072 /chr",
  "leaf-nlink": "IMAGE_STRICT_NLINK 18752 /fifo",
  "file-inline-big": "IMAGE_INLINE_TOO_LONG 18784 /zz",
  "file-blkaddr": "IMAGE_DATA 13536 /big",
  "v2-dir-size": "IMAGE_DATA 1152 /",
  "v2-nid-2-53": "IMAGE_DOT 19456 /d",
  "v2-shared-ref": "IMAGE_XATTR_REFERENCE 1228 /",
  "v2-symlink-size": "IMAGE_DATA 19552 /d/link",
};

const engine = new RawEngine(compileEngine());
const bases = {
  v1: engine.build(readFixture("dump/reader-base.dump"), FORMAT_V1).image,
  v2: engine.build(readFixture("dump/reader-base-v2.dump"), FORMAT_V2).image,
};

/** Code, offset and text of the refusal, or `OK`. */
function answer(image: Uint8Array, flags: number): string {
  try {
    engine.scan([image], { flags });
    return "OK";
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    return `${error.code} ${error.offset} ${error.text}`.trim();
  }
}

test.each(["v1", "v2"] as const)("the good image %s", (name) => {
  expect(createHash("sha256").update(bases[name]).digest("hex")).toBe(negative.base_sha256[name]);
  for (const flags of [0, SCAN_STRICT]) expect(answer(bases[name], flags)).toBe("OK");
});

test.each(negative.cases.map((one) => [one.name, one.rule, one] as const))("%s: %s", (name, _, one) => {
  const image = Buffer.from(bases[one.base]);
  for (const { offset, hex } of one.patches) image.set(Buffer.from(hex, "hex"), offset);
  const cut = image.subarray(0, one.truncate ?? image.length);
  expect(answer(cut, 0)).toBe(one.expect === "reject" ? PINNED[name] : "OK");
  expect(answer(cut, SCAN_STRICT)).toBe(PINNED[name]);
});

test("every pinned case is there", () => {
  expect(Object.keys(PINNED)).toEqual(negative.cases.map(({ name }) => name));
});
