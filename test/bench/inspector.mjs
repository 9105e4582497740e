/**
 * The rows of the inspector: Chromium against Node for the same work, how soon the page is there, and what it weighs.
 *
 * Node is `composefs digest` as a whole process with one worker and `--no-accelerator`: the engine alone hashes objects, as in
 * a browser. In the page it is the time from the drop to the digests, of an image of one layer, so with one worker, too.
 */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import puppeteer from "puppeteer-core";
import { pageFiles, serveFiles } from "../../build/src/cli/inspect-server.js";
import { makeForm } from "../support/oci/forms.mjs";
import { layer } from "./containers.mjs";
import { inTurn, median, ratioRow, row, runSeconds, scratch } from "./measure.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const composefs = [process.execPath, at("../../build/src/cli/composefs.js")];
const page = at("../../build/inspector/");

/** Bytes of the one layer, uncompressed. */
const IMAGE_BYTES = 200e6;

/** Starts Chromium and opens the page. @returns runs an image and gives the seconds and the digest that it took */
async function startChromium() {
  const { server, origin } = await serveFiles(
    pageFiles(page, (path) => statSync(path).size),
    0,
  );
  const profile = join(scratch, "chromium");
  mkdirSync(profile, { recursive: true });
  const browser = await puppeteer.launch({
    executablePath: "/usr/bin/chromium",
    userDataDir: profile,
    protocolTimeout: 600_000,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"].concat([
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ]),
  });
  const tab = await browser.newPage();
  const open = () => tab.goto(`${origin}/`);
  await open();
  const { file } = JSON.parse(readFileSync(join(page, ".vite/manifest.json"), "utf8"))["../client.ts"];
  await tab.evaluate(async (url) => {
    globalThis.client = (await import(url)).connectInspector();
  }, `${origin}/${file}`);
  return {
    tab,
    open,
    async digest(path) {
      const input = await tab.evaluateHandle(() => Object.assign(document.createElement("input"), { type: "file" }));
      await input.uploadFile(path);
      return tab.evaluate(async (input) => {
        const [file] = input.files;
        const began = performance.now();
        const { signal } = new AbortController();
        await client.open("a", { kind: "files", files: [{ path: file.name, file }] }, {}, () => {}, signal);
        const [{ digest }] = await client.digests("a", ["v1-sha512-12"], "merged");
        return { seconds: (performance.now() - began) / 1000, digest };
      }, input);
    },
    async stop() {
      await browser.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Chromium against Node, and the first view. */
export async function* inspector(rounds) {
  const chromium = await startChromium();
  try {
    const tar = layer(0, IMAGE_BYTES);
    for (const [compression, must, aim] of [
      ["none", 1.4, 1.2],
      ["gzip", 3, 2],
    ]) {
      const path = join(scratch, `inspector-${compression}.tar`);
      writeFileSync(path, makeForm("oci-archive", [tar], { compression }));
      const command = [
        ...composefs,
        "digest",
        path,
        "--no-cache",
        "--no-progress",
        "--workers",
        "1",
        "--no-accelerator",
      ];
      const times = await inTurn(
        async () => (await chromium.digest(path)).seconds,
        () => runSeconds(command),
        rounds,
      );
      const work = compression === "none" ? "uncompressed" : "gzip";
      yield ratioRow(
        `one layer, 200 MB, ${work}, in Chromium, against Node with WebAssembly only`,
        times,
        "ms",
        must,
        aim,
      );
    }
    yield row(...(await firstView(chromium, rounds)));
  } finally {
    await chromium.stop();
  }
  yield row(...firstLoad());
}

/** From the navigation to the first paint that has content. */
async function firstView({ tab, open }, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await open();
    times.push(
      await tab.evaluate(
        () =>
          new Promise((resolve) => {
            new PerformanceObserver((list, observer) => {
              observer.disconnect();
              resolve(list.getEntries()[0].startTime);
            }).observe({ type: "paint", buffered: true });
          }),
      ),
    );
  }
  const ms = median(times);
  return ["first view of the inspector in Chromium, from the navigation on", ms, undefined, "ms", ms, 1000, 500];
}

/** What a page loads before anything is opened: page, style, session and engine, gzipped. */
function firstLoad() {
  const assets = readdirSync(join(page, "assets")).filter((name) => /^(index|client|session-worker|engine)/.test(name));
  const bytes = ["index.html", ...assets.map((name) => `assets/${name}`)]
    .map((name) => gzipSync(readFileSync(join(page, name)), { level: 9 }).length)
    .reduce((sum, length) => sum + length, 0);
  const kib = bytes / 1024;
  return ["first load of the inspector, gzipped, with the engine", kib, undefined, "KiB", kib, 250, 180];
}
