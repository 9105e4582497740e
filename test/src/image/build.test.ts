/** The library functions against the golden vectors, on every kind of input and of cut. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  type BuildOptions,
  type ByteSource,
  buildImage,
  ComposefsError,
  type DigestOptions,
  imageDigests,
  type Profile,
  streamImage,
} from "../../../src/index.ts";
import { debian, readFixture, vectors } from "../../support/fixtures.ts";
import { generateDumpBytes } from "../../support/generate-dump.mjs";

const dump = readFixture(debian.file);
const expected = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
const small = new TextEncoder().encode("/ 0 40755 2 0 0 0 0.0 - - -\n/f 5 100644 1 0 0 0 0.0 - hello -\n");
const sha512Dump = readFixture(vectors.sha512[0]!.file);

/** Builds and keeps the image. */
async function build(source: ByteSource, options: BuildOptions = {}) {
  const pieces: Uint8Array[] = [];
  const result = await buildImage(source, { ...options, sink: (piece) => pieces.push(piece) });
  const image = Buffer.concat(pieces);
  return { ...result, image, sha256: createHash("sha256").update(image).digest("hex") };
}

async function* randomChunks(bytes: Uint8Array, most: number) {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.floor(Math.random() * most);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe("buildImage", () => {
  test("the Debian root file system, as the reference makes it", async () => {
    const { image, sha256, digests, size, counts, format } = await build(dump);
    expect({ sha256, size, digest: digests["sha256-12"] }).toEqual({
      sha256: expected.sha256,
      size: expected.size,
      digest: expected.fsverity_sha256,
    });
    expect(image.length).toBe(size);
    expect(format).toBe("v1");
    expect(counts).toMatchObject({ entries: 6768, objectHash: "sha256", inputBytes: dump.length });
  });

  test("the formats of the reference's options", async () => {
    for (const [format, options] of [
      ["v0", ["--max-version=0"]],
      ["auto", []],
    ] as const) {
      const run = debian.runs.find((candidate) => candidate.options.join() === options.join())!;
      const result = await build(dump, { format });
      expect(result.sha256).toBe(run.sha256);
      expect(result.format).toBe(`v${run.composefs_version}`);
    }
  });

  test("without a sink the digests alone", async () => {
    const { digests } = await buildImage(dump);
    expect(digests).toEqual({ "sha256-12": expected.fsverity_sha256 });
  });

  test("random chunks, a stream, small chunks of a small dump: the same image", async () => {
    const chunked = await build(randomChunks(dump, 5000));
    expect(chunked.sha256).toBe(expected.sha256);
    const streamed = await build(new Blob([dump as Uint8Array<ArrayBuffer>]).stream());
    expect(streamed.sha256).toBe(expected.sha256);
    const whole = await build(small);
    for (let cut = 0; cut <= small.length; cut++) {
      expect((await build([small.subarray(0, cut), small.subarray(cut)])).sha256).toBe(whole.sha256);
    }
    expect((await build(Array.from(small, (byte) => Uint8Array.of(byte)))).sha256).toBe(whole.sha256);
  });

  test("both hashers give the same digests", async () => {
    const algorithms = ["sha256-12", "sha256-16"] as const;
    const engine = await buildImage(dump, { algorithms, accelerator: "off" });
    const host = await buildImage(dump, { algorithms, accelerator: "on" });
    expect(host.digests).toEqual(engine.digests);
    expect(engine.digests["sha256-12"]).toBe(expected.fsverity_sha256);
    const image = (await build(dump)).image;
    const { verityDigest } = await import("../../../src/index.ts");
    expect(engine.digests["sha256-16"]).toBe(await verityDigest(image, { blockSize: 65536 }));
  });

  test("a dumpfile with SHA-512 digests has a SHA-512 digest", async () => {
    const { digests } = await buildImage(sha512Dump);
    expect(digests).toEqual({ "sha512-12": vectors.sha512[0]!.images.v1.fsverity_sha512 });
    await expect(buildImage(sha512Dump, { algorithms: ["sha256-12"] })).rejects.toMatchObject({ code: "PROFILE_HASH" });
  });

  test("writes to a web stream and closes it", async () => {
    const hash = createHash("sha256");
    let closed = false;
    const sink = new WritableStream<Uint8Array>({
      write: (piece) => void hash.update(piece),
      close: () => {
        closed = true;
      },
    });
    await buildImage(dump, { sink });
    expect(closed).toBe(true);
    expect(hash.digest("hex")).toBe(expected.sha256);
  });

  test("pieces belong to the sink", async () => {
    const pieces: Uint8Array[] = [];
    await buildImage(dump, { sink: (piece) => void pieces.push(piece) });
    await buildImage(small, { sink: (piece) => void piece.fill(255) });
    expect(createHash("sha256").update(Buffer.concat(pieces)).digest("hex")).toBe(expected.sha256);
  });

  test("jobs side by side, and one after a failed one", async () => {
    const bad = new TextEncoder().encode("/ 0 40755 2 0 0 0 0.0 - - -\n/f x 100644 1 0 0 0 0.0 - - -\n");
    const results = await Promise.allSettled([build(dump), build(bad), build(small), build(dump)]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect((await build(dump)).sha256).toBe(expected.sha256);
  });

  test("tells code, line and field of what is wrong", async () => {
    const bad = new TextEncoder().encode("/ 0 40755 2 0 0 0 0.0 - - -\n/f 1 100644 one 0 0 0 0.0 - - -\n");
    const error = await buildImage(bad).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ComposefsError);
    expect(error).toMatchObject({ code: "DUMP_NUMBER", data: { line: 2, field: "nlink" } });
    expect((error as Error).message).toBe(
      'dumpfile line 2, field 4 (nlink): expected decimal digits, in a mode octal digits, got "one"',
    );
  });

  test("the error of a sink or of the input comes through; a web stream is aborted", async () => {
    const broken = () => {
      throw new Error("disk full");
    };
    await expect(buildImage(dump, { sink: broken })).rejects.toThrowError("disk full");
    let reason: unknown;
    const sink = new WritableStream<Uint8Array>({
      abort: (why) => {
        reason = why;
      },
    });
    const failing = (async function* () {
      yield small;
      throw new Error("network gone");
    })();
    await expect(buildImage(failing, { sink })).rejects.toThrowError("network gone");
    expect(reason).toMatchObject({ message: "network gone" });
  });

  test("can be called off, and reports progress", async () => {
    async function* slowly() {
      yield small;
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
    await expect(buildImage(slowly(), { signal: AbortSignal.timeout(10) })).rejects.toThrowError(
      expect.objectContaining({ name: "TimeoutError" }),
    );
    await expect(buildImage(dump, { signal: AbortSignal.abort() })).rejects.toThrowError(
      expect.objectContaining({ name: "AbortError" }),
    );
  });

  test("strict mode and lowered limits reach the engine", async () => {
    await expect(buildImage(small.subarray(0, -1), { strict: true })).rejects.toMatchObject({
      code: "DUMP_STRICT_FINAL_NEWLINE",
    });
    await expect(buildImage(small, { limits: { entries: 1 } })).rejects.toMatchObject({
      code: "DUMP_TOO_MANY_ENTRIES",
      data: { line: 2, limit: 1 },
    });
    await expect(buildImage(small, { limits: { lineBytes: 30 } })).rejects.toMatchObject({
      code: "DUMP_LINE_TOO_LONG",
    });
    const large = generateDumpBytes("distro", 40_000, 1);
    await buildImage(large);
    await expect(buildImage(large, { limits: { memoryBytes: 9 << 20 } })).rejects.toMatchObject({
      code: "ENGINE_MEMORY",
    });
    await expect(buildImage(small, { limits: { entries: 2 ** 24 + 1 } })).rejects.toThrowError(RangeError);
    expect((await buildImage(small)).counts.entries).toBe(2);
  });
});

describe("options of the wrong kind are refused before anything is read", () => {
  const never: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]() {
      throw new Error("read");
    },
  };

  test.each([
    ["a format that does not exist", { format: "v3" }, RangeError],
    ["a format of another case", { format: "V1" }, RangeError],
    ["a format that every object has", { format: "toString" }, RangeError],
    ["a number as format", { format: 1 }, RangeError],
    ["null as format", { format: null }, RangeError],
    ["an algorithm that does not exist", { algorithms: ["sha1-12"] }, RangeError],
    ["algorithms as text", { algorithms: "sha256-12" }, /algorithms: expected an array/],
    ["another accelerator", { accelerator: "fast" }, RangeError],
    ["an array as sink", { sink: [] }, TypeError],
    ["null as sink", { sink: null }, TypeError],
    ["text as sink", { sink: "file" }, TypeError],
  ])("%s", async (_, options, error) => {
    await expect(buildImage(never, options as BuildOptions)).rejects.toThrowError(error);
  });

  test.each([
    ["profiles as text", { profiles: "v1-sha256-12" }, /profiles: expected an array/],
    ["a number as profile", { profiles: [1] }, TypeError],
    ["another accelerator", { accelerator: true }, RangeError],
  ])("imageDigests: %s", async (_, options, error) => {
    await expect(imageDigests(never, options as unknown as DigestOptions)).rejects.toThrowError(error);
  });
});

describe("streamImage", () => {
  test("gives the image and then the result", async () => {
    const { stream, result } = streamImage(dump);
    const image = Buffer.from(await new Response(stream).arrayBuffer());
    expect(createHash("sha256").update(image).digest("hex")).toBe(expected.sha256);
    expect((await result).digests["sha256-12"]).toBe(expected.fsverity_sha256);
  });

  test("stream and result fail together", async () => {
    const { stream, result } = streamImage(new Uint8Array(0));
    await expect(new Response(stream).arrayBuffer()).rejects.toMatchObject({ code: "DUMP_EMPTY_INPUT" });
    await expect(result).rejects.toMatchObject({ code: "DUMP_EMPTY_INPUT" });
  });

  test("a reader that leaves ends the job", async () => {
    const { stream, result } = streamImage(dump);
    await stream.cancel(new Error("seen enough"));
    await expect(result).rejects.toThrowError();
  });
});

describe("imageDigests", () => {
  test("several profiles from one parse, in the order they were asked for", async () => {
    const profiles: Profile[] = ["v1-sha256-16", "v0-sha256-12", "v1-sha256-12"];
    const { images, counts } = await imageDigests(dump, { profiles });
    expect(images.map(({ profile }) => profile)).toEqual(profiles);
    expect(images[2]!.digest).toBe(expected.fsverity_sha256);
    expect(images[1]!.digest).toBe(
      debian.runs.find(({ options }) => options.includes("--max-version=0"))!.fsverity_sha256,
    );
    expect(counts.entries).toBe(6768);
  });

  test("the default profile", async () => {
    expect((await imageDigests(dump)).images[0]).toMatchObject({ profile: "v1-sha256-12", size: expected.size });
    expect((await imageDigests(sha512Dump)).images[0]!.profile).toBe("v1-sha512-12");
  });

  test("a dumpfile without digests allows both hashes", async () => {
    const { images } = await imageDigests(small, { profiles: ["v1-sha256-12", "v1-sha512-12"] });
    expect(images.map(({ digest }) => digest.length)).toEqual([64, 128]);
  });

  test("refuses what is no profile before it reads anything", async () => {
    const never: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]() {
        throw new Error("read");
      },
    };
    await expect(imageDigests(never, { profiles: ["v9-sha256-12" as Profile] })).rejects.toMatchObject({
      code: "PROFILE_NAME",
    });
  });
});
