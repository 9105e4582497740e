/** Which digest is this: every digest that the reference tools gave is found, and what is mistaken for them is named. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { type IdentifyOptions, identify, parseExpected } from "../../../src/explain/identify.ts";
import { identificationText } from "../../../src/explain/identify-text.ts";
import { VARIANTS } from "../../../src/explain/identify-variants.ts";
import { DumpJob, ScanJob } from "../../../src/image/job.ts";
import { verityDigest } from "../../../src/index.ts";
import { type ExpectedImage, readFixture, vectors } from "../../support/fixtures.ts";

const READ = { strict: false, accelerator: "off" } as const;

function plainHash(name: string) {
  const hash = createHash(name);
  return { update: (bytes: Uint8Array) => hash.update(bytes), digest: () => hash.digest("hex") };
}

/** Identifies a digest, of a dumpfile or an image. */
async function find(input: Uint8Array | string, digest: string, options: Partial<IdentifyOptions> = {}) {
  const bytes = typeof input === "string" ? Buffer.from(input) : input;
  const engine = acquireEngineSync();
  try {
    const job = bytes[0] === "/".charCodeAt(0) ? new DumpJob(engine, READ) : new ScanJob(engine, READ);
    job.write(bytes);
    const tree = job.end();
    const expected = parseExpected(digest);
    const plain = createHash(expected.hash).update(bytes).digest("hex");
    const verity = await verityDigest(bytes, { hash: expected.hash, accelerator: "off" });
    const all = { accelerator: "off", plainHash, input: { plain, verity }, ...options } as const;
    const result = await identify(engine, tree, expected, all);
    const stored = tree.image && { format: tree.format!, size: tree.image.size };
    return { ...result, text: identificationText(expected, result, stored), objectHash: tree.counts.objectHash };
  } finally {
    releaseEngine(engine);
  }
}

/** The image of a dumpfile. */
function imageOf(input: string, format: "v0" | "v1" | "v2"): Uint8Array {
  const engine = acquireEngineSync();
  const job = new DumpJob(engine, READ);
  job.write(Buffer.from(input));
  const image = job.end().openImage(format, []);
  const pieces: Uint8Array[] = [];
  for (let piece = image.read(); piece.length > 0; piece = image.read()) pieces.push(piece.slice());
  releaseEngine(engine);
  return Buffer.concat(pieces);
}

const v1Digest = (input: string) => verityDigest(imageOf(input, "v1"));

describe("the digests of the reference tools", () => {
  async function expectFound(input: Uint8Array, image: ExpectedImage, format: string) {
    for (const [digest, hash] of [
      [image.fsverity_sha256, "sha256"],
      [image.fsverity_sha512, "sha512"],
    ] as const) {
      const { found, objectHash } = await find(input, digest);
      const isProfile = objectHash === null || objectHash === hash;
      expect(found).toEqual({
        what: "image",
        variant: "given",
        format,
        algorithm: `${hash}-12`,
        profile: isProfile ? `${format}-${hash}-12` : undefined,
        digest,
      });
    }
    for (const [digest, what] of [[image.sha256, "image-bytes"]] as const) {
      expect((await find(input, digest)).found).toMatchObject({ what, variant: "given", format, profile: undefined });
    }
  }

  test.each(vectors.vectors.map((vector) => [vector.name, vector] as const))("%s", async (_, vector) => {
    const input = readFixture(vector.file!);
    for (const run of vector.runs) await expectFound(input, run, `v${run.composefs_version}`);
    if (vector.v2 !== undefined) await expectFound(input, vector.v2, "v2");
  });

  test.each(vectors.sha512.map((vector) => [vector.name, vector] as const))("%s", async (_, { file, images }) => {
    for (const format of ["v0", "v1", "v2"] as const) await expectFound(readFixture(file), images[format], format);
  });
});

const DIGEST = "9f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e";
const OBJECT = `${DIGEST.slice(0, 2)}/${DIGEST.slice(2)}`;
/** In canonical form. */
const TREE = `\
/ 0 40755 4 0 0 0 1.5 - - - security.selinux=root
/run 0 40755 2 0 0 0 3.0 - - -
/run/x 1 100644 1 0 0 0 3.0 - x - security.capability=c
/usr 0 40700 2 1 2 0 4.5 - - - security.capability=d user.k=v
/usr/a 2 100644 2 0 0 0 4.5 store/a - ${DIGEST}
/usr/b 0 @120000 - - - - 0.0 /usr/a - -
`;

describe("what is mistaken for a digest", () => {
  const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");

  test("a hash of the input, or of its canonical form", async () => {
    expect((await find(TREE, sha256(TREE))).found).toMatchObject({ what: "canonical-dump", profile: undefined });
    const sloppy = TREE.replace("/ 0 ", "/ 1 ");
    expect((await find(sloppy, sha256(sloppy))).found).toMatchObject({ what: "input-bytes", profile: undefined });
    expect((await find(sloppy, sha256(TREE))).found).toMatchObject({ what: "canonical-dump" });
    expect((await find(TREE, await verityDigest(Buffer.from(TREE)))).found).toMatchObject({
      what: "input",
      algorithm: "sha256-12",
      profile: undefined,
    });
    const sha512 = createHash("sha512").update(TREE).digest("hex");
    expect((await find(TREE, sha512)).found).toMatchObject({ what: "canonical-dump" });
  });

  test("is told plainly, with the digest that was meant", async () => {
    const image = imageOf(TREE, "v0");
    expect((await find(TREE, sha256(image))).text).toBe(`\
profile  none
digest   plain SHA-256 of the v0 image
tree     as given
note     a plain hash is no fs-verity digest: the kernel never reports it
instead  v0-sha256-12:${await verityDigest(image)}
`);
    expect((await find(TREE, await verityDigest(image, { hash: "sha512" }))).text).toMatch(
      /^profile {2}none\ndigest {3}fs-verity, SHA-512 .*\nnote {5}the image names its objects by SHA-256 digests; no/ms,
    );
  });

  test("without plain hashes the rest is tried", async () => {
    const { found, tried } = await find(TREE, "0".repeat(64), { plainHash: undefined, input: {} } as object);
    expect(found).toBeUndefined();
    expect(new Set(tried.map(({ what }) => what))).toEqual(new Set(["image"]));
  });
});

describe("variants of the tree", () => {
  const changed: Record<string, [from: string, to: string]> = {
    canonical: ["/usr/b 0 @120000 - - - - 0.0 /usr/a - -", ""],
    nanoseconds: [TREE, TREE.replaceAll(/\.5 /g, ".0 ")],
    mtimes: [TREE, TREE.replaceAll(/ \d\.\d -/g, " 0.0 -").replaceAll(/ \d\.\d s/g, " 0.0 s")],
    "directory-mtimes": [TREE, TREE.replaceAll(/(0 40.*) \d\.\d/g, "$1 0.0")],
    xattrs: [TREE, TREE.replaceAll(/ (security|user)\.\S+/g, "")],
    labels: [TREE, TREE.replaceAll(/ security\.selinux\S+/g, "")],
    "user-xattrs": [TREE, TREE.replaceAll(/ security\.\S+/g, "")],
    oci: [
      TREE,
      TREE.replace(/.*\n/, "/ 0 40700 4 1 2 0 4.5 - - - security.capability=d\n")
        .replace(/\/run .*\n.*\n/, "/run 0 40755 2 0 0 0 4.5 - - -\n")
        .replace(" user.k=v", ""),
    ],
    "oci-user-xattrs": [
      TREE,
      TREE.replace(/.*\n/, "/ 0 40700 4 1 2 0 4.5 - - - security.capability=d user.k=v\n").replace(
        /\/run .*\n.*\n/,
        "/run 0 40755 2 0 0 0 4.5 - - -\n",
      ),
    ],
    "object-paths": [TREE, TREE.replace("store/a", OBJECT)],
    hardlinks: [
      TREE,
      TREE.replace("100644 2", "100644 1").replace(/\/usr\/b.*/, `/usr/b 2 100644 1 0 0 0 4.5 store/a - ${DIGEST}`),
    ],
  };
  // The owner behind its other name, with an untrue count.
  changed["canonical"] = [
    TREE.replace(/(\/usr\/)a( 2 100644) 2(.*\n)\/usr\/b .*/, "$1b$2 9$3/usr/a 0 @100644 - - - - - /usr/b - -"),
    TREE,
  ];

  test.each(VARIANTS.map((variant) => [variant.id, variant] as const))("%s", async (id, { text, reason }) => {
    const [from, to] = changed[id]!;
    expect(to).not.toBe(from);
    const result = await find(from, await v1Digest(to));
    expect(result.found).toMatchObject({ what: "image", variant: id, profile: "v1-sha256-12" });
    expect(result.text).toContain(`\ntree     not as given: ${text}\nreason   ${reason}\n`);
  });

  test("what leaves no tree is left out", async () => {
    // The transform empties /run, and /usr/z would be a name of nothing.
    const tree = `${TREE}/usr/z 0 @100644 - - - - - /run/x - -\n`;
    const { tried } = await find(tree, "0".repeat(64));
    expect(tried.map(({ variant }) => variant)).not.toContain("oci");
    expect(tried.map(({ variant }) => variant)).toContain("hardlinks");
  });

  test("a canonical dumpfile is not tried twice, and no digest is", async () => {
    const { tried } = await find(TREE, "0".repeat(64));
    expect(tried.map(({ variant }) => variant)).not.toContain("canonical");
    expect(new Set(tried.map(({ digest }) => digest)).size).toBe(tried.length);
  });
});

describe("images", () => {
  test("the stored image, its tree in another format, a variant of it", async () => {
    const image = imageOf(TREE, "v0");
    const stored = `stored   v0 image, ${image.length} bytes, canonical: its tree written anew is the same image\n`;
    const own = await find(image, await verityDigest(image));
    expect(own.found).toMatchObject({ profile: "v0-sha256-12", variant: "given" });
    expect(own.text).toContain(stored);
    expect((await find(image, await v1Digest(TREE))).found).toMatchObject({ profile: "v1-sha256-12" });
    expect((await find(image, await v1Digest(TREE.replaceAll(".5", ".0")))).found).toMatchObject({
      profile: "v1-sha256-12",
      variant: "nanoseconds",
    });
    expect((await find(image, createHash("sha256").update(TREE).digest("hex"))).found).toMatchObject({
      what: "canonical-dump",
    });
  });

  test("an image that no writer makes: its own digest, and where it differs", async () => {
    const image = Buffer.from(imageOf(TREE, "v1"));
    image[1024 + 0x30] = 1; // uuid
    const own = await find(image, await verityDigest(image));
    expect(own.found).toMatchObject({ what: "input", algorithm: "sha256-12", profile: undefined });
    expect(own.text).toBe(`\
profile  none
digest   fs-verity, SHA-256 over blocks of 4096 bytes, of the input file as it is
tree     as given
stored   v1 image, ${image.length} bytes, not canonical: its tree written anew is another image
nearest  written as v1: ${image.length} bytes, of which 1 of ${image.length / 4096} blocks differ
first    difference at byte 1072: superblock, uuid
`);
    const other = await find(image, await v1Digest(TREE));
    expect(other.found).toMatchObject({ profile: "v1-sha256-12" });
    expect(other.text).toContain("not canonical");
    const wide = await find(image, await verityDigest(image, { blockSize: 65536 }));
    expect(wide.found).toMatchObject({ what: "input", algorithm: "sha256-16" });
  });

  test.each([
    [1000, "padding"],
    [1024 + 0x40, "superblock, volume_name"],
    [1152 + 20, "compact inode, i_ino, of /"],
  ])("the first byte that differs, %i, is in the %s", async (offset, place) => {
    const image = Buffer.from(imageOf(TREE, "v1"));
    image[offset]! ^= 1;
    const { text } = await find(image, "0".repeat(64));
    expect(text).toContain(`first    difference at byte ${offset}: ${place}\n`);
  });

  test("an image with a block behind its end", async () => {
    const image = Buffer.concat([imageOf(TREE, "v1"), Buffer.alloc(4096)]);
    const { comparisons } = await find(image, "0".repeat(64));
    expect(comparisons.map(({ format }) => format)).toEqual(["v1", "v0", "v2"]);
    expect(comparisons[0]).toEqual({
      format: "v1",
      size: image.length - 4096,
      firstDifference: image.length - 4096,
      differentBlocks: 1,
    });
  });
});

test("nothing found: a table of all that was tried, at most 100 columns wide", async () => {
  const { text, found } = await find(TREE, "0".repeat(128));
  expect(found).toBeUndefined();
  expect(text.split("\n")[0]).toMatch(/^profile {2}none; \d+ sha512 digests were tried$/);
  expect(text).toContain(
    "note     the tree names its objects by SHA-256 digests; those of its profiles are SHA-256, too\n",
  );
  expect(text).toMatch(/^given {13}v1 sha512-12 {5}[0-9a-f]{64}…$/m);
  expect(text).toMatch(/^hardlinks {9}v1 sha512-12 {5}[0-9a-f]{64}…$/m);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  const long = `${TREE}/usr/l 1025 120777 1 0 0 0 0.0 ${"x".repeat(1025)} - -\n`;
  expect((await find(long, "0".repeat(64))).text).toContain("refused  v2 image: EROFS_V2_SYMLINK\n");
});

describe("the expected digest", () => {
  const hex = "aB".repeat(32);

  test("in all forms that tools print", () => {
    for (const [text, label] of [
      [hex, undefined],
      [` ${hex}\n`, undefined],
      [`sha256:${hex}`, "sha256"],
      [`v1-sha256-12:${hex}`, "v1-sha256-12"],
      [`canonical-dump-sha256:${hex}`, "canonical-dump-sha256"],
      [`composefs=${hex}`, undefined],
      [`composefs=?${hex}`, undefined],
      [`composefs.digest=v0-sha256-16:${hex}`, "v0-sha256-16"],
    ] as const) {
      expect(parseExpected(text)).toEqual({ hex: hex.toLowerCase(), hash: "sha256", label });
    }
    expect(parseExpected(hex + hex)).toEqual({ hex: (hex + hex).toLowerCase(), hash: "sha512", label: undefined });
  });

  test.each([
    ["", 'got ""'],
    ["ab", "got 2 digits"],
    [`${hex}a`, "got 65 digits"],
    [`${hex.slice(1)}g`, "got "],
    [`sha512:${hex}`, 'expected the label of a sha256 digest before the colon, got "sha512"'],
    [`v1-sha512-12:${hex}`, 'got "v1-sha512-12"'],
    [`v3-sha256-12:${hex}`, 'got "v3-sha256-12"'],
    [`md5:${hex}`, 'got "md5"'],
  ])("%j is refused", (text, message) => {
    expect(() => parseExpected(text)).toThrow(RangeError);
    expect(() => parseExpected(text)).toThrow(message);
  });

  test("a label that says something else is called wrong", async () => {
    const digest = await v1Digest(TREE);
    for (const label of ["v0-sha256-12", "v1-sha256-16", "canonical-dump-sha256"]) {
      expect((await find(TREE, `${label}:${digest}`)).text).toContain(`note     the label ${label} is wrong\n`);
    }
    for (const label of ["v1-sha256-12", "sha256"]) {
      expect((await find(TREE, `${label}:${digest}`)).text).not.toContain("note");
    }
  });
});
