/** What is signed. */
import { expect, test } from "vitest";
import { formattedDigest } from "../../../../src/seal/signature/content.ts";
import { hashOf, unhex, VECTORS } from "../../../support/signatures.ts";

test("the bytes of every vector", () => {
  for (const row of VECTORS.signatures) {
    expect(Buffer.from(formattedDigest(hashOf(row), unhex(row.digest))).toString("hex")).toBe(row["to-be-signed"]);
  }
});

test("44 and 76 bytes, and nothing else", () => {
  expect(formattedDigest("sha256", new Uint8Array(32)).length).toBe(44);
  expect(formattedDigest("sha512", new Uint8Array(64)).length).toBe(76);
  for (const bytes of [0, 31, 33, 64])
    expect(() => formattedDigest("sha256", new Uint8Array(bytes))).toThrow(RangeError);
  for (const bytes of [0, 32, 63, 65])
    expect(() => formattedDigest("sha512", new Uint8Array(bytes))).toThrow(RangeError);
  expect(() => formattedDigest("sha1" as never, new Uint8Array(20))).toThrow(RangeError);
  expect(() => formattedDigest("sha256", "00".repeat(32) as never)).toThrow(TypeError);
});
