/**
 * The server of `composefs inspect`: the files of the page and those of one input, to this machine alone.
 *
 * Everything that it serves is looked up in a table made beforehand: no path of a request ever reaches the file system. A
 * page of another site cannot read from it: the Host header must name this server, so that no name of theirs can be made to
 * lead here (DNS rebinding), and no answer allows another origin. The input lies under a path that cannot be guessed.
 */

import { createReadStream, readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream";

/** Something that is served: a file, or bytes. */
export interface ServedFile {
  type: string;
  /** Bytes. */
  size: number;
  from: { path: string } | { bytes: Uint8Array };
}

/** What a server has, by the path of the address. */
export type ServedFiles = ReadonlyMap<string, ServedFile>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/**
 * The policy of page and workers. Workers do not take on the policy of the page; of static servers they have none. What
 * connects is the session alone, to registries that a person names: hence https, and this very machine without TLS.
 */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; worker-src 'self'; " +
  "connect-src 'self' https: http://localhost:* http://127.0.0.1:*; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** The built page: every file below a directory, and its index.html under `/`. */
export function pageFiles(directory: string, sizeOf: (path: string) => number): Map<string, ServedFile> {
  const files = new Map<string, ServedFile>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path
      .slice(directory.length)
      .split(sep)
      .filter((part) => part !== "")
      .join("/");
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    files.set(`/${name}`, { type, size: sizeOf(path), from: { path } });
  }
  const index = files.get("/index.html");
  if (index !== undefined) files.set("/", index);
  return files;
}

/** Serves files on loopback. @param port 0 for any that is free */
export async function serveFiles(files: ServedFiles, port: number): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => answer(server, files, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return { server, origin: `http://127.0.0.1:${portOf(server)}` };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function answer(server: Server, files: ServedFiles, request: IncomingMessage, response: ServerResponse): void {
  const { method = "", headers, url = "" } = request;
  const port = portOf(server);
  const refuse = (status: number, text: string, more: Record<string, string> = {}) => {
    response.writeHead(status, { ...HEADERS, ...more, "content-type": "text/plain; charset=utf-8" });
    response.end(method === "HEAD" ? undefined : `${text}\n`);
  };
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`) {
    refuse(421, "this server answers to 127.0.0.1 and localhost only");
    return;
  }
  if (method !== "GET" && method !== "HEAD") {
    refuse(405, "GET and HEAD only", { allow: "GET, HEAD" });
    return;
  }
  const end = url.indexOf("?");
  const file = files.get(end < 0 ? url : url.slice(0, end));
  if (file === undefined) {
    refuse(404, "not found");
    return;
  }
  response.writeHead(200, { ...HEADERS, "content-type": file.type, "content-length": file.size });
  if (method === "HEAD") response.end();
  else if ("bytes" in file.from) response.end(file.from.bytes);
  else if (file.size === 0) response.end();
  else {
    // A file that grew is served as it was; one that shrank ends the connection, and the page says so.
    pipeline(createReadStream(file.from.path, { end: file.size - 1 }), response, () => {});
  }
}
