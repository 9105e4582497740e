/**
 * Inputs of every kind, damaged ones, several at once, and changes of mind, in real browsers. What a digest or a refusal has
 * to be, the command line says.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_FILTER, type Opened } from "../../src/inspector/protocol.ts";
import { debian, readFixture } from "../support/fixtures.ts";
import { compressLayer } from "../support/oci/compress.mjs";
import { makeForm, makeLayout, makeMultiLayout, writeLayout } from "../support/oci/forms.mjs";
import { makeLayers } from "../support/oci/images.mjs";
import { dir, file, tarball } from "../support/oci/tar.mjs";
import { BROWSERS, startBrowser } from "./support/browsers.ts";
import {
  failureOf,
  type InspectorPage,
  openInspector,
  type PageGlobals,
  type Picked,
  servePage,
} from "./support/inspector.ts";

const COMMAND = fileURLToPath(new URL("../../build/src/cli/composefs.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "composefs-session-"));
const at = (name: string) => join(folder, name);
const write = (name: string, bytes: Uint8Array | string) => {
  writeFileSync(at(name), bytes);
  return at(name);
};

/** What the command prints as JSON, whether a result or an error. */
function command(...args: string[]): { images: Array<{ profile: string; digest: string }>; code?: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args, "--json"], { encoding: "utf8" });
  return JSON.parse(stdout === "" ? stderr : stdout);
}

const layers = makeLayers("base", { seed: 1 });
/** Two layers, each of which takes a while. */
const slow = [0, 1].map((i) =>
  tarball([dir("usr"), file(`usr/zeros${i}`, Buffer.alloc(48e6, i)), file(`usr/more${i}`, Buffer.alloc(48e6, i + 2))]),
);

beforeAll(() => {
  write("plain.tar", layers[0]!);
  for (const how of ["gzip-multi", "zstd-frames"]) write(`${how}.tar`, compressLayer(layers[0]!, how, 0).blob);
  write("app.oci.tar", makeForm("oci-archive", layers, { compression: "gzip" }));
  write("app.docker.tar", makeForm("docker-archive", layers));
  write("slow.oci.tar", makeForm("oci-archive", slow, { compression: "none" }));
  for (const [name, files] of [
    ["layout", makeLayout(layers)],
    ["multi", makeMultiLayout()],
  ] as const) {
    mkdirSync(at(name));
    writeLayout(files, at(name));
  }
  write("root.dump", readFixture(debian.file));
  spawnSync(process.execPath, [COMMAND, "mkfs", at("root.dump"), at("root.cfs"), "-q"]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The files of a folder as they are dropped. */
function dropped(name: string): Picked[] {
  const entries = readdirSync(at(name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return { file: path, path: `${name}/${relative(at(name), path)}` };
  });
}

describe.each(BROWSERS)("%s", (browser) => {
  let inspector: InspectorPage;
  let served: Awaited<ReturnType<typeof servePage>>;
  let started: Awaited<ReturnType<typeof startBrowser>>;

  beforeAll(async () => {
    served = await servePage("/some/where/");
    started = await startBrowser(browser);
    inspector = await openInspector(started.browser, served.address);
  });
  afterAll(async () => {
    await started.stop();
    served.stop();
  });

  test.each([
    "app.oci.tar",
    "app.docker.tar",
    "tar:plain.tar",
    "tar:gzip-multi.tar",
    "tar:zstd-frames.tar",
    "root.dump",
    "root.cfs",
  ])("%s has the digests of the command", async (operand) => {
    const name = operand.replace(/^tar:/, "");
    const expected = command("digest", operand.replace(name, at(name)), "--no-cache");
    const opened = await inspector.open("a", [at(name)]);
    const [profile] = opened.profiles;
    const [row] = await inspector.call("digests", "a", [profile], "merged");
    expect({ profile, digest: row!.digest }).toEqual({
      profile: expected.images[0]!.profile,
      digest: expected.images[0]!.digest,
    });
  });

  test("a folder that is a layout", async () => {
    const expected = command("digest", `oci:${at("layout")}`, "--no-cache");
    const opened = await inspector.open("a", dropped("layout"));
    expect(opened).toMatchObject({ kind: "oci", name: "layout", platform: "linux/amd64" });
    const [row] = await inspector.call("digests", "a", ["v1-sha512-12"], "merged");
    expect(row!.digest).toBe(expected.images[0]!.digest);
  });

  test("of several images a person chooses", async () => {
    const failure = await failureOf(inspector.open("a", dropped("multi")));
    expect(failure).toMatchObject({
      code: "SOURCE_SEVERAL",
      choices: [{ platform: "linux/amd64" }, { platform: "linux/arm64" }],
    });
    const opened = await inspector.open("a", dropped("multi"), failure.choices[1]);
    expect(opened).toMatchObject({ platform: "linux/arm64", choiceOptions: ["--platform", "linux/arm64"] });
  });

  test("damaged inputs are refused with the codes of the command", async () => {
    const oci = readFileSync(at("app.oci.tar"));
    const image = readFileSync(at("root.cfs"));
    const damaged: Array<[string, Uint8Array | string]> = [
      // In the middle of the first blob that is no document.
      ["flipped.oci.tar", flipped(oci, oci.indexOf(Buffer.from([0x1f, 0x8b, 8])) + 300)],
      ["cut.oci.tar", oci.subarray(0, oci.length >> 1)],
      ["cut.tar", layers[0]!.subarray(0, 700)],
      ["flipped.zstd.tar", flipped(readFileSync(at("zstd-frames.tar")), 40)],
      ["bad.dump", "/ 0 40755 2 0 0 0 0.0 - - -\n/a 0 100644 one 0 0 0 0.0 - - -\n"],
      ["cut.cfs", image.subarray(0, 5000)],
      // The nid of the root, in the superblock.
      ["flipped.cfs", flipped(image, 1024 + 14)],
    ];
    for (const [name, bytes] of damaged) {
      const path = write(name, bytes);
      const { code } = command("digest", path, "--no-cache");
      expect(code, name).toMatch(/^[A-Z]+_/);
      expect(await failureOf(inspector.open("a", [path]), name)).toMatchObject({ code });
    }
    for (const [name, bytes] of [
      ["photo.jpg", Buffer.from("ffd8ffe000104a464946", "hex")],
      ["empty", ""],
    ] as const) {
      expect(await failureOf(inspector.open("a", [write(name, bytes)]), name)).toMatchObject({ code: "SOURCE_KIND" });
    }
    await expect(inspector.call("rows", "a", 0, 10)).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("layers are read side by side, with progress", async () => {
    await inspector.open("a", [at("slow.oci.tar")]);
    const progress = await inspector.progress();
    const running = progress.map(({ layers }) => layers.filter(({ state }) => state === "running").length);
    const cores = await inspector.page.evaluate(() => navigator.hardwareConcurrency);
    expect(Math.max(...running)).toBe(Math.min(cores, 2));
    const last = progress.findLast(({ layers }) => layers.length > 0)!;
    for (const { label } of last.layers) expect(label).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(last.layers.every(({ state, doneBytes, totalBytes }) => state === "done" && doneBytes === totalBytes)).toBe(
      true,
    );
  });

  test("cancelled again and again, it opens the next one", async () => {
    for (let i = 0; i < 12; i++) {
      await inspector.begin("a", [at("slow.oci.tar")]);
      if (i % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 150));
      const began = performance.now();
      await inspector.cancel();
      expect(await failureOf(inspector.result())).toMatchObject({ code: "AbortError" });
      expect(performance.now() - began).toBeLessThan(2000);
    }
    const opened = await inspector.open("a", [at("app.oci.tar")]);
    expect(opened.layers).toHaveLength(layers.length);
  });

  test("opened in one tab after the other, its threads come up every time", async () => {
    for (let opening = 0; opening < 25; opening++) {
      const tab = await openInspector(started.browser, served.address);
      expect((await tab.open("a", [at("app.oci.tar")])).profiles.length).toBeGreaterThan(0);
      await tab.page.close();
    }
  });

  test("two images at once, compared", async () => {
    const [a, b] = await openBoth(inspector, [at("slow.oci.tar"), at("app.oci.tar")]);
    expect([a.layers.length, b.layers.length]).toEqual([2, layers.length]);
    const compared = await inspector.call("compare");
    expect(compared.equal).toBe(false);
    const expected = spawnSync(process.execPath, [COMMAND, "diff", at("slow.oci.tar"), at("app.oci.tar"), "--json"]);
    const { classes, hints, equalAfter } = JSON.parse(expected.stdout.toString());
    const plain = compared.classes.map(({ examples, ...rest }) => ({
      ...rest,
      examples: examples.map(({ texts: _, ...row }) => row),
    }));
    expect({ classes: plain, hints: compared.hints, equalAfter: compared.equalAfter }).toEqual({
      classes,
      hints,
      equalAfter,
    });
    const changed = await inspector.call("list", "a", { ...NO_FILTER, changed: true });
    expect(changed.matches).toBeGreaterThan(0);
  });

  test("nothing was asked of anybody but for the files of the page", () => {
    const own = /^\/some\/where\/(|index\.html|assets\/[\w.-]+\.(js|css|svg|wasm))$/;
    expect(served.requests.filter((path) => !own.test(path) && path !== "/favicon.ico")).toEqual([]);
    expect(served.requests.some((path) => path.endsWith(".wasm"))).toBe(true);
  });
});

function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[offset]! ^= 0xff;
  return copy;
}

/** Opens both sides at the same time. */
async function openBoth(inspector: InspectorPage, paths: readonly [string, string]): Promise<[Opened, Opened]> {
  const inputs = [];
  for (const path of paths) inputs.push(await inspector.pick([path]));
  await inspector.page.evaluate(
    (...inputs) => {
      const globals = globalThis as unknown as PageGlobals;
      globals.settled = null;
      const opened = inputs.map((input, i) => {
        const [file] = (input as unknown as HTMLInputElement).files!;
        const files = [{ path: file!.name, file: file! }];
        const side = i === 0 ? "a" : "b";
        return globals.client["open"]!(side, { kind: "files", files }, {}, () => {}, new AbortController().signal);
      });
      Promise.all(opened).then((result) => {
        globals.settled = { result };
      });
    },
    ...inputs,
  );
  return inspector.settled<[Opened, Opened]>();
}
