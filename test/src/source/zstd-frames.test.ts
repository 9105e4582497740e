/** The framing of zstd, at every cut. */
import { describe, expect, test } from "vitest";
import { ZstdFrames } from "../../../src/source/zstd-frames.ts";
import { zstdSample } from "../../support/zstd-sample.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const LIMITS = { zstdWindowBytes: 1 << 20, zstdFrames: 1000 };

/** One raw block of one byte, the last one; window descriptor 00 means 1 KiB. */
const FRAME = hex("28b52ffd 00 00 090000 61");
const CHECKED = hex("28b52ffd 04 00 090000 61 11223344");
const SKIPPABLE = hex("5f2a4d18 03000000 010203");

/** Follows data in pieces of `length` bytes. @returns the lengths of what it is cut into */
function follow(data: Uint8Array, length = data.length || 1, limits = LIMITS): number[] {
  const frames = new ZstdFrames("data", limits);
  const lengths: number[] = [];
  for (let start = 0; start < data.length; start += length) {
    for (const piece of frames.pieces(data.subarray(start, start + length))) lengths.push(piece.length);
  }
  frames.end();
  return lengths;
}

describe("frames", () => {
  test("are cut apart", () => {
    const data = Buffer.concat([FRAME, SKIPPABLE, CHECKED, FRAME]);
    expect(follow(data)).toEqual([FRAME, SKIPPABLE, CHECKED, FRAME].map(({ length }) => length));
  });

  test.each([1, 2, 3, 5, 8, 13])("in pieces of %i bytes", (length) => {
    const data = Buffer.concat([SKIPPABLE, FRAME, CHECKED]);
    expect(follow(data, length).reduce((a, b) => a + b)).toBe(data.length);
    expect(follow(zstdSample().compressed, length).reduce((a, b) => a + b)).toBe(zstdSample().compressed.length);
  });

  test("end where they end, and nowhere else", () => {
    const data = Buffer.concat([CHECKED, SKIPPABLE, FRAME]);
    const ends: number[] = [];
    for (let length = 0; length <= data.length; length++) {
      try {
        follow(data.subarray(0, length));
        ends.push(length);
      } catch (error) {
        expect(error).toMatchObject({ code: "BLOB_ZSTD" });
      }
    }
    expect(ends).toEqual([CHECKED.length, CHECKED.length + SKIPPABLE.length, data.length]);
  });
});

test.each([
  ["nothing", "", "ends in the middle"],
  ["another magic number", "28b52ffe 00 00 090000 61", "does not begin with a frame"],
  ["a frame of zstd 0.7", "27b52ffd 00 00 090000 61", "does not begin with a frame"],
  ["text behind a frame", `${FRAME.toString("hex")} 74657874`, "bytes that begin none"],
  ["a reserved bit", "28b52ffd 08 00 090000 61", "reserved bit"],
  ["a dictionary", "28b52ffd 01 00 07 090000 61", "dictionary"],
  ["a block of type 3", "28b52ffd 00 00 0f0000 61", "reserved type"],
  ["a block of 128 KiB and one byte", "28b52ffd 00 00 090010 61", "larger than 128 KiB"],
])("%s", (_, data, what) => {
  expect(() => follow(hex(data))).toThrowError(what);
});

test.each([
  // RFC 8878, 3.1.1.1.2: exponent 10, mantissa 0; then mantissa 1.
  ["28b52ffd 00 50 090000 61", 1 << 20],
  ["28b52ffd 00 51 090000 61", (1 << 20) + (1 << 17)],
  // A single segment: the content size, of one, two, four and eight bytes.
  ["28b52ffd 20 01 090000 61", 1],
  ["28b52ffd a0 00001000 090000 61", 1 << 20],
  ["28b52ffd a0 01001000 090000 61", (1 << 20) + 1],
  ["28b52ffd 60 0001 090000 61", 256 + 256],
  ["28b52ffd e0 0000000000200000 090000 61", 2 ** 45],
  // With a dictionary id of zero, which is none.
  ["28b52ffd 02 0000 00 090000 61", 1024],
])("the window of %s", (data, window) => {
  const bytes = hex(data);
  // The dictionary id comes after the window descriptor.
  expect(follow(bytes, 1, { ...LIMITS, zstdWindowBytes: window })).toHaveLength(bytes.length);
  const limits = { ...LIMITS, zstdWindowBytes: window - 1 };
  expect(() => follow(bytes, 1, limits)).toThrowError(expect.objectContaining({ code: "BLOB_LIMIT" }));
});

test("blocks of one repeated byte take up one byte", () => {
  expect(follow(hex("28b52ffd 00 00 fa0000 61 0b0000 62"))).toEqual([14]);
});
