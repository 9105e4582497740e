/** Inputs and images beyond 2^31 and 2^32 bytes. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { CONTROL_IMAGE_BYTES, CONTROL_INPUT_BYTES, FORMAT_V0, FORMAT_V1 } from "../../assembly/abi.ts";
import { findOracle } from "../support/oracle.ts";
import { EngineStatus, RawEngine, VERITY_4K } from "../support/raw-engine.mjs";

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const GIB = 2 ** 30;

describe("a dumpfile beyond 4 GiB", () => {
  // A hardlink line may say anything behind its target; nothing of it is kept.
  const filler = "x".repeat(200_000);
  const head = Buffer.from(`${ROOT}/f 0 100644 1 0 0 0 0.0 - - -\n`);
  const line = (i: number) => Buffer.from(`/l${i} 0 @100644 - - - - 0.0 /f - - ${filler}\n`);
  const lines = Math.ceil((4 * GIB) / filler.length) + 10;

  function* dump(): Generator<Uint8Array> {
    yield head;
    for (let i = 0; i < lines; i++) yield line(i);
  }

  it("is read, and takes the memory of its entries only", () => {
    const engine = new RawEngine();
    engine.parse(dump());
    let bytes = head.length;
    for (let i = 0; i < lines; i++) bytes += line(i).length;
    expect(bytes).toBeGreaterThan(4 * GIB);
    expect(Number(engine.control(CONTROL_INPUT_BYTES))).toBe(bytes);
    expect(engine.memory.buffer.byteLength).toBeLessThan(16 * 2 ** 20);
  });

  it("is refused with the offset and the line of its last", () => {
    const engine = new RawEngine();
    function* broken(): Generator<Uint8Array> {
      yield* dump();
      yield Buffer.from("/x 0 100644 1 0 0 0 0.0 - - - nonsense\n");
    }
    let bytes = head.length;
    for (let i = 0; i < lines; i++) bytes += line(i).length;
    try {
      engine.parse(broken());
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(EngineStatus);
      expect(error).toMatchObject({
        code: "DUMP_XATTR_EQUALS",
        line: lines + 3,
        offset: bytes + "/x 0 100644 1 0 0 0 0.0 - - - ".length,
      });
    }
  });
});

describe("an image beyond 4 GiB", () => {
  // A symlink and its inode must share a block; at this length only one fits, so the image is twice its text.
  const TARGET = "t".repeat(2030);
  const links = Math.ceil((4 * GIB) / 4096) + 50_000;

  function* dump(): Generator<Buffer> {
    yield Buffer.from(ROOT);
    let text = "";
    for (let i = 0; i < links; i++) {
      text += `/${String(i).padStart(8, "0")} 0 120777 1 0 0 0 0.0 ${TARGET} - -\n`;
      if (text.length < 1 << 20) continue;
      yield Buffer.from(text, "latin1");
      text = "";
    }
    yield Buffer.from(text, "latin1");
  }

  /** Size and SHA-256 of the image, and its fs-verity digests as the engine and as the host compute them. */
  function build(format: number) {
    const engine = new RawEngine();
    const { exports } = engine;
    engine.parse(dump());
    engine.check(exports.imageOpen(format));
    for (const [slot, { algorithm, blockBits }] of VERITY_4K.entries()) {
      engine.check(exports.verityOpen(slot, algorithm, blockBits, 0));
    }
    const image = createHash("sha256");
    let size = 0;
    for (let length = exports.imageRead(3); length !== 0; length = exports.imageRead(3)) {
      if (length < 0) engine.check(-length);
      image.update(engine.view(exports.outputPtr(), length));
      size += length;
    }
    const digests = VERITY_4K.map((_, slot) => {
      const length = exports.verityClose(slot);
      return Buffer.from(engine.view(exports.digestPtr(), length)).toString("hex");
    });
    expect(size).toBe(Number(engine.control(CONTROL_IMAGE_BYTES)));
    return { size, sha256: image.digest("hex"), digests };
  }

  it("is the one that the reference writes", async ({ skip }) => {
    const oracle = findOracle("mkcomposefs");
    if (oracle === undefined) return skip();
    const ours = build(FORMAT_V0);
    expect(ours.size).toBeGreaterThan(4 * GIB);

    const child = spawn(oracle, ["--from-file", "--max-version=0", "-", "-"], { stdio: ["pipe", "pipe", "inherit"] });
    Readable.from(dump()).pipe(child.stdin);
    const image = createHash("sha256");
    let size = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      image.update(chunk);
      size += chunk.length;
    }
    expect({ size, sha256: image.digest("hex") }).toEqual({ size: ours.size, sha256: ours.sha256 });
  });

  it("has the digests of its bytes", () => {
    const first = build(FORMAT_V1);
    expect(first.digests.map((digest) => digest.length)).toEqual([64, 128]);
    expect(build(FORMAT_V1)).toEqual(first);
  });
});
