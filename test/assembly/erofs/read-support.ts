/** How the tests of the image reader ask it, and what no answer may cost. */

import { expect } from "vitest";
import { MEMORY_BASE_BYTES, MEMORY_PER_IMAGE_BYTE, SCAN_STRICT } from "../../../assembly/abi.ts";
import { buildErofs, directory, type Entry, type Inode } from "../../support/naive/erofs-image.ts";
import {
  compileEngine,
  EngineStatus,
  type ErrorRecord,
  type ParseOptions,
  RawEngine,
} from "../../support/raw-engine.mjs";

const module = compileEngine();

/** Memory grows by whole pages. */
const PAGE = 65_536;

/** CPU time that a megabyte of image may take to be read; other processes do not count. */
const SECONDS_PER_MEGABYTE = 1;

/** The last answer in full, for tests that look further. */
export let lastEngine = new RawEngine(module);
export let lastError: ErrorRecord | undefined;
let isUsed = false;

/**
 * `OK` or the code of the refusal. A trap is a failure of the test, and so is memory or time beyond what the bytes of an
 * image are worth: an instance that has grown or whose limits were lowered reads no other image, so that this one shows.
 */
export function answer(image: Uint8Array, options: ParseOptions = {}): string {
  if (isUsed || lastEngine.memory.buffer.byteLength > MEMORY_BASE_BYTES) lastEngine = new RawEngine(module);
  isUsed = options.limits !== undefined;
  const engine = lastEngine;
  lastError = undefined;
  const began = process.cpuUsage();
  try {
    engine.scan([image], options);
  } catch (error) {
    isUsed ||= !(error instanceof EngineStatus);
    if (!(error instanceof EngineStatus)) throw error;
    lastError = error;
  }
  const used = process.cpuUsage(began);
  const seconds = (used.user + used.system) / 1e6;
  expect(seconds, `seconds for ${image.length} bytes`).toBeLessThan(
    0.5 + (image.length / 2 ** 20) * SECONDS_PER_MEGABYTE,
  );
  const most = MEMORY_BASE_BYTES + MEMORY_PER_IMAGE_BYTE * image.length;
  expect(engine.memory.buffer.byteLength, `memory for ${image.length} bytes`).toBeLessThan(most + PAGE);
  if (lastError !== undefined) expect(lastError.offset, lastError.code).toBeLessThanOrEqual(image.length);
  return lastError?.code ?? "OK";
}

export const strictly = (image: Uint8Array): string => answer(image, { flags: SCAN_STRICT });

/** The answer to a root with these entries. */
export function answerTo(entries: Entry[], version = 2, root: Partial<Inode> = {}): string {
  return answer(buildErofs(directory(entries, root), version).bytes);
}

/** The answer to a root with one entry `a`. */
export const answerToOne = (inode: Inode, version = 2): string => answerTo([["a", inode]], version);

/** Canonical lines of the image that was read last, the root's without its path. */
export const lines = (): string[] => lastEngine.print().toString("latin1").split("\n").slice(0, -1);
