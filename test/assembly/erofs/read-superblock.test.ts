/** The image as a whole: what it is, and what its superblock says (erofs-reader.md 3, no. 1 to 9). */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi.ts";
import { buildErofs, directory, file } from "../../support/naive/erofs-image.ts";
import { compileEngine, RawEngine } from "../../support/raw-engine.mjs";
import { answer, lastEngine, lastError, lines } from "./read-support.ts";

const good = (version = 2) => buildErofs(directory([["f", file("hi")]]), version).bytes;

/** The answer to an image with these bytes at this place. */
function patched(at: number, bytes: number[] | Buffer, version = 2): string {
  const image = good(version);
  image.set(bytes, at);
  return answer(image);
}
const le = (value: bigint, length: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, length);
};

test("the image that the others are made of", () => {
  for (const version of [0, 1, 2]) {
    expect(answer(good(version))).toBe("OK");
    expect(lines()).toEqual(["/ 0 40755 2 0 0 0 0.0 - - -", "/f 2 100644 1 0 0 0 0.0 - hi -"]);
    expect(lastEngine.control(abi.CONTROL_IMAGE_VERSION)).toBe(BigInt(version));
    expect(lastEngine.control(abi.CONTROL_IMAGE_BYTES)).toBe(4096n);
    expect(lastEngine.control(abi.CONTROL_INLINE_FILES)).toBe(1n);
    expect(lastEngine.control(abi.CONTROL_STUBS)).toBe(0n);
  }
});

describe("length", () => {
  test("nothing at all", () => {
    expect(answer(Buffer.alloc(0))).toBe("IMAGE_TOO_SHORT");
    const engine = new RawEngine(compileEngine());
    expect(() => engine.scan([])).toThrow("IMAGE_TOO_SHORT");
  });

  test("every cut of a small image is refused, and one behind the last inode is not", () => {
    const image = good();
    const end = image.lastIndexOf(Buffer.from("hi")) + 2;
    for (let length = 0; length <= image.length; length += length < 1100 ? 37 : 1) {
      const code = answer(image.subarray(0, length));
      if (length < 1152) expect(code, `${length}`).toBe("IMAGE_TOO_SHORT");
      else if (length < end) expect(code, `${length}`).toMatch(/^IMAGE_(NID|INODE)$/);
      else expect(code, `${length}`).toBe("OK");
    }
  });

  test("LIMIT_SCAN_BYTES, and one byte more", () => {
    const image = good();
    const limits = { [abi.LIMIT_SCAN_BYTES]: image.length };
    expect(answer(image, { limits })).toBe("OK");
    expect(answer(Buffer.concat([image, Buffer.alloc(1)]), { limits })).toBe("IMAGE_TOO_LARGE");
    expect([lastError!.actual, lastError!.limit]).toEqual([4097n, 4096n]);
  });

  test("an input without end is refused at the limit and not held", () => {
    const engine = new RawEngine(compileEngine());
    const chunk = Buffer.alloc(1 << 16);
    const endless = function* () {
      yield good();
      for (;;) yield chunk;
    };
    const limits = { [abi.LIMIT_SCAN_BYTES]: 4 << 20 };
    expect(() => engine.scan(endless(), { limits })).toThrow("IMAGE_TOO_LARGE");
    expect(engine.memory.buffer.byteLength).toBeLessThan(abi.MEMORY_BASE_BYTES + (12 << 20));
  });

  test("an input that is no image is refused by its first bytes", () => {
    const engine = new RawEngine(compileEngine());
    let given = 0;
    const endless = function* () {
      for (; ; given++) yield Buffer.alloc(4096, "x");
    };
    expect(() => engine.scan(endless())).toThrow("IMAGE_NOT_EROFS");
    expect(given).toBeLessThan(2);
  });
});

describe("what is no image of composefs", () => {
  const blob = (at: number, bytes: number[] | string) => {
    const image = Buffer.alloc(65_536);
    image.set(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, at);
    return image;
  };
  test.each([
    ["zeros", Buffer.alloc(65_536)],
    ["text", Buffer.alloc(65_536, "/ 0 40755 2 0 0 0 0.0 - - -\n")],
    ["ext4", blob(1080, [0x53, 0xef])],
    ["squashfs", blob(0, "hsqs")],
    ["gzip", blob(0, [0x1f, 0x8b])],
    ["a header of composefs without EROFS", blob(0, [0x9a, 0x62, 0x78, 0xd0, 1, 0, 0, 0])],
  ])("%s", (_, image) => {
    expect(answer(image)).toBe("IMAGE_NOT_EROFS");
  });

  test("EROFS without the header of composefs", () => {
    expect(patched(0, Buffer.alloc(32))).toBe("IMAGE_NOT_COMPOSEFS");
    expect(patched(0, [0x9b])).toBe("IMAGE_NOT_COMPOSEFS");
    expect(patched(3, [0])).toBe("IMAGE_NOT_COMPOSEFS");
  });

  test("every bit of both magics counts", () => {
    for (let bit = 0; bit < 32; bit++) {
      const image = good();
      image[bit >> 3]! ^= 1 << (bit & 7);
      expect(answer(image)).toBe("IMAGE_NOT_COMPOSEFS");
      const other = good();
      other[1024 + (bit >> 3)]! ^= 1 << (bit & 7);
      expect(answer(other)).toBe("IMAGE_NOT_EROFS");
    }
  });
});

/** Field, offset, bytes, the values that pass, some that do not, and the code of those. */
const FIELDS: [string, number, number, bigint[], bigint[], string][] = [
  ["header version", 4, 4, [1n], [0n, 2n, 1n << 31n, 0x101n], "IMAGE_HEADER_VERSION"],
  ["composefs_version", 12, 4, [0n, 1n, 2n], [3n, 0x100n, 0xffffffffn], "IMAGE_VERSION"],
  ["blkszbits", 1036, 1, [12n], [0n, 9n, 11n, 13n, 16n, 31n, 32n, 44n, 63n, 64n, 255n], "IMAGE_BLOCK_SIZE"],
  ["sb_extslots", 1037, 1, [0n], [1n, 128n, 255n], "IMAGE_SB_EXTSLOTS"],
  ["meta_blkaddr", 1064, 4, [0n], [1n, 1n << 20n, 0xffffffffn], "IMAGE_META_BLKADDR"],
  ["available_compr_algs", 1108, 2, [0n], [1n, 0x8000n], "IMAGE_COMPRESSED"],
  ["extra_devices", 1110, 2, [0n], [1n, 0x8000n], "IMAGE_DEVICES"],
  ["xattr_prefix_count", 1115, 1, [0n], [1n, 255n], "IMAGE_XATTR_PREFIXES"],
  ["packed_nid", 1120, 8, [0n], [36n, 1n << 32n, 1n << 63n], "IMAGE_PACKED_INODE"],
];

test.each(FIELDS)("%s", (_, at, length, passing, failing, code) => {
  for (const value of passing) expect(patched(at, le(value, length)), `${value}`).toBe("OK");
  for (const value of failing) {
    expect(patched(at, le(value, length)), `${value}`).toBe(code);
    expect(lastError!.actual).toBe(value);
  }
});

test("features: three compatible ones and one other are known, any other bit is refused", () => {
  for (let bit = 0n; bit < 32n; bit++) {
    const bytes = le(1n << bit, 4);
    expect(patched(1032, bytes), `compat ${bit}`).toBe(bit < 3n ? "OK" : "IMAGE_FEATURE_COMPAT");
    expect(patched(1104, bytes), `incompat ${bit}`).toBe(bit === 2n ? "OK" : "IMAGE_FEATURE_INCOMPAT");
  }
});

test("what no reader looks at", () => {
  // Checksum, inos, blocks, build_time, uuid, volume name, devt_slotoff, xattr_prefix_start, header flags and unused words.
  for (const [at, length] of [
    [1028, 4],
    [1040, 8],
    [1048, 8],
    [1060, 4],
    [1072, 32],
    [1112, 2],
    [1116, 4],
    [8, 4],
    [16, 16],
    [32, 992],
  ] as const) {
    expect(patched(at, Buffer.alloc(length, 0xa5)), `offset ${at}`).toBe("OK");
  }
});

describe("limits of the host", () => {
  const many = (count: number) =>
    buildErofs(directory(Array.from({ length: count - 1 }, (_, i) => [`f${String(i).padStart(6, "0")}`, file()])))
      .bytes;

  test("LIMIT_ENTRIES, and one more; hardlink names count", () => {
    const limits = { [abi.LIMIT_ENTRIES]: 10 };
    expect(answer(many(10), { limits })).toBe("OK");
    expect(answer(many(11), { limits })).toBe("IMAGE_TOO_MANY_ENTRIES");
    const one = file();
    const links = (count: number) => directory(Array.from({ length: count }, (_, i) => [`l${i}`, one]));
    expect(answer(buildErofs(links(9)).bytes, { limits })).toBe("OK");
    expect(answer(buildErofs(links(10)).bytes, { limits })).toBe("IMAGE_TOO_MANY_ENTRIES");
  });

  test("LIMIT_MEMORY_BYTES: a status at every size, and the instance works on", () => {
    const image = many(20_000);
    const codes = new Set<string>();
    for (let bytes = abi.MEMORY_BASE_BYTES; !codes.has("OK"); bytes += 131_072) {
      codes.add(answer(image, { limits: { [abi.LIMIT_MEMORY_BYTES]: bytes } }));
      expect(bytes).toBeLessThan(64 << 20);
      const engine = lastEngine;
      engine.exports.setLimit(abi.LIMIT_MEMORY_BYTES, abi.LIMIT_MEMORY_BYTES_DEFAULT);
      engine.scan([good()]);
      expect(engine.print().toString()).toContain("/f 2 100644");
    }
    expect([...codes].sort()).toEqual(["ENGINE_MEMORY", "OK"]);
  });
});

test("every status that an image can get has a test that names it", () => {
  const folders = [new URL("./", import.meta.url), new URL("../../golden/", import.meta.url)];
  const texts = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^read.*\.test\.ts$/.test(name))
      .map((name) => readFileSync(new URL(name, folder), "utf8")),
  );
  const missing = Object.keys(abi)
    .filter((name) => name.startsWith("STATUS_IMAGE_"))
    .map((name) => name.slice("STATUS_".length))
    .filter((code) => !texts.some((text) => text.includes(`"${code}"`)));
  expect(missing).toEqual([]);
});
