/** The gate before the library: DER and nothing else. */
import { describe, expect, test } from "vitest";
import { checkDer } from "../../../../src/seal/signature/der.ts";
import { DER_DEPTH_MAX } from "../../../../src/seal/signature/limits.ts";
import { unhex, VECTORS } from "../../../support/signatures.ts";

const MAX = 16_128;

/** Hex, the rule that it breaks, the offset of the value at fault. */
const REFUSED: Array<[string, string, number, string]> = [
  ["", "truncated", 0, "nothing"],
  ["30", "truncated", 0, "no length"],
  ["3001", "truncated", 0, "no content"],
  ["308180", "truncated", 0, "a length, and no content"],
  ["3081", "truncated", 0, "a length of which half is there"],
  ["3003020100ff", "trailing", 5, "one byte behind"],
  ["30800000", "ber", 0, "indefinite length"],
  ["30820003020100", "ber", 0, "length with a leading zero"],
  ["308103020100", "ber", 0, "a long form for a short length"],
  [`3082007f${"00".repeat(127)}`, "ber", 0, "two octets for a length of one"],
  ["3084ffffffff", "length", 0, "4 GiB less one"],
  ["3083010000", "length", 0, "64 KiB"],
  ["30823f01", "length", 0, "one more than is taken"],
  ["30823f00", "truncated", 0, "as much as is taken"],
  ["3085000000000100", "length", 0, "five octets of length"],
  ["30ff", "length", 0, "127 octets of length, a reserved form"],
  ["3003020200", "length", 2, "reaches beyond the sequence"],
  ["3005300402010001", "length", 2, "the same, with bytes behind"],
  ["30033003020100", "length", 2, "a sequence that reaches beyond its own"],
  ["24050403010203", "ber", 0, "a string in parts"],
  ["3100ff", "trailing", 2, "an empty set, and a byte"],
  ["1000", "ber", 0, "a sequence that is not constructed"],
  ["2203020100", "ber", 0, "an integer that is"],
  ["0000", "ber", 0, "the end of an indefinite length"],
  ["1f8101020000", "tag", 0, "a tag in more than one octet"],
  ["0100", "ber", 0, "a boolean without value"],
  ["010101", "ber", 0, "true, but not FF"],
  ["0200", "ber", 0, "an integer without value"],
  ["0202007f", "ber", 0, "an integer with a leading zero"],
  ["0202ff80", "ber", 0, "the same, negative"],
  ["050100", "ber", 0, "a null with a value"],
  ["0600", "ber", 0, "an identifier without value"],
  ["060180", "ber", 0, "an identifier that does not end"],
  ["0603558001", "ber", 0, "an identifier with a leading zero"],
  ["0300", "ber", 0, "a bit string without count"],
  ["030101", "ber", 0, "unused bits of nothing"],
  ["030208ff", "ber", 0, "eight unused bits"],
  ["030201ff", "ber", 0, "unused bits that are not zero"],
];

const TAKEN: Array<[string, string]> = [
  ["3000", "an empty sequence"],
  ["30050201000500", "an integer and a null"],
  ["0201ff", "minus one"],
  ["02020080", "128, whose zero is needed"],
  ["0202ff7f", "minus 129"],
  ["0101ff", "true"],
  ["030100", "an empty bit string"],
  ["030201fe", "one unused bit"],
  ["a003020100", "in brackets"],
  ["8002ffff", "a primitive value of a context"],
  ["0603551d0e", "an identifier"],
  [`308180${"0500".repeat(64)}`, "128 bytes, which take two octets"],
  [`30820100${"0500".repeat(128)}`, "256 bytes, which take three"],
];

describe("checkDer", () => {
  test.each(REFUSED)("%s: %s at %i, %s", (hex, rule, offset) => {
    expect(checkDer(unhex(hex), MAX)).toEqual({ rule, offset });
  });

  test.each(TAKEN)("%s: %s", (hex) => {
    expect(checkDer(unhex(hex), MAX)).toBeNull();
  });

  test("as deep as the limit, and one deeper", () => {
    const nested = (depth: number) => {
      let hex = "";
      for (let i = 0; i < depth; i++) hex = `30${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;
      return unhex(hex);
    };
    expect(checkDer(nested(DER_DEPTH_MAX), MAX)).toBeNull();
    expect(checkDer(nested(DER_DEPTH_MAX + 1), MAX)).toEqual({ rule: "depth", offset: 2 * DER_DEPTH_MAX });
  });

  test("every cut of every good vector is truncated, and every byte behind it trailing", () => {
    const good = VECTORS.signatures.filter(({ kernel, note }) => kernel === "OK" && !note.includes("after"));
    expect(good.length).toBeGreaterThan(15);
    for (const { der } of good) {
      const bytes = unhex(der);
      expect(checkDer(bytes, MAX)).toBeNull();
      for (let cut = 0; cut < bytes.length; cut++) {
        expect(checkDer(bytes.subarray(0, cut), MAX)).toEqual({ rule: "truncated", offset: 0 });
      }
      expect(checkDer(Uint8Array.of(...bytes, 0), MAX)).toEqual({ rule: "trailing", offset: bytes.length });
    }
  });

  test("a mebibyte of the smallest values is done in no time", () => {
    const nulls = new Uint8Array(1 << 20).map((_, i) => (i % 2 === 0 ? 5 : 0));
    const whole = new Uint8Array(5 + nulls.length);
    whole.set([0x30, 0x83, 0x10, 0, 0]);
    whole.set(nulls, 5);
    const start = performance.now();
    expect(checkDer(whole, 1 << 20)).toBeNull();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
