/** `verityDigest` against the vectors of fsverity-utils, on every kind of cut and with both hashers. */
import { describe, expect, test } from "vitest";
import { verityParameters } from "../../../src/image/verity.ts";
import { verityDigest } from "../../../src/index.ts";

/** Digests of `fsverity digest`: spec fsverity.md 2.3. */
const HELLO = "1e2eaa4202d750a41174ee454970b92c1bc2f925b1e35076d8c7d5f56362ba64";
const EMPTY = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";
const hello = new TextEncoder().encode("hello world");

/** Bytes that differ from block to block. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 12) * 7) & 255);
}

describe("verityDigest", () => {
  test("known values", async () => {
    expect(await verityDigest(new Uint8Array(0))).toBe(EMPTY);
    expect(await verityDigest(hello)).toBe(HELLO);
    expect(await verityDigest(hello, { hash: "sha512" })).toBe(
      "18430270729d162d4e469daca123ae61893db4b0583d8f7081e3bf4f92b88ba514e7982f10733fb6aa895195c5ae8fd2eb2c47a8be05513ce5a0c51a6f570409",
    );
  });

  test("every cut of a small input", async () => {
    for (let cut = 0; cut <= hello.length; cut++) {
      expect(await verityDigest([hello.subarray(0, cut), hello.subarray(cut)])).toBe(HELLO);
    }
  });

  // Block and level edges of 4096-byte blocks: 128 digests fill a block of the first level.
  test.each([1, 4095, 4096, 4097, 128 * 4096 - 1, 128 * 4096, 128 * 4096 + 1, 262144, 262145, 3_000_001])(
    "%i bytes: the engine, node:crypto and odd chunks agree",
    async (length) => {
      const data = pattern(length);
      const chunks = Array.from({ length: Math.ceil(length / 65537) }, (_, i) =>
        data.subarray(i * 65537, (i + 1) * 65537),
      );
      for (const options of [
        {},
        { hash: "sha512" },
        { blockSize: 1024, salt: Uint8Array.of(1, 2, 3) },
        { blockSize: 65536, hash: "sha512", salt: new Uint8Array(32).fill(9) },
      ] as const) {
        const digest = await verityDigest(data, { ...options, accelerator: "off" });
        expect(await verityDigest(data, { ...options, accelerator: "on" })).toBe(digest);
        expect(await verityDigest(chunks, options)).toBe(digest);
      }
    },
  );

  test("two jobs at once do not disturb each other", async () => {
    async function* slowly(data: Uint8Array) {
      for (let i = 0; i < data.length; i++) {
        yield data.subarray(i, i + 1);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    expect(await Promise.all([verityDigest(slowly(hello)), verityDigest(slowly(hello)), verityDigest([])])).toEqual([
      HELLO,
      HELLO,
      EMPTY,
    ]);
  });

  test("can be called off", async () => {
    const signal = AbortSignal.timeout(20);
    async function* endless() {
      while (true) yield new Uint8Array(1 << 16);
    }
    await expect(verityDigest(endless(), { signal })).rejects.toThrowError(
      expect.objectContaining({ name: "TimeoutError" }),
    );
    expect(await verityDigest(hello)).toBe(HELLO);
  });
});

describe("parameters", () => {
  test("defaults", () => {
    expect(verityParameters({})).toEqual({ hash: "sha256", blockBits: 12, salt: new Uint8Array(0) });
  });

  test.each([
    ["hash", { hash: "md5" }, RangeError],
    ["block size below the least", { blockSize: 512 }, RangeError],
    ["block size above the most", { blockSize: 131072 }, RangeError],
    ["block size between", { blockSize: 5000 }, RangeError],
    ["block size NaN", { blockSize: Number.NaN }, RangeError],
    ["block size as text", { blockSize: "4096" }, TypeError],
    ["another accelerator", { accelerator: "yes" }, RangeError],
    ["salt of 33 bytes", { salt: new Uint8Array(33) }, RangeError],
    ["salt as text", { salt: "ab" }, TypeError],
  ])("%s is refused", async (_, options, type) => {
    await expect(verityDigest(hello, options as object)).rejects.toThrowError(type);
  });
});
