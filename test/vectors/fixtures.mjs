/** The fixtures that the vectors are made of, and how they are packed. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const FOLDER = new URL("../fixtures/", import.meta.url);

/** Bytes of a fixture, by its path in test/fixtures. */
export function fixture(path) {
  return readFileSync(new URL(path, FOLDER));
}

export function readJson(path) {
  return JSON.parse(fixture(path).toString());
}

export const debian = readJson("debian.json");

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The same bytes for the same input, whatever the clock says: node:zlib writes no time. */
export function pack(bytes) {
  return gzipSync(bytes, { level: 9 });
}
