/** Numbers of dumpfile fields at the edges of their types (dumpfile.md 3.1 and 6). */

import { describe, expect, it } from "vitest";
import { readAll } from "../../support/cursor.ts";
import { EngineStatus, RawEngine } from "../../support/raw-engine.mjs";

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const engine = new RawEngine();

interface Fields {
  size?: string;
  mode?: string;
  nlink?: string;
  uid?: string;
  gid?: string;
  rdev?: string;
  mtime?: string;
}

/** The record of a block device with these fields, or the code of the refusal and its field. */
function read(fields: Fields) {
  const { size, mode, nlink, uid, gid, rdev, mtime } = {
    size: "0",
    mode: "60644",
    nlink: "1",
    uid: "0",
    gid: "0",
    rdev: "1",
    mtime: "0.0",
    ...fields,
  };
  try {
    engine.parse([Buffer.from(`${ROOT}/x ${size} ${mode} ${nlink} ${uid} ${gid} ${rdev} ${mtime} - - -\n`)]);
  } catch (error) {
    if (error instanceof EngineStatus) return `${error.code} ${error.field}`;
    throw error;
  }
  engine.check(engine.exports.cursorOpen());
  return readAll(engine)[1]!;
}

describe("numbers", () => {
  const unsigned = ["nlink", "uid", "gid", "rdev"] as const;
  it.each(unsigned)("%s is a decimal number within 32 bits", (field) => {
    for (const [text, value] of [
      ["0", 0],
      ["+7", 7],
      ["0000000000000000000000000000000000000012", 12],
      ["4294967295", 0xffffffff],
    ] as const) {
      // A device number is not 0 here only to keep the node a device.
      expect(read({ [field]: text }), text).toMatchObject({ [field]: value });
    }
    for (const text of ["4294967296", "99999999999999999999", "18446744073709551616", "340282366920938463463374607"]) {
      expect(read({ [field]: text }), text).toBe(`DUMP_NUMBER_RANGE ${field}`);
    }
    for (const text of ["", "-", "+", "++1", "+-1", "1x", "x", "0x1", "1.0", "1e3", "１"]) {
      expect(read({ [field]: text }), text).toBe(`DUMP_NUMBER ${field}`);
    }
    expect(read({ [field]: "-1" })).toBe(`DUMP_NUMBER_NEGATIVE ${field}`);
    for (const text of ["\t1", "\v1", "\f1", "\r-1"]) {
      expect(read({ [field]: text }), text).toBe(`DUMP_NUMBER_WHITE_SPACE ${field}`);
    }
  });

  it("size is a decimal number within 64 bits", () => {
    for (const text of ["0", "9", "10", "9999999999999999999", "18446744073709551615"]) {
      expect(read({ size: text }), text).toMatchObject({ size: BigInt(text) });
    }
    for (const text of [
      "18446744073709551616",
      "18446744073709551620",
      "28446744073709551615",
      "184467440737095516150",
    ]) {
      expect(read({ size: text }), text).toBe("DUMP_NUMBER_RANGE size");
    }
  });

  it("mode is an octal number within 32 bits, of which 16 count", () => {
    expect(read({ mode: "60000" })).toMatchObject({ mode: 0o60000 });
    expect(read({ mode: "+00067777" })).toMatchObject({ mode: 0o67777 });
    expect(read({ mode: "37777667777" })).toMatchObject({ mode: 0o67777 });
    expect(read({ mode: "40000060644" })).toBe("DUMP_NUMBER_RANGE mode");
    expect(read({ mode: "777777777777777777777777777777" })).toBe("DUMP_NUMBER_RANGE mode");
    expect(read({ mode: "60648" })).toBe("DUMP_NUMBER mode");
    expect(read({ mode: "60@644" })).toBe("DUMP_MODE_AT mode");
    expect(read({ mode: "" })).toBe("DUMP_NUMBER mode");
  });

  it("mtime is two numbers, not a fraction", () => {
    for (const [text, seconds, nanoseconds] of [
      ["1.05", 1n, 5],
      ["-1.0", -1n, 0],
      ["-0.1", 0n, 1],
      ["+3.+4", 3n, 4],
      ["9223372036854775807.999999999", 2n ** 63n - 1n, 999999999],
      ["-9223372036854775808.0", -(2n ** 63n), 0],
    ] as const) {
      expect(read({ mtime: text }), text).toMatchObject({ seconds, nanoseconds });
    }
    expect(read({ mtime: "9223372036854775808.0" })).toBe("DUMP_NUMBER_RANGE mtime");
    expect(read({ mtime: "-9223372036854775809.0" })).toBe("DUMP_NUMBER_RANGE mtime");
    expect(read({ mtime: "0.1000000000" })).toBe("DUMP_NSEC_RANGE mtime");
    for (const text of ["", ".", "5", "5.", ".5", "1.2.3", "1.-2", "--1.0", "+-1.0", "1,5"]) {
      expect(read({ mtime: text }), text).toBe("DUMP_MTIME mtime");
    }
  });
});
