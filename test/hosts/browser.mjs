/**
 * A browser without a window on a page of ours, which sends what it found to the server that it came from.
 *
 * No protocol to steer a browser is needed for that, so it works alike in all of them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DEADLINE_MS = 300_000;

/** Arguments before the address; `profile` is an empty folder. Chromium as root runs without its sandbox only. */
const ARGUMENTS = {
  chromium: (profile) => [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--user-data-dir=${profile}`,
  ],
  "firefox-esr": (profile) => ["--headless", "--no-remote", "--profile", profile],
};

const TYPES = { ".mjs": "text/javascript", ".wasm": "application/wasm" };
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>hosts</title><script type="module" src="/js/page.mjs"></script>';

/** The page, the driver in ./js, the engine, the files of the jobs; `onAnswers` gets what is posted. */
function serve(folder, jobs, onAnswers) {
  const read = (path) => {
    if (path === "/") return PAGE;
    if (path === "/jobs") return jobs;
    if (path === "/engine.wasm") return readFileSync(new URL("../../build/engine.wasm", import.meta.url));
    if (path.startsWith("/js/")) return readFileSync(fileURLToPath(new URL(`.${path}`, import.meta.url)));
    if (path.startsWith("/vectors/")) return readFileSync(join(folder, path.slice("/vectors/".length)));
    return undefined;
  };
  return createServer(async (request, response) => {
    // The address is resolved by URL, which leaves no .. in it.
    const { pathname } = new URL(request.url, "http://localhost");
    if (request.method === "POST") {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      response.end();
      onAnswers(Buffer.concat(pieces).toString());
      return;
    }
    const body = read(pathname);
    const type = pathname === "/" ? "text/html" : (TYPES[extname(pathname)] ?? "application/octet-stream");
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
  });
}

/**
 * The answers of a browser.
 *
 * @param {keyof typeof ARGUMENTS} program
 * @param {string} folder where the files of the jobs are
 * @param {string} jobs one in each line
 * @returns {Promise<string>}
 */
export async function runInBrowser(program, folder, jobs) {
  const profile = mkdtempSync(join(tmpdir(), "composefs-browser-"));
  const stop = new AbortController();
  let browser;
  try {
    return await new Promise((resolve, reject) => {
      const server = serve(folder, jobs, resolve).listen({ port: 0, host: "127.0.0.1", signal: stop.signal }, () => {
        const address = `http://127.0.0.1:${server.address().port}/`;
        browser = spawn(program, [...ARGUMENTS[program](profile), address], { stdio: "ignore", detached: true });
        browser.on("error", reject);
        browser.on("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
      });
      const late = () => reject(new Error(`no answer in ${DEADLINE_MS} ms`));
      setTimeout(late, DEADLINE_MS).unref();
    });
  } finally {
    stop.abort();
    // The group of processes that the browser began: nobody else's.
    if (browser?.exitCode === null && browser.pid !== undefined) {
      process.kill(-browser.pid, "SIGKILL");
      await once(browser, "exit");
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  }
}
