/**
 * `npm run build:inspector`: the page and its workers as static files in build/inspector/, which any web server can serve at
 * any path, without special headers.
 *
 * The sources are those of the package. What package.json resolves by platform is what browsers get, except that the engine
 * is a file of its own, which the session fetches once for all threads, and not base64 in each of them.
 */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where the built files lie, and the page. */
const OUTPUT = at("../../build/inspector");
const PAGE = at("./page");

export default defineConfig({
  root: PAGE,
  base: "./",
  configFile: false,
  publicDir: false,
  logLevel: "warn",
  resolve: {
    alias: {
      "#engine-bytes": at("./worker/engine-bytes.web.ts"),
      "#engine-url": `${at("../../build/engine.wasm")}?url`,
      "#platform": at("../engine/platform.web.ts"),
      "#source-host": at("../source/host.web.ts"),
      "#zstd-bytes": at("../../build/src/source/zstd-bytes.js"),
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: "es2022",
    // Data addresses would need more than the policy of the page allows.
    assetsInlineLimit: 0,
    manifest: true,
    // The policy of the page forbids scripts in it; all its browsers preload modules by themselves.
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: `${PAGE}/index.html`, client: at("./client.ts") },
      preserveEntrySignatures: "exports-only",
    },
  },
});
