/**
 * Every layer that must be refused is refused for its own reason, by the engine and by its naive twin, and what is just
 * within a limit is taken by both with the same tree.
 *
 * Together the tables produce every STATUS_TAR_* and STATUS_LAYER_*, which the last test checks.
 */
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { mergeNaively } from "../support/naive/oci-tree.ts";
import { Refusal } from "../support/naive/refusal.ts";
import { golden } from "../support/oci/golden.ts";
import { makeLayers } from "../support/oci/images.mjs";
import { LIMITS, layerOf } from "../support/oci/limits.ts";
import { mergeFlags, mergeLayers, readLayer, recordPieces } from "../support/oci/raw-layers.mjs";
import { REFUSAL_CODES } from "../support/oci/refusal-codes.ts";
import { dirs, file } from "../support/oci/tar.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();
const engine = new RawEngine(module);
const produced = new Set<string>();

/** The canonical dumpfile, or the code of the refusal. */
function answerOf(work: () => Buffer): string {
  try {
    return work().toString("latin1");
  } catch (error) {
    if (!(error instanceof EngineStatus || error instanceof Refusal)) throw error;
    return error.code;
  }
}

function engineAnswer(layers: Buffer[]): string {
  return answerOf(() => {
    const records = layers.map((layer) => readLayer(engine, layer));
    mergeLayers(engine, records, mergeFlags("allowlist-only"));
    return engine.print();
  });
}

const naiveAnswer = (layers: Buffer[]) => answerOf(() => mergeNaively(layers, "allowlist-only"));

function expectRefusal(layers: Buffer[], code: string): void {
  produced.add(code);
  expect({ engine: engineAnswer(layers), naive: naiveAnswer(layers) }).toEqual({ engine: code, naive: code });
}

function expectTree(layers: Buffer[]): void {
  const dump = naiveAnswer(layers);
  expect(dump).toMatch(/^\/ 0 40/);
  expect(engineAnswer(layers)).toBe(dump);
}

test.each([...golden.refused, ...golden["refused-ours"]])("%s", (name) => {
  expectRefusal(makeLayers(name), REFUSAL_CODES[name]!);
});

describe("at a limit and beyond it", () => {
  test.each(LIMITS)("%s", (_, taken, refused, code) => {
    expectTree([layerOf(taken)]);
    expectRefusal([layerOf(refused)], code);
  });
});

/** A file with an object, read for one hash only. */
const external = layerOf([file("etc/x", "x".repeat(65))]);

describe("refused by what the caller asks for", () => {
  const refuse = (code: string, work: () => void) => {
    produced.add(code);
    expect(work).toThrow(`${code} line`);
  };
  const limited = (entries: number) => {
    const target = new RawEngine(module);
    expect(target.exports.setLimit(abi.LIMIT_ENTRIES, entries)).toBe(abi.STATUS_OK);
    return target;
  };

  test("more entries in a tar than allowed", () => {
    readLayer(limited(3), external);
    refuse("TAR_TOO_MANY_ENTRIES", () => readLayer(limited(2), external));
  });

  test("more entries in the tree than allowed, the root counted", () => {
    const records = [readLayer(engine, external)];
    mergeLayers(limited(4), records, 0);
    refuse("LAYER_TOO_MANY_ENTRIES", () => mergeLayers(limited(3), records, 0));
  });

  test("object digests of the other hash", () => {
    for (const [flags, merge] of [
      [abi.LAYER_SHA256, "sha512"],
      [abi.LAYER_SHA512, "sha256"],
    ] as const) {
      const records = [readLayer(engine, external, { flags })];
      refuse("LAYER_DIGEST_MISSING", () => mergeLayers(engine, records, mergeFlags("untransformed", merge)));
      mergeLayers(engine, records, mergeFlags("untransformed", merge === "sha256" ? "sha512" : "sha256"));
    }
  });

  test.each([
    ["LAYER_BOOT_MISSING", dirs("usr", "sysroot")],
    ["LAYER_BOOT_TYPE", [...dirs("usr", "sysroot"), file("boot", "")]],
    ["LAYER_SYSROOT_MISSING", dirs("usr", "boot")],
    ["LAYER_SYSROOT_TYPE", [...dirs("usr", "boot"), file("sysroot", "")]],
  ])("a bootable tree: %s", (code, items) => {
    const records = [readLayer(engine, layerOf(items))];
    mergeLayers(engine, records, mergeFlags("allowlist-only"));
    refuse(code, () => mergeLayers(engine, records, mergeFlags("allowlist-only") | abi.MERGE_BOOTABLE));
  });

  test("records that are cut", () => {
    const records = readLayer(engine, external);
    const starts = new Set([...recordPieces(records, 1)].map((piece) => piece.byteOffset - records.byteOffset));
    for (let length = 1; length < records.length; length++) {
      const cut = [records.subarray(0, length)];
      if (starts.has(length)) mergeLayers(engine, cut, mergeFlags("untransformed"));
      else refuse("LAYER_RECORD", () => mergeLayers(engine, cut, mergeFlags("untransformed")));
    }
  });
});

test("every status of tars and layers has a case", () => {
  const missing = Object.keys(abi)
    .filter((status) => /^STATUS_(TAR|LAYER)_/.test(status))
    .map((status) => status.slice("STATUS_".length))
    .filter((code) => !produced.has(code));
  expect(missing).toEqual([]);
});
