/**
 * From a dumpfile to images and their digests: the functions that most users of the package want.
 */

import { type Accelerator, checkAccelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { acquireEngine, type EngineLimits, releaseEngine } from "../engine/load.ts";
import type { TreeCounts } from "../engine/records.ts";
import { type ByteSource, chunksOf, type JobControl, Pace } from "../source/bytes.ts";
import { DumpJob } from "./job.ts";
import {
  algorithmParameters,
  byFormat,
  checkArray,
  formatNumber,
  type ImageFormat,
  ownAlgorithm,
  type Profile,
  parseProfile,
  type VerityAlgorithm,
} from "./profile.ts";
import type { OpenImage, Tree } from "./tree.ts";

/**
 * Takes an image, in pieces of at most 1 MiB that it may keep: a function, or a web stream, which is closed at the end. A promise
 * that the function returns is waited for; anything else that it returns, such as the length that `push` gives, is not looked at.
 */
export type ImageSink = WriteSink | WritableStream<Uint8Array>;

type WriteSink = (piece: Uint8Array<ArrayBuffer>) => unknown;

/** Options of every job that reads a dumpfile. */
export interface DumpOptions extends JobControl {
  /** Refuse also what composefs calls merely sloppy: see the README, "Strict". Default false. */
  strict?: boolean;
  /** Limits to set lower than their defaults. */
  limits?: EngineLimits;
  /** Whether node:crypto may hash where it is faster: `auto` (the default), `off`, `on`. Never changes a result. */
  accelerator?: Accelerator;
}

/** Options of {@link buildImage}. */
export interface BuildOptions extends DumpOptions {
  /** Format of the image; `auto` is v1 when the tree holds a whiteout, else v0, as in C. Default `v1`. */
  format?: ImageFormat | "auto";
  /** fs-verity algorithms of the digests wanted. Default: blocks of 4096 and the hash of the dumpfile's digests. */
  algorithms?: readonly VerityAlgorithm[];
  /** Where the image goes. Without it there are the digests only. */
  sink?: ImageSink;
}

/** What came out. */
export interface ImageResult {
  format: ImageFormat;
  /** Size of the image in bytes. */
  size: number;
  /** Inodes of the image, the 256 whiteout stubs included. */
  inodes: number;
  /** What the dumpfile holds. */
  counts: TreeCounts;
  /** fs-verity digests of the image by algorithm, lower-case hex. */
  digests: Partial<Record<VerityAlgorithm, string>>;
}

/**
 * Turns a dumpfile into the EROFS image that composefs mounts, and computes its fs-verity digest on the way.
 *
 * The input is parsed as it arrives and the image leaves in pieces; neither is ever held as a whole.
 *
 * @param dumpfile the bytes of a dumpfile, composefs-dump(5)
 * @returns size, format, counts and digests, when the whole image has gone to the sink
 * @throws {ComposefsError} DUMP_* when the dumpfile breaks a rule; EROFS_* when the format cannot hold the tree;
 *   PROFILE_HASH when an algorithm is wanted that the dumpfile's own digests rule out; ENGINE_MEMORY at the limit
 * @throws {TypeError | RangeError} when an option is not as described
 * @throws the reason of `options.signal`, the error of the input or of the sink
 * @example
 * import { buildImage } from 'composefs-wasm'
 * const dump = '/ 0 40755 2 0 0 0 0.0 - - -\n/hello 5 100644 1 0 0 0 0.0 - world -\n'
 * const image = await buildImage(new TextEncoder().encode(dump))
 * console.log(image.size, image.digests['sha256-12'])
 */
export async function buildImage(dumpfile: ByteSource, options: BuildOptions = {}): Promise<ImageResult> {
  const { sink, format = "v1" } = options;
  formatNumber(format);
  if (options.algorithms !== undefined) checkArray("algorithms", options.algorithms);
  options.algorithms?.forEach(algorithmParameters);
  const write = typeof sink === "function" ? sink : undefined;
  const writer = sink === undefined || typeof sink === "function" ? undefined : writerOf(sink);
  try {
    const result = await withDump(dumpfile, options, async (tree, pace) => {
      const { counts } = tree;
      const algorithms = options.algorithms ?? [ownAlgorithm(counts.objectHash)];
      const image = tree.openImage(format, algorithms);
      await drain(image, pace, writer === undefined ? write : (piece) => writer.ready.then(() => writer.write(piece)));
      return { ...facts(image), counts, digests: image.digests() };
    });
    await writer?.close();
    return result;
  } catch (error) {
    await writer?.abort(error).catch(() => {});
    throw error;
  } finally {
    writer?.releaseLock();
  }
}

function writerOf(sink: WritableStream<Uint8Array>): WritableStreamDefaultWriter<Uint8Array> {
  if (!(sink instanceof WritableStream)) throw new TypeError("sink: expected a function or a WritableStream");
  return sink.getWriter();
}

/**
 * The same with the image as a stream.
 *
 * @returns `stream`, which the caller must read, and `result`, which settles when the stream ends
 * @throws nothing itself: stream and result fail together, for the reasons {@link buildImage} gives
 * @example
 * import { streamImage } from 'composefs-wasm'
 * const { stream, result } = streamImage(new TextEncoder().encode('/ 0 40755 2 0 0 0 0.0 - - -\n'))
 * const bytes = await new Response(stream).arrayBuffer()
 * console.log(bytes.byteLength === (await result).size)
 */
export function streamImage(
  dumpfile: ByteSource,
  options: Omit<BuildOptions, "sink"> = {},
): { stream: ReadableStream<Uint8Array>; result: Promise<ImageResult> } {
  const pipe = new TransformStream<Uint8Array, Uint8Array>();
  const result = buildImage(dumpfile, { ...options, sink: pipe.writable });
  // Whoever reads the stream learns of the failure there; the promise alone must not end the process.
  result.catch(() => {});
  return { stream: pipe.readable, result };
}

/** Options of {@link imageDigests}. */
export interface DigestOptions extends DumpOptions {
  /** Profiles wanted, such as `v1-sha256-12`. Default: v1, the hash of the dumpfile's digests, blocks of 4096. */
  profiles?: readonly Profile[];
}

/** What {@link imageDigests} gives. */
export interface DigestResult {
  counts: TreeCounts;
  /** One for each profile, in the order they were asked for. */
  images: Array<{ profile: Profile; format: ImageFormat; size: number; inodes: number; digest: string }>;
}

/**
 * Computes the digests of a dumpfile's images for several profiles from one parse, without keeping any image.
 *
 * @param dumpfile the bytes of a dumpfile
 * @throws {ComposefsError} PROFILE_NAME, and all that {@link buildImage} gives
 * @throws {TypeError | RangeError} when an option is not as described
 * @example
 * import { imageDigests } from 'composefs-wasm'
 * const dump = new TextEncoder().encode('/ 0 40755 2 0 0 0 0.0 - - -\n')
 * const { images } = await imageDigests(dump, { profiles: ['v0-sha256-12', 'v1-sha256-12'] })
 * for (const { profile, digest } of images) console.log(`${profile}:${digest}`)
 */
export async function imageDigests(dumpfile: ByteSource, options: DigestOptions = {}): Promise<DigestResult> {
  const wanted = options.profiles;
  if (wanted !== undefined) checkArray("profiles", wanted);
  wanted?.forEach(parseProfile);
  return withDump(dumpfile, options, async (tree, pace) => {
    const { counts } = tree;
    const profiles = wanted ?? [`v1-${ownAlgorithm(counts.objectHash)}` as Profile];
    const images: DigestResult["images"] = [];
    for (const [format, algorithms] of byFormat(profiles)) {
      const image = tree.openImage(format, algorithms);
      await drain(image, pace, undefined);
      const digests = image.digests();
      for (const algorithm of algorithms) {
        images.push({ profile: `${format}-${algorithm}`, ...facts(image), digest: digests[algorithm]! });
      }
    }
    const order = (profile: Profile) => profiles.indexOf(profile);
    images.sort((a, b) => order(a.profile) - order(b.profile));
    return { counts, images };
  });
}

async function withDump<T>(
  dumpfile: ByteSource,
  options: DumpOptions,
  work: (tree: Tree, pace: Pace) => Promise<T>,
): Promise<T> {
  const { strict = false, accelerator = "auto" } = options;
  checkAccelerator(accelerator);
  const pace = new Pace(options);
  const engine: Engine = await acquireEngine(options.limits);
  try {
    const job = new DumpJob(engine, { strict, accelerator });
    const totalBytes = dumpfile instanceof Uint8Array ? { totalBytes: dumpfile.length } : {};
    let bytes = 0;
    for await (const chunk of chunksOf(dumpfile, options.signal)) {
      job.write(chunk);
      bytes += chunk.length;
      await pace.turn({ phase: "read", bytes, ...totalBytes });
    }
    return await work(job.end(), pace);
  } finally {
    releaseEngine(engine);
  }
}

/** Reads an image to its end; each piece is copied, since a sink may keep it. */
async function drain(image: OpenImage, pace: Pace, write: WriteSink | undefined): Promise<void> {
  let bytes = 0;
  for (let piece = image.read(); piece.length > 0; piece = image.read()) {
    bytes += piece.length;
    await write?.(piece.slice());
    await pace.turn({ phase: "write", bytes, totalBytes: image.layout.size });
  }
}

function facts(image: OpenImage): { format: ImageFormat; size: number; inodes: number } {
  return { format: image.format, size: image.layout.size, inodes: image.layout.inodes };
}
