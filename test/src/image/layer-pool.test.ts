/**
 * Layers on threads. The threads are files of the build, so this tests the built package, and so do the readers of
 * containers beside it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { LayerPool as Pool } from "../../../src/image/layer-pool.node.ts";
import type { containerDigests as Digests } from "../../../src/node.ts";
import type { LayerBlob } from "../../../src/source/container.ts";
import { makeForm, makeLayout, writeLayout } from "../../support/oci/forms.mjs";
import { expectedTrees, golden, layersOf } from "../../support/oci/golden.ts";
import { digestOf } from "../../support/source.ts";
import { emptyFolder } from "../cli/run.ts";

const build = (path: string) => import(new URL(`../../../build/src/${path}`, import.meta.url).href);
const { LayerPool, defaultWorkers } = (await build("image/layer-pool.node.js")) as {
  LayerPool: new () => Pool;
  defaultWorkers(layers: number): number;
};
const { containerDigests } = (await build("node.js")) as { containerDigests: typeof Digests };

const base = golden.images.find(({ image, seed, scale }) => image === "base" && seed === 1 && scale === 1)!;
const pinned = Object.fromEntries(expectedTrees(base))["allowlist-only"]!;

/** Layers in files. */
function layerFiles(changes: Partial<LayerBlob> = {}): LayerBlob[] {
  const cwd = emptyFolder();
  return layersOf(base).map((bytes, i) => {
    const path = join(cwd, `${i}.tar`);
    writeFileSync(path, bytes);
    const place = { kind: "file", path, offset: 0, length: bytes.length } as const;
    const what = { digest: digestOf(bytes), diffId: digestOf(bytes), size: bytes.length };
    return { place, compression: "none", mediaType: "", name: path, annotations: {}, ...what, ...changes };
  });
}

describe("a pool", () => {
  test("reads layers side by side, and again", async () => {
    const pool = new LayerPool();
    try {
      for (let round = 0; round < 2; round++) {
        const read = await Promise.all(layerFiles().map((layer) => pool.read(layer, { hashes: ["sha256"] })));
        expect(read.map(({ totals }) => totals.diffId)).toEqual(base.diff_ids);
        expect(read.map(({ records }) => records.hashes)).toEqual([["sha256"], ["sha256"]]);
      }
    } finally {
      await pool.close();
    }
  });

  test("passes errors on as they are, and goes on with the next layer", async () => {
    const pool = new LayerPool();
    try {
      const [wrong] = layerFiles({ diffId: `sha256:${"0".repeat(64)}` });
      await expect(pool.read(wrong!, { hashes: ["sha256"] })).rejects.toMatchObject({
        name: "ComposefsError",
        code: "BLOB_DIFF_ID",
        data: { text: base.diff_ids[0] },
      });
      const [right] = layerFiles();
      expect((await pool.read(right!, { hashes: ["sha256"] })).totals.diffId).toBe(base.diff_ids[0]);
    } finally {
      await pool.close();
    }
  });

  test("is told to stop", async () => {
    const pool = new LayerPool();
    const control = new AbortController();
    const [layer] = layerFiles();
    const job = pool.read(layer!, { hashes: ["sha512"] }, control.signal);
    control.abort(new Error("enough"));
    await expect(job).rejects.toThrow("enough");
    await expect(pool.read(layer!, { hashes: ["sha256"] }, control.signal)).rejects.toThrow("enough");
    await pool.close();
  });

  test("has a worker for each layer, and not more than processors", () => {
    expect(defaultWorkers(1)).toBe(1);
    expect(defaultWorkers(1000)).toBeLessThanOrEqual(8);
  });
});

describe("containerDigests", () => {
  const profiles = ["v1-sha512-12", "v0-sha256-12"] as const;
  const expected = [pinned["v1-sha512"], pinned["v0-sha256"]];

  test("with threads and without", async () => {
    const cwd = emptyFolder();
    writeLayout(makeLayout(layersOf(base)), join(cwd, "base"));
    for (const workers of [undefined, 1, 2, 7]) {
      const states: string[] = [];
      const { images, source, counts } = await containerDigests(join(cwd, "base"), {
        profiles,
        ...(workers !== undefined && { workers }),
        onProgress: ({ layer, state }) => states.push(`${layer} ${state}`),
      });
      expect(images.map(({ digest }) => digest)).toEqual(expected);
      expect(source).toMatchObject({ kind: "oci", diffIds: base.diff_ids });
      expect(counts?.entries).toBe(pinned.lines);
      expect(states.sort()).toEqual(["0 done", "1 done"]);
    }
  });

  test("of all roles, of either revision", async () => {
    const cwd = emptyFolder();
    const boot = golden.images.find(({ image, seed }) => image === "boot" && seed === 1)!;
    const pins = boot as unknown as Record<string, Record<string, string>>;
    writeLayout(makeLayout(layersOf(boot)), join(cwd, "boot"));
    const roles = ["merged", "bootable", "layer"] as const;
    for (const transformRevision of [1, 2] as const) {
      const { images, layers } = await containerDigests(join(cwd, "boot"), { roles, transformRevision });
      const name = transformRevision === 1 ? "bootable" : "bootable-with-nsec";
      expect(images.map(({ role, digest }) => [role, digest])).toEqual([
        ["merged", pins["allowlist-only"]!["v1-sha512"]],
        ["bootable", pins[name]!["v1-sha512"]],
      ]);
      expect(layers).toHaveLength(boot.diff_ids.length);
    }
  });

  test.each([
    [{ roles: [] }, "roles"],
    [{ roles: ["root"] }, "roles"],
    [{ roles: ["bootable"], transform: false }, "roles"],
    [{ transformRevision: 3 }, "transformRevision"],
  ])("refuses %j", async (options, name) => {
    await expect(containerDigests("x", options as never)).rejects.toThrow(name);
  });

  test("ends with its signal, and refuses options that are none", async () => {
    const path = join(emptyFolder(), "base");
    writeFileSync(path, makeForm("oci-archive", layersOf(base)));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(containerDigests(path, { signal })).rejects.toThrow("enough");
    const wrong = (options: object) => containerDigests(path, options);
    await expect(wrong({ workers: 0 })).rejects.toThrow(RangeError);
    await expect(wrong({ xattrs: "all" })).rejects.toThrow(RangeError);
    await expect(wrong({ platform: "linux" })).rejects.toThrow(RangeError);
    await expect(wrong({ profiles: "v1-sha256-12" })).rejects.toThrow(TypeError);
    await expect(wrong({ profiles: [] })).rejects.toThrow(RangeError);
    await expect(wrong({ profiles: ["v9"] })).rejects.toMatchObject({ code: "PROFILE_NAME" });
  });
});
