/** Keys and values of seals in annotations. */
import { describe, expect, test } from "vitest";
import type { VerityAlgorithm } from "../../../src/image/profile.ts";
import { legacyDigest, readAnnotations, writeAnnotations } from "../../../src/seal/annotations.ts";
import { algorithmIdentifier, formatKey, parseKey, SEAL_ROLES } from "../../../src/seal/keys.ts";

const SHORT = "0123456789abcdef".repeat(4);
const MERGED = "composefs.merged.erofs.v1.fsverity-sha256-12";

test("the keys of the specification", () => {
  const algorithm = "sha512-12";
  expect(SEAL_ROLES.map((role) => formatKey({ role, algorithm }))).toEqual([
    "composefs.manifest.fsverity-sha512-12",
    "composefs.config.fsverity-sha512-12",
    "composefs.merged.erofs.v1.fsverity-sha512-12",
    "composefs.merged.bootable.erofs.v1.fsverity-sha512-12",
    "composefs.layer.erofs.v1.fsverity-sha512-12",
  ]);
  for (const role of SEAL_ROLES) {
    for (const algorithm of ["sha256-12", "sha512-12", "sha256-16", "sha512-16"] as VerityAlgorithm[]) {
      expect(parseKey(formatKey({ role, algorithm }))).toEqual({ role, algorithm });
    }
  }
  expect(algorithmIdentifier("sha256-16")).toBe("fsverity-sha256-16");
});

test.each([
  "composefs.merged.erofs.v2.fsverity-sha256-12",
  "composefs.merged.erofs.v1.fsverity-sha384-12",
  "composefs.merged.erofs.v1.fsverity-sha256-13",
  "composefs.other.erofs.v1.fsverity-sha256-12",
  `${MERGED}.`,
  `x${MERGED}`,
  MERGED.toUpperCase(),
])("%s is not known", (key) => {
  expect(parseKey(key)).toBeNull();
});

describe("reading", () => {
  test("digests with and without signatures, in the order of their keys", () => {
    const found = readAnnotations(
      {
        "org.example": "x",
        [MERGED]: SHORT.toUpperCase(),
        [`${MERGED}.sig`]: "AQID",
        "composefs.config.fsverity-sha512-12": SHORT + SHORT,
        "composefs.merged.erofs.v3.fsverity-sha256-12": "whatever",
      },
      "manifest",
    );
    expect(found).toEqual({
      seals: [
        { role: "config", algorithm: "sha512-12", digest: SHORT + SHORT, signature: null },
        { role: "merged", algorithm: "sha256-12", digest: SHORT, signature: Uint8Array.of(1, 2, 3) },
      ],
      unknown: ["composefs.merged.erofs.v3.fsverity-sha256-12"],
      legacy: [],
    });
  });

  test.each<[string, Record<string, string>, string]>([
    ["a digest that is too short", { [MERGED]: SHORT.slice(1) }, "SEAL_DIGEST"],
    ["a digest of the other hash", { [MERGED]: SHORT + SHORT }, "SEAL_DIGEST"],
    ["other characters", { [MERGED]: `${SHORT.slice(1)}g` }, "SEAL_DIGEST"],
    ["an algorithm in front", { [MERGED]: `sha256:${SHORT}` }, "SEAL_DIGEST"],
    ["an empty signature", { [MERGED]: SHORT, [`${MERGED}.sig`]: "" }, "SEAL_SIGNATURE"],
    ["base64 with a line break", { [MERGED]: SHORT, [`${MERGED}.sig`]: "AQID\nAQID" }, "SEAL_SIGNATURE"],
    ["base64 without padding", { [MERGED]: SHORT, [`${MERGED}.sig`]: "AQ" }, "SEAL_SIGNATURE"],
    ["base64 for URLs", { [MERGED]: SHORT, [`${MERGED}.sig`]: "-_-_" }, "SEAL_SIGNATURE"],
    ["a signature of nothing", { [`${MERGED}.sig`]: "AQID" }, "SEAL_SIGNATURE"],
  ])("%s", (_, annotations, code) => {
    expect(() => readAnnotations(annotations, "manifest")).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ["containers.composefs.fsverity", "merged"],
    ["containers.composefs.rootfs.digest", "merged"],
    ["containers.composefs.layer.fsverity", "layer"],
    ["composefs.layer.fsverity-sha256-12", "layer"],
    ["composefs.merged.fsverity-sha512-12", "merged"],
    ["composefs.merged.fsverity-sha512-12.signature", null],
    ["composefs.signature.type", null],
  ])("the older key %s", (key, role) => {
    const { seals, unknown, legacy } = readAnnotations({ [key]: `sha256:${SHORT}` }, "config");
    expect({ seals, unknown, legacy }).toMatchObject({ seals: [], unknown: [], legacy: [{ key, role }] });
  });

  test("digests of older schemes, bare and behind their algorithm", () => {
    const digest = (value: string) => legacyDigest({ key: "", value, scheme: "", role: null });
    expect([digest(SHORT), digest(`sha256:${SHORT}`), digest("x"), digest(`sha256:${SHORT}0`)]).toEqual([
      ...[SHORT, SHORT, null, null],
    ]);
  });
});

test("what is written reads back, in the order of keys", () => {
  const seals = [
    { role: "merged", algorithm: "sha256-12", digest: SHORT, signature: Uint8Array.of(255, 0, 1) } as const,
    { role: "bootable", algorithm: "sha512-12", digest: SHORT + SHORT, signature: null } as const,
  ];
  const written = writeAnnotations(seals);
  expect([...written.keys()]).toEqual([...written.keys()].sort());
  expect(readAnnotations(Object.fromEntries(written), "x").seals).toEqual([...seals].reverse());
});
