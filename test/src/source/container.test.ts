/** Container images in every form, from files, pipes and Blobs. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { type OpenContainerOptions, openContainer } from "../../../src/source/container.node.ts";
import type { ContainerImage } from "../../../src/source/container.ts";
import { openContainerBlob } from "../../../src/source/container.web.ts";
import { openLayer } from "../../../src/source/layer-stream.ts";
import { compressLayer } from "../../support/oci/compress.mjs";
import { FORM_NAMES, makeForm, makeLayout, makeMultiLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { blobOf, digestOf, HOSTS } from "../../support/source.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "container-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const TARS = makeLayers("repeat");
const DIFF_IDS = TARS.map(digestOf);

/** A folder for temporary files, to see what is left in it. */
const SPOOL = join(FOLDER, "spool");
mkdirSync(SPOOL);

function write(name: string, bytes: Uint8Array): string {
  const path = join(FOLDER, name);
  writeFileSync(path, bytes);
  return path;
}

/** The diff_ids of layers, as they are. */
async function readDiffIds({ layers }: ContainerImage, host = HOSTS[0]![1]): Promise<(string | undefined)[]> {
  const diffIds = [];
  for (const layer of layers) {
    const stream = openLayer(layer, {}, undefined, host);
    for await (const _ of stream);
    diffIds.push(stream.totals?.diffId);
  }
  return diffIds;
}

/** Opens an image, reads it and sees that nothing is left behind. */
async function read(operand: string, options: OpenContainerOptions = {}) {
  const image = await openContainer(operand, { temporaryDirectory: SPOOL, ...options });
  try {
    return { ...image, diffIds: await readDiffIds(image) };
  } finally {
    await image.close();
    await image.close();
    expect(readdirSync(SPOOL)).toEqual([]);
  }
}

const OUTER: readonly [string, (bytes: Uint8Array) => Uint8Array][] = [
  ["plain", (bytes) => bytes],
  ["gzip", gzipSync],
  ["zstd", (bytes) => compressLayer(bytes, "zstd-frames", 0).blob],
];
const KINDS: Readonly<Record<string, string>> = {
  "oci-archive": "oci-archive",
  "docker-archive": "oci-archive",
  "docker-archive-legacy": "docker-archive",
};

describe.each(FORM_NAMES.filter((form) => form !== "layout"))("%s", (form) => {
  const kind = KINDS[form]!;
  const prefix = form.startsWith("docker") ? "docker-archive" : kind;

  describe.each(OUTER)("%s", (outer, wrap) => {
    const bytes = wrap(makeForm(form, TARS, { compression: "mixed" }));

    test("from a file, by content and by prefix", async () => {
      const path = write(`${form}-${outer}`, bytes);
      expect(await read(path)).toMatchObject({ kind, name: path, diffIds: DIFF_IDS });
      expect(await read(`${prefix}:${path}`)).toMatchObject({ kind: prefix, diffIds: DIFF_IDS });
      const name = prefix === "oci-archive" ? "latest" : "test:latest";
      expect(await read(`${prefix}:${path}:${name}`)).toMatchObject({ reference: name, diffIds: DIFF_IDS });
      await expect(read(`${prefix}:${path}:nix`)).rejects.toMatchObject({ code: "SOURCE_TAG" });
    });

    test.each(HOSTS)("from a Blob: %s", async (_, host) => {
      const image = await openContainerBlob(blobOf(bytes), { name: "x" }, host);
      expect(image).toMatchObject({ kind, name: "x" });
      expect(await readDiffIds(image, host)).toEqual(DIFF_IDS);
    });
  });
});

test.each(["none", "gzip", "gzip-multi", "zstd-raw", "zstd-frames", "mixed"])("a layout: %s", async (compression) => {
  const path = join(FOLDER, `layout-${compression}`);
  writeLayout(makeLayout(TARS, { compression, tag: "v1" }), path);
  expect(await read(path)).toMatchObject({ kind: "oci", reference: "v1", diffIds: DIFF_IDS });
  expect(await read(`oci:${path}:v1`)).toMatchObject({ kind: "oci", diffIds: DIFF_IDS });
  expect(await read(`oci:${path}/`)).toMatchObject({ kind: "oci", diffIds: DIFF_IDS });
});

test("a layout for several platforms", async () => {
  const path = join(FOLDER, "multi");
  writeLayout(makeMultiLayout(), path);
  expect((await read(path, { platform: "linux/arm64" })).diffIds).toEqual(
    makeLayers("base", { seed: 2 }).map(digestOf),
  );
  await expect(read(path)).rejects.toMatchObject({ code: "SOURCE_SEVERAL" });
  await expect(read(path, { platform: "linux" })).rejects.toThrow(RangeError);
});

describe("a bare layer", () => {
  test.each(OUTER)("%s", async (outer, wrap) => {
    const path = write(`layer-${outer}`, wrap(TARS[0]!));
    for (const operand of [path, `tar:${path}`]) {
      const image = await read(operand);
      expect(image).toMatchObject({
        kind: "tar",
        diffIds: [DIFF_IDS[0]],
        manifest: null,
        config: null,
        platform: null,
      });
      expect(image.layers[0]).toMatchObject({ diffId: null, digest: null, size: null });
      // Named as a layer it needs no temporary file.
      expect(image.layers[0]!.compression).toBe(operand === path || outer === "plain" ? "none" : outer);
    }
    const image = await openContainerBlob(blobOf(wrap(TARS[0]!)), { kind: "tar" });
    expect(await readDiffIds(image)).toEqual([DIFF_IDS[0]]);
  });

  test("is what prefix says, whatever is in it", async () => {
    const path = write("archive-as-layer", makeForm("oci-archive", TARS));
    expect((await read(`tar:${path}`)).kind).toBe("tar");
  });
});

describe("standard input", () => {
  const module = new URL("../../../build/src/source/", import.meta.url).href;
  const SCRIPT = `
    const [{ openContainer }, { openLayer }] = await Promise.all(
      ["container.node.js", "layer-stream.js"].map((name) => import(process.argv[1] + name)));
    const options = { temporaryDirectory: process.argv[3] };
    const image = await openContainer(process.argv[2], options).catch(({ code, message }) => {
      console.log(code, message);
      process.exit();
    });
    if (process.argv[4] === "stay") {
      console.log("open");
      setInterval(() => {}, 1000);
    } else {
      for (const layer of image.layers) {
        const stream = openLayer(layer);
        for await (const _ of stream);
        console.log(stream.totals.diffId);
      }
      if (process.argv[4] !== "forget") await image.close();
    }`;
  const args = (operand: string, more: string[] = []) => [
    "--input-type=module",
    "--eval",
    SCRIPT,
    module,
    operand,
    SPOOL,
    ...more,
  ];
  const runWith = (operand: string, input: Uint8Array, ...more: string[]) => {
    const { stdout, stderr } = spawnSync(process.execPath, args(operand, more), { input, encoding: "utf8" });
    expect({ stderr, left: readdirSync(SPOOL) }).toEqual({ stderr: "", left: [] });
    return stdout.trim().split("\n");
  };
  const archive = makeForm("oci-archive", TARS);

  test("an archive, plain and compressed, forgotten or closed", () => {
    expect(runWith("-", archive)).toEqual(DIFF_IDS);
    expect(runWith("oci-archive:-:latest", gzipSync(archive), "forget")).toEqual(DIFF_IDS);
    expect(runWith("docker-archive:-:test:latest", makeForm("docker-archive", TARS))).toEqual(DIFF_IDS);
    expect(runWith("tar:-", gzipSync(TARS[0]!))).toEqual([DIFF_IDS[0]]);
  });

  test("anything else", () => {
    expect(runWith("-", Buffer.from("text")).join()).toMatch(/^SOURCE_KIND "standard input"/);
    expect(runWith("-", Buffer.alloc(0)).join()).toMatch(/^SOURCE_KIND/);
    expect(runWith("-", gzipSync(archive).subarray(0, 500)).join()).toMatch(/^BLOB_GZIP "standard input"/);
  });

  test.skipIf(process.platform === "win32").each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s removes the temporary file and ends the process",
    async (signal) => {
      const child = spawn(process.execPath, args("-", ["stay"]), { stdio: ["pipe", "pipe", "inherit"] });
      child.stdin.end(archive);
      await once(child.stdout, "data");
      expect(readdirSync(SPOOL)).toHaveLength(1);
      child.kill(signal);
      expect(await once(child, "exit")).toEqual([null, signal]);
      expect(readdirSync(SPOOL)).toEqual([]);
    },
  );

  test.skipIf(process.platform === "win32")("a named pipe", async () => {
    const pipe = join(FOLDER, "pipe");
    if (spawnSync("mkfifo", [pipe]).status !== 0) return;
    const writer = spawn("sh", ["-c", 'cat "$0" > "$1"', write("piped", archive), pipe], { stdio: "ignore" });
    expect((await read(pipe)).diffIds).toEqual(DIFF_IDS);
    writer.kill();
  });
});

describe("refused", () => {
  test.each<[string, string, (path: string) => void, string]>([
    ["nothing there", "IO_OPEN", () => {}, ""],
    ["an empty file", "SOURCE_KIND", (path) => writeFileSync(path, ""), ""],
    ["text", "SOURCE_KIND", (path) => writeFileSync(path, "text".repeat(1000)), ""],
    ["compressed text", "SOURCE_KIND", (path) => writeFileSync(path, gzipSync("text".repeat(1000))), ""],
    ["damaged gzip", "BLOB_GZIP", (path) => writeFileSync(path, gzipSync(TARS[0]!).subarray(0, 99)), ""],
    ["an empty directory", "SOURCE_KIND", (path) => mkdirSync(path), ""],
    ["an empty directory", "SOURCE_MISSING", (path) => mkdirSync(path), "oci:"],
    ["a directory", "SOURCE_KIND", (path) => mkdirSync(path), "oci-archive:"],
    ["a file", "SOURCE_KIND", (path) => writeFileSync(path, TARS[0]!), "oci:"],
    ["a layer", "SOURCE_MISSING", (path) => writeFileSync(path, TARS[0]!), "oci-archive:"],
    ["a layer", "SOURCE_MISSING", (path) => writeFileSync(path, TARS[0]!), "docker-archive:"],
    [
      "a cut archive",
      "SOURCE_ARCHIVE",
      (path) => writeFileSync(path, makeForm("oci-archive", TARS).subarray(0, 5000)),
      "",
    ],
  ])("%s: %s", async (_, code, make, prefix) => {
    const path = join(FOLDER, `refused-${Math.random()}`);
    make(path);
    await expect(read(prefix + path)).rejects.toMatchObject({ code });
    expect(readdirSync(SPOOL)).toEqual([]);
  });

  test("an archive that decompresses to more than is allowed", async () => {
    const archive = makeForm("oci-archive", TARS);
    const path = write("limit.gz", gzipSync(archive));
    expect((await read(path, { limits: { spoolBytes: archive.length } })).diffIds).toEqual(DIFF_IDS);
    const limits = { spoolBytes: archive.length - 1 };
    await expect(read(path, { limits })).rejects.toMatchObject({ code: "BLOB_LIMIT" });
    await expect(openContainerBlob(blobOf(gzipSync(archive)), { limits })).rejects.toMatchObject({
      code: "BLOB_LIMIT",
    });
    await expect(read(path, { limits: { ratio: 1, ratioFreeBytes: 0 } })).rejects.toMatchObject({ code: "BLOB_LIMIT" });
    expect(readdirSync(SPOOL)).toEqual([]);
  });

  test("an archive with too many entries, which a layer may have", async () => {
    const limits = { archiveEntries: 3 };
    const path = write("many", makeForm("oci-archive", TARS));
    await expect(read(path, { limits })).rejects.toMatchObject({ code: "SOURCE_LIMIT", data: { limit: 3 } });
    expect((await read(write("many-layer", TARS[0]!), { limits })).kind).toBe("tar");
  });

  test("a signal that has been given", async () => {
    const path = write("signal", gzipSync(makeForm("oci-archive", TARS)));
    await expect(read(path, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrowError("enough");
  });

  test("a temporary directory that is none", async () => {
    const path = write("nowhere.gz", gzipSync(makeForm("oci-archive", TARS)));
    const temporaryDirectory = join(FOLDER, "nowhere");
    await expect(read(path, { temporaryDirectory })).rejects.toMatchObject({ code: "IO_WRITE" });
    expect(process.listenerCount("SIGTERM")).toBe(0);
  });
});

describe("a layout on disk", () => {
  test("links are followed as anywhere, and what is no file is refused", async () => {
    const path = join(FOLDER, "linked");
    writeLayout(makeLayout(TARS), path);
    const outside = write("index-outside", readFileSync(join(path, "index.json")));
    rmSync(join(path, "index.json"));
    symlinkSync(outside, join(path, "index.json"));
    expect((await read(path)).diffIds).toEqual(DIFF_IDS);
    rmSync(join(path, "index.json"));
    mkdirSync(join(path, "index.json"));
    await expect(read(path)).rejects.toMatchObject({ code: "SOURCE_FILE" });
    rmSync(join(path, "index.json"), { recursive: true });
    symlinkSync("index.json", join(path, "index.json"));
    await expect(read(path)).rejects.toMatchObject({ code: "IO_OPEN" });
    expect(existsSync(outside)).toBe(true);
  });
});
