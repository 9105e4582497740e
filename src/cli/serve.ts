/**
 * `composefs serve`: runs until a signal ends it, and sees to it that what is pushed to registries gets its digests. Prints
 * its address, then JSON lines to standard error:
 *
 *   http://127.0.0.1:8080
 *
 * What it is told over HTTP is in src/service/server.ts, its configuration in src/service/config-file.ts. Running work is finished
 * or put back when it ends. With `--queue redis://…` it hears and scans, and `composefs worker` works. The secret that
 * registries know comes from a file (`secret`, `COMPOSEFS_SECRET_FILE`) or from `COMPOSEFS_SECRET`, never from an option, which
 * others see in the list of processes.
 */

import { readFileSync } from "node:fs";
import type { ServiceConfig } from "../service/config.ts";
import { LOG_LEVELS, makeLog } from "../service/log.ts";
import { Service, type ServiceOptions } from "../service/service.ts";
import { ioError, quote } from "../source/files.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { type ConfigOptions, configOf } from "./precompute.ts";
import { keepHeapSmall } from "./small-heap.ts";
import { print, printError } from "./text.ts";

export interface ServeOptions extends ConfigOptions {
  listen?: string;
  interval?: string;
  logLevel: string;
  json?: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SERVICE_*, IO_* */
export async function run(operands: readonly string[], options: ServeOptions): Promise<number> {
  keepHeapSmall();
  const config = await configOf(operands, options);
  if (config.sources.length === 0) throw usageError("expected SOURCE..., or sources in the file of --config");
  if (options.interval !== undefined) {
    config.intervalSeconds = Number(options.interval);
    if (!(config.intervalSeconds >= 1))
      throw usageError(`--interval: expected seconds, got ${quote(options.interval)}`);
  }
  const { listen = config.listen } = options;
  return runService(config, options, { secret: readSecret(config.secretFile), listen });
}

/** Runs a service until a signal ends it. Prints its address, if it has one. @returns the exit code @throws {ComposefsError} */
export async function runService(
  config: ServiceConfig,
  { logLevel, json }: Pick<ServeOptions, "logLevel" | "json">,
  options: Omit<ServiceOptions, "log">,
): Promise<number> {
  const level = LOG_LEVELS.find((name) => name === logLevel);
  if (level === undefined) {
    throw usageError(`--log-level: expected ${LOG_LEVELS.join(" or ")}, got ${quote(logLevel)}`);
  }
  const log = makeLog(printError, level);
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
  });
  const service = await Service.start(config, { ...options, log });
  const { origin } = service;
  if (origin !== null) print(json ? `${JSON.stringify({ url: origin })}\n` : `${origin}\n`);
  log("info", "started");
  log("info", "stopping", { signal: await stopped });
  await service.stop();
  log("info", "stopped");
  // The client of a Redis that is away has timers for what it can no longer be told: they would keep the process for ever.
  process.exit(EXIT_OK);
}

/** @throws {ComposefsError} IO_OPEN, USAGE for an empty file */
function readSecret(path: string | null): string | null {
  if (path === null) return process.env["COMPOSEFS_SECRET"] || null;
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
  if (text === "") throw usageError(`${quote(path)}: the file of the secret is empty`);
  return text;
}
