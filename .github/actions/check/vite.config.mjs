/**
 * `npm run build:action`: the action with all that it needs in `dist/`, so that it runs from a checkout, without an install.
 * One file stays one file, since workers and the engine are found beside the file that starts them. `dist/` is output: a
 * release adds it to the commit that its tag names.
 */

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const ENTRIES = ["cli/action", "engine/worker.node", "image/layer-worker.node", "image/directory-worker.node"];
const ROOT = "../../..";

/** What lies beside the modules: the engine, and the version. */
const files = {
  name: "files",
  writeBundle() {
    mkdirSync(at("dist/build"), { recursive: true });
    copyFileSync(at(`${ROOT}/build/engine.wasm`), at("dist/build/engine.wasm"));
    copyFileSync(at(`${ROOT}/LICENSE`), at("dist/LICENSE"));
    const version = process.env.npm_package_version;
    writeFileSync(at("dist/package.json"), `${JSON.stringify({ type: "module", private: true, version })}\n`);
  },
};

export default defineConfig({
  root: at(ROOT),
  configFile: false,
  publicDir: false,
  logLevel: "warn",
  plugins: [files],
  ssr: { noExternal: true, external: ["koffi"] },
  build: {
    ssr: true,
    outDir: at("dist"),
    emptyOutDir: true,
    target: "node20",
    minify: false,
    rolldownOptions: {
      input: ENTRIES.map((name) => at(`${ROOT}/build/src/${name}.js`)),
      output: { preserveModules: true, preserveModulesRoot: at(ROOT), entryFileNames: "[name].js" },
    },
  },
});
