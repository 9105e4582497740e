/**
 * The digest is the product: every image of every golden dumpfile, byte for byte what the reference tools write.
 *
 * One loop over dumpfiles x formats x checks. The expected values were made by other implementations
 * (`test/fixtures/README.md`); no command of this project regenerates them.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CONTROL_IMAGE_BYTES, CONTROL_IMAGE_VERSION, FORMAT_V2 } from "../../assembly/abi.ts";
import {
  debian,
  dumpOf,
  type ExpectedImage,
  formatOf,
  readFixture,
  type Vector,
  vectors,
} from "../support/fixtures.ts";
import { compileEngine, RawEngine, VERITY_4K } from "../support/raw-engine.mjs";

const engine = new RawEngine(compileEngine());

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes the tree parsed last in `format` and holds it against `expected`. */
function expectImage(format: number, expected: ExpectedImage, version: number, label: string): void {
  const { image, digests } = engine.image(format, VERITY_4K);
  expect(
    {
      size: image.length,
      sha256: sha256(image),
      fsverity_sha256: digests[0],
      fsverity_sha512: digests[1],
      version: image.readUInt32LE(12),
      controlVersion: engine.control(CONTROL_IMAGE_VERSION),
      controlBytes: engine.control(CONTROL_IMAGE_BYTES),
    },
    label,
  ).toEqual({
    size: expected.size,
    sha256: expected.sha256,
    fsverity_sha256: expected.fsverity_sha256,
    fsverity_sha512: expected.fsverity_sha512,
    version,
    controlVersion: BigInt(version),
    controlBytes: BigInt(expected.size),
  });
}

function expectAllRuns(vector: Vector): void {
  const dump = dumpOf(vector);
  if (vector.dump_sha256 !== undefined) expect(sha256(dump), "the dumpfile itself").toBe(vector.dump_sha256);
  engine.parse([dump]);
  for (const run of vector.runs) {
    expectImage(formatOf(run.options), run, run.composefs_version, `mkcomposefs ${run.options.join(" ")}`);
  }
  if (vector.v2 !== undefined) expectImage(FORMAT_V2, vector.v2, 2, "composefs-rs V2");
}

describe("vectors", () => {
  test.each(vectors.vectors.map((vector) => [vector.name, vector.rule, vector] as const))("%s: %s", (_, __, vector) => {
    expectAllRuns(vector);
  });
});

describe("objects with SHA-512 digests", () => {
  test.each(vectors.sha512.map((vector) => [vector.name, vector.rule, vector] as const))("%s: %s", (_, __, vector) => {
    engine.parse([readFixture(vector.file)]);
    for (const [format, version] of [
      ["v0", 0],
      ["v1", 1],
      ["v2", 2],
    ] as const) {
      expectImage(formatOf([format]), vector.images[format], version, format);
    }
  });
});

describe("large trees", () => {
  test.each([...vectors.generated, debian].map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
    expectAllRuns(vector);
  });
});
