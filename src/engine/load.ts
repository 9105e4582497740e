/**
 * Where instances of the engine come from.
 *
 * The module is compiled once for a process and kept. An instance is used by one job at a time; when the job is over
 * it waits for the next one, unless it trapped or grew beyond KEEP_BYTES: linear memory never shrinks, so that one
 * huge job would otherwise hold its memory for ever.
 */

import { instantiate, instantiateSync } from "@assemblyscript/loader";
import { engineBytes } from "#engine-bytes";
import { IS_SYNC_ALLOWED, MEMORY_LIMIT_BYTES, randomSeed } from "#platform";
import {
  ABI_VERSION,
  LIMIT_ENTRIES,
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_LINE_BYTES,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_MEMORY_BYTES,
} from "../../assembly/abi.ts";
import { ComposefsError } from "../error.ts";
import { Engine, type EngineExports } from "./engine.ts";

/** An idle instance with more linear memory than this is dropped: 256 MiB. */
const KEEP_BYTES = 1 << 28;
/** Idle instances kept: jobs seldom overlap. */
const KEEP_COUNT = 2;

/** Limits of one job. Each can be lowered below its default, none raised above. */
export interface EngineLimits {
  /** Linear memory in bytes. Default: 3 GiB in Node, 1 GiB in browsers. */
  memoryBytes?: number;
  /** Entries of a dumpfile. Default: 16777216. */
  entries?: number;
  /** Length of one dumpfile line in bytes. Default: 262144. */
  lineBytes?: number;
}

let compiled: WebAssembly.Module | undefined;
let compiling: Promise<WebAssembly.Module> | undefined;
const idle: Engine[] = [];

/** The compiled module, for whoever starts a worker. Compiles it, without a promise, when that was not done yet. */
export function engineModuleSync(): WebAssembly.Module {
  try {
    compiled ??= new WebAssembly.Module(engineBytes());
  } catch (cause) {
    throw loadError(cause);
  }
  return compiled;
}

/** Uses `module` instead of compiling: a worker is given the module of the thread that started it. */
export function adoptEngineModule(module: WebAssembly.Module): void {
  compiled = module;
}

/** Compiles the module ahead of its first use. */
export async function engineModule(): Promise<WebAssembly.Module> {
  if (compiled !== undefined) return compiled;
  compiling ??= (async () => WebAssembly.compile(engineBytes()))();
  try {
    compiled = await compiling;
  } catch (cause) {
    compiling = undefined;
    throw loadError(cause);
  }
  return compiled;
}

/**
 * Takes an instance for one job, reset and with its limits set. Give it back with `releaseEngine`.
 *
 * @throws {ComposefsError} ENGINE_LOAD, ENGINE_VERSION
 */
export async function acquireEngine(limits: EngineLimits = {}): Promise<Engine> {
  // The loader's asynchronous way looks at Response, for which Node would load its HTTP client: 20 ms.
  if (IS_SYNC_ALLOWED) return acquireEngineSync(limits);
  const engine = takeIdle(limits) ?? checked((await instantiate<EngineExports>(await engineModule())).exports);
  return prepare(engine, limits);
}

/** The same without a promise, where the platform compiles synchronously (Node, workers). */
export function acquireEngineSync(limits: EngineLimits = {}): Engine {
  const engine = takeIdle(limits) ?? checked(instantiateSync<EngineExports>(engineModuleSync()).exports);
  return prepare(engine, limits);
}

/** Gives an instance back, whether its job succeeded or not. */
export function releaseEngine(engine: Engine): void {
  if (!engine.broken && engine.memoryBytes <= KEEP_BYTES && idle.length < KEEP_COUNT) idle.push(engine);
}

/** An idle instance, unless an earlier job left it with more memory than this one may have. */
function takeIdle({ memoryBytes = MEMORY_LIMIT_BYTES }: EngineLimits): Engine | undefined {
  const index = idle.findIndex((engine) => engine.memoryBytes <= memoryBytes);
  return index < 0 ? undefined : idle.splice(index, 1)[0];
}

function prepare(engine: Engine, limits: EngineLimits): Engine {
  engine.reset(...randomSeed());
  engine.setLimit(LIMIT_MEMORY_BYTES, limit("memoryBytes", limits.memoryBytes, MEMORY_LIMIT_BYTES));
  engine.setLimit(LIMIT_ENTRIES, limit("entries", limits.entries, LIMIT_ENTRIES_DEFAULT));
  engine.setLimit(LIMIT_LINE_BYTES, limit("lineBytes", limits.lineBytes, LIMIT_LINE_BYTES_DEFAULT));
  return engine;
}

function limit(name: string, value: number | undefined, most: number): number {
  if (value === undefined) return most;
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`limits.${name}: expected an integer from 1 to ${most}, got ${value}`);
  }
  return value;
}

function checked(exports: EngineExports): Engine {
  const version = typeof exports.abiVersion === "function" ? exports.abiVersion() : "none";
  if (version !== ABI_VERSION) {
    throw new ComposefsError("ENGINE_VERSION", `engine: expected ABI version ${ABI_VERSION}, found ${version}`);
  }
  return new Engine(exports);
}

function loadError(cause: unknown): ComposefsError {
  const reason = (cause as Error).message;
  return new ComposefsError("ENGINE_LOAD", `engine: cannot compile the WebAssembly module: ${reason}`, {}, { cause });
}
