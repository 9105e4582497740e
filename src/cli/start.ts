/**
 * `npm start [-- INPUT]`: the main job of this package, shown on a real file. Not part of the published package.
 *
 * Without INPUT it takes the container image in test/fixtures/oci and compares its digests with the pinned ones; so it
 * does with the dumpfile of a Debian root file system, test/fixtures/debian-minbase.dump.gz. Any other container image or
 * dumpfile will do; a dumpfile that ends in .gz is unpacked first.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gunzipSync } from "node:zlib";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { countOf, formatCount } from "../explain/words.ts";
import { DumpJob } from "../image/job.ts";
import { OutputFile } from "../image/output.node.ts";
import { ownAlgorithm } from "../image/profile.ts";
import { InputFile, ioError, type SystemError } from "../source/files.node.ts";
import { isTar } from "../source/outer-tar.ts";
import { openInput } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK, runCommand, writeImage } from "./common.ts";
import { formatBytes, print } from "./text.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BUNDLED = join(ROOT, "test/fixtures/oci/base.oci.tar");
const DEBIAN = join(ROOT, "test/fixtures/debian-minbase.dump.gz");
const PINNED = join(ROOT, "test/fixtures/debian.json");
const IMAGE = join(ROOT, "build/start/image.cfs");

/** Below this number of entries a rate would say nothing: the time is that of the start. */
const RATE_ENTRIES = 1000;

interface Pin {
  runs: Array<{ options: string[]; fsverity_sha256: string }>;
}

/** Bytes of a compressed file that tell what is in it. */
const HEAD_BYTES = 1 << 16;

async function main(input: string): Promise<number> {
  if (!isContainer(input)) return makeImage(input);
  const { digestImage } = await import("./start-container.ts");
  return digestImage(input, resolve(input) === BUNDLED);
}

/** Whether an input is a container image. @throws {ComposefsError} IO_OPEN, IO_READ */
function isContainer(input: string): boolean {
  const source = openInput(input);
  if (source.kind !== "container") {
    source.file.close();
    return false;
  }
  if (input !== source.name || !input.endsWith(".gz")) return true;
  const file = new InputFile(input);
  const head = file.peek(HEAD_BYTES);
  file.close();
  try {
    return isTar(gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }));
  } catch {
    // Whoever reads it says what is wrong.
    return false;
  }
}

/** Makes the image of a dumpfile. */
async function makeImage(path: string): Promise<number> {
  const dump = readDumpfile(path);
  print(`Dumpfile  ${relative(process.cwd(), path)}, ${formatBytes(dump.length)}\n`);

  const began = performance.now();
  const engine = acquireEngineSync();
  const loaded = performance.now();
  const job = new DumpJob(engine, { strict: false, accelerator: acceleratorFromEnvironment() });
  job.write(dump);
  const tree = job.end();
  const { counts } = tree;
  const parsed = performance.now();
  const algorithm = ownAlgorithm(counts.objectHash);
  const image = tree.openImage("v1", [algorithm]);
  mkdirSync(dirname(IMAGE), { recursive: true });
  await writeImage(image, new OutputFile(IMAGE), {});
  const digest = image.digests()[algorithm]!;
  const written = performance.now();
  releaseEngine(engine);

  print(`          ${countOf(counts.entries, "entry", "entries")}: `);
  print(`${countOf(counts.directories, "directory", "directories")}, `);
  print(`${countOf(counts.externalFiles + counts.inlineFiles, "file")}, ${countOf(counts.symlinks, "symlink")}, `);
  print(`${countOf(counts.hardlinks, "hardlink")}\n`);
  print(`Image     ${relative(process.cwd(), IMAGE)}, ${formatBytes(image.layout.size)}, format ${image.format}\n`);
  print(`Digest    ${image.format}-${algorithm}:${digest}\n`);
  const total = written - loaded;
  print(`Time      ${total.toFixed(0)} ms: ${(parsed - loaded).toFixed(0)} ms to parse, `);
  const rate = `${formatCount(Math.round(counts.entries / (total / 1000)))} entries/s`;
  print(`${(written - parsed).toFixed(0)} ms to write and hash${counts.entries < RATE_ENTRIES ? "" : `; ${rate}`}. `);
  print(`Engine ready in ${(loaded - began).toFixed(0)} ms.\n`);
  if (resolve(path) !== DEBIAN) return EXIT_OK;

  const pin = JSON.parse(readFileSync(PINNED, "utf8")) as Pin;
  const reference = pin.runs.find((run) => run.options.includes("--min-version=1"))?.fsverity_sha256;
  print(
    `Reference ${reference === digest ? "the same digest" : `another digest: ${reference}`} (C mkcomposefs 1.0.8)\n`,
  );
  return reference === digest ? EXIT_OK : EXIT_NO;
}

/** @throws {ComposefsError} IO_OPEN, IO_READ */
function readDumpfile(path: string): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = readFileSync(path);
  } catch (cause) {
    throw ioError((cause as SystemError).syscall === "open" ? "IO_OPEN" : "IO_READ", path, cause);
  }
  try {
    return path.endsWith(".gz") ? gunzipSync(raw) : raw;
  } catch (cause) {
    throw ioError("IO_READ", path, cause, `not a gzip file: ${(cause as Error).message}`);
  }
}

await runCommand(false, () => main(process.argv[2] ?? BUNDLED));
