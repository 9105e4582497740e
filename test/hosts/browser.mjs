/** The driver in a browser: an empty page of ours, which gets the driver, the engine and the files of the jobs from here. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../browser/support/launch.mjs";

const ENGINE = fileURLToPath(new URL("../../build/engine.wasm", import.meta.url));
const DRIVER = fileURLToPath(new URL("js/", import.meta.url));
const TYPES = { ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** What a path stands for, nothing when nobody needs it. URL has left no `..` in it. */
function contentOf(path, folder) {
  const [, room, ...rest] = path.split("/");
  if (path === "/") return "<!doctype html>";
  if (room === "engine.wasm") return readFileSync(ENGINE);
  if (room === "js") return readFileSync(join(DRIVER, ...rest));
  if (room === "vectors") return readFileSync(join(folder, ...rest));
  return undefined;
}

function serve(folder) {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const content = contentOf(pathname, folder);
    const type = TYPES[extname(pathname)] ?? "text/html";
    response.writeHead(content === undefined ? 404 : 200, { "content-type": type }).end(content);
  });
}

/**
 * The answers of a browser.
 *
 * @param {import("../browser/support/launch.mjs").BrowserName} name
 * @param {string} folder where the files of the jobs are
 * @param {string} jobs one in each line
 * @returns {Promise<string>}
 */
export async function runInBrowser(name, folder, jobs) {
  const server = serve(folder).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { browser, stop } = await startBrowser(name);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const call = `import("/js/page.mjs").then(({ answers }) => answers(${JSON.stringify(jobs)}))`;
    return await page.evaluate(call);
  } finally {
    await stop();
    server.close();
    server.closeAllConnections();
  }
}
