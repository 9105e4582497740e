/** Enabling and measuring, as far as any Linux goes; the rest is in test/kernel. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verityDigest } from "../../../src/image/verity.ts";
import { checkImageDigest } from "../../../src/linux/image-digest.node.ts";
import { verityEnable, verityMeasure, verityState } from "../../../src/linux/verity.node.ts";
import { emptyFolder } from "../cli/run.ts";

const isHere = process.platform === "linux" && process.arch === "x64";
const coded = (code: string) => expect.objectContaining({ code });

describe.skipIf(!isHere)("fs-verity by the kernel (needs Linux on x64)", () => {
  test("proc has none", () => {
    expect(() => verityMeasure("/proc/self/status")).toThrow(coded("VERITY_UNSUPPORTED"));
    expect(() => verityEnable("/proc/version")).toThrow(coded("VERITY_UNSUPPORTED"));
    expect(verityState("/proc/self/status")).toBe("off");
  });

  test("a file that is not there", () => {
    expect(() => verityMeasure("/nowhere/\xff")).toThrow(coded("IO_OPEN"));
    expect(() => verityState(Buffer.from("/nowhere/\xff", "latin1"))).toThrow(coded("IO_OPEN"));
  });

  test("a descriptor that is none", () => {
    expect(() => verityMeasure(1_000_000)).toThrow(
      expect.objectContaining({ code: "VERITY_CALL", data: { actual: 9 } }),
    );
  });

  test("a named pipe without a writer is not waited for", () => {
    const pipe = join(emptyFolder(), "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    expect(() => verityEnable(pipe)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^VERITY_/) }));
  });

  test("wrong arguments", () => {
    expect(() => verityEnable("/x", { hash: "md5" as "sha256" })).toThrow(RangeError);
    expect(() => verityEnable("/x", { blockSize: 4096.5 })).toThrow(RangeError);
    expect(() => verityEnable("/x", { blockSize: 2 ** 32 })).toThrow(RangeError);
    expect(() => verityEnable("/x", { blockSize: -1 })).toThrow(RangeError);
    expect(() => verityEnable("/x", { salt: "00" as unknown as Uint8Array })).toThrow(TypeError);
    expect(() => verityMeasure("")).toThrow(RangeError);
  });
});

describe.skipIf(!isHere)("the digest of an image (needs Linux on x64)", () => {
  const content = Buffer.alloc(10_000, "an image");
  const image = () => {
    const path = join(emptyFolder(), "image");
    writeFileSync(path, content);
    return path;
  };

  test.each(["sha256", "sha512"] as const)("is computed where the kernel knows none: %s", async (hash) => {
    for (const blockBits of [12, 16]) {
      const digest = await verityDigest(content, { hash, blockSize: 2 ** blockBits });
      expect(checkImageDigest(image(), { hash, blockBits, digest })).toBe("computed");
      const other = digest.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
      expect(() => checkImageDigest(image(), { hash, blockBits, digest: other })).toThrow(coded("LINUX_IMAGE_DIGEST"));
    }
  });

  test("is of a file", () => {
    const expected = { hash: "sha256", blockBits: 12, digest: "0".repeat(64) } as const;
    expect(() => checkImageDigest("/", expected)).toThrow(/expected a file$/);
  });
});
