/** The golden fixtures and how they are read; `test/fixtures/README.md` says where they come from. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { FORMAT_AUTO, FORMAT_V0, FORMAT_V1, FORMAT_V2 } from "../../assembly/abi.ts";
import { type DumpProfile, generateDumpBytes } from "./generate-dump.mjs";

/** What an image must be. Digests are fs-verity with 4096-byte blocks. */
export interface ExpectedImage {
  size: number;
  sha256: string;
  fsverity_sha256: string;
  fsverity_sha512: string;
}

/** An image of mkcomposefs with these command line options. */
export interface ExpectedRun extends ExpectedImage {
  options: string[];
  composefs_version: number;
}

export interface Vector {
  name: string;
  rule: string;
  file?: string;
  generator?: [DumpProfile, number, number];
  dump_sha256?: string;
  runs: ExpectedRun[];
  v2?: ExpectedImage;
  /** The canonical dumpfile. */
  canonical: { sha256: string; size: number };
}

interface Vectors {
  vectors: Vector[];
  generated: Vector[];
  rejects: { name: string; rule: string; file: string; c: "accept" | "reject" }[];
  sha512: { name: string; rule: string; file: string; images: Record<"v0" | "v1" | "v2", ExpectedImage> }[];
}

const FOLDER = new URL("../fixtures/", import.meta.url);

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as T;
}

export const vectors = readJson<Vectors>("vectors.json");
export const debian = readJson<Vector & { file: string }>("debian.json");

/** Code, line and field for each dumpfile that must be refused. */
export const rejects = readJson<Record<string, { code: string; line: number; field: string }>>("rejects.json");

/** A fixture by its path inside `test/fixtures`; `.gz` is unpacked. */
export function readFixture(file: string): Uint8Array {
  const bytes = readFileSync(new URL(file, FOLDER));
  return file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

/** The dumpfile of a vector, read or generated. */
export function dumpOf(vector: Vector): Uint8Array {
  return vector.file === undefined ? generateDumpBytes(...vector.generator!) : readFixture(vector.file);
}

/** FORMAT_* for the options of mkcomposefs. */
export function formatOf(options: readonly string[]): number {
  const format = FORMATS[options.join(" ")];
  if (format === undefined) throw new Error(`no format for ${options}`);
  return format;
}

const FORMATS: Record<string, number> = {
  "": FORMAT_AUTO,
  "--min-version=1": FORMAT_V1,
  "--max-version=0": FORMAT_V0,
  v0: FORMAT_V0,
  v1: FORMAT_V1,
  v2: FORMAT_V2,
};
