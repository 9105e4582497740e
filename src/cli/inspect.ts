/**
 * `composefs inspect [INPUT]`: serves the inspector, a page that looks into images, on this machine, and prints its address:
 *
 *   http://127.0.0.1:41234/?input=2f0c…
 *
 * It opens no browser. With an INPUT (a file, or the directory of an OCI layout) the page shows it at once; its files are
 * served under a path that cannot be guessed, and nothing is written anywhere. It runs until a signal ends it. `--json`
 * prints one object instead: {"url": "http://…", "input": "app.oci.tar"}, input null without one.
 */

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, type Stats, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ComposefsError } from "../error.ts";
import { ioError, quote } from "../source/files.node.ts";
import { parseOperand } from "../source/operand.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { pageFiles, type ServedFile, serveFiles } from "./inspect-server.ts";
import { print } from "./text.ts";

export interface InspectOptions {
  port: string;
  json?: boolean;
}

/** Bytes of the part of an address that nobody guesses. */
const TOKEN_BYTES = 16;
const PORT_MAX = 65535;
const PAGE = fileURLToPath(new URL("../../inspector/", import.meta.url));

/** Serves until a signal comes. @returns the exit code @throws {ComposefsError} USAGE, IO_OPEN, IO_READ */
export async function run(operand: string | undefined, options: InspectOptions): Promise<number> {
  const port = /^\d{1,5}$/.test(options.port) ? Number(options.port) : Number.NaN;
  if (!(port <= PORT_MAX)) throw usageError(`--port: expected a number up to ${PORT_MAX}, got ${quote(options.port)}`);
  const files = pageFiles(PAGE, (path) => statSync(path).size);
  const token = randomBytes(TOKEN_BYTES).toString("hex");
  if (operand !== undefined) for (const [path, file] of inputFiles(operand, token)) files.set(path, file);
  const { server, origin } = await serveFiles(files, port).catch((cause) => {
    throw new ComposefsError("IO_OPEN", `cannot serve on port ${port}: ${(cause as Error).message}`, {}, { cause });
  });
  const url = operand === undefined ? `${origin}/` : `${origin}/?input=${token}`;
  print(options.json ? `${JSON.stringify({ url, input: operand ?? null })}\n` : `${url}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  server.close();
  server.closeAllConnections();
  return EXIT_OK;
}

/** What is served of an input: src/inspector/served.ts. @throws {ComposefsError} USAGE, IO_OPEN */
function inputFiles(operand: string, token: string): Map<string, ServedFile> {
  const [, prefix, rest] = /^(dump|erofs):(.*)$/s.exec(operand) ?? [];
  const { kind, path: named, reference } = parseOperand(rest ?? operand);
  if (kind === "registry")
    throw usageError(`${quote(operand)}: enter the reference in the page, which reads from registries`);
  if (kind === "dir") throw usageError(`${quote(operand)}: the page shows files and layouts, no directories`);
  const path = named === null ? null : pathOfOperand(prefix === undefined ? named : rest!);
  if (path === null) throw usageError("standard input cannot be served: the page may read it several times");
  const stats = statOf(path);
  const name = basename(resolve(path));
  const listed = stats.isDirectory()
    ? layoutFiles(path, name)
    : [{ path: name, file: { type: "application/octet-stream", size: stats.size, from: { path } } }];
  const base = `/input/${token}/`;
  const served = new Map<string, ServedFile>(listed.map(({ file }, i) => [`${base}${i}`, file]));
  const index = { name, reference, files: listed.map(({ path, file }) => ({ path, bytes: file.size })) };
  const bytes = Buffer.from(JSON.stringify(index));
  served.set(`${base}index.json`, { type: "application/json", size: bytes.length, from: { bytes } });
  return served;
}

/** The files of an OCI layout, and no others: image-spec, image-layout.md. */
function layoutFiles(directory: string, name: string): Array<{ path: string; file: ServedFile }> {
  if (!existsSync(join(directory, "oci-layout"))) {
    throw usageError(`${quote(directory)}: the page shows files and layouts, and this directory has no oci-layout`);
  }
  const blobs = join(directory, "blobs", "sha256");
  const paths = [
    "oci-layout",
    "index.json",
    ...(existsSync(blobs) ? readdirSync(blobs) : []).map((blob) => `blobs/sha256/${blob}`),
  ];
  return paths.flatMap((path) => {
    const whole = join(directory, path);
    const stats = statSync(whole, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isFile()) return [];
    const file = { type: "application/octet-stream", size: stats.size, from: { path: whole } };
    return { path: `${name}/${path}`, file };
  });
}

function statOf(path: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
  if (stats.isFile() || stats.isDirectory()) return stats;
  throw usageError(`${quote(path)}: the page may read it several times, which only a file allows`);
}
