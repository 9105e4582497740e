/** The built page: what it weighs before anything is opened, and that it stands by itself. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const PAGE = fileURLToPath(new URL("../../../build/inspector/", import.meta.url));
const assets = readdirSync(join(PAGE, "assets"));
const read = (name: string) => readFileSync(join(PAGE, name));

/** 250 KiB: what a page may take before anything of it is asked for. */
const FIRST_LOAD_MAX_BYTES = 250 * 1024;

test("the first load, gzipped, with the engine", () => {
  const first = assets.filter((name) => /^(index|client|session-worker|engine)[.-]/.test(name));
  expect(first.some((name) => name.endsWith(".wasm"))).toBe(true);
  expect(first.some((name) => name.startsWith("session-worker"))).toBe(true);
  const sizes = ["index.html", ...first.map((name) => `assets/${name}`)].map((name) => gzipSync(read(name)).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FIRST_LOAD_MAX_BYTES);
});

test("the library of signatures is in none of the files that are loaded first", () => {
  const holders = assets.filter(
    (name) => name.endsWith(".js") && /pkijs|AlgorithmIdentifier/.test(read(`assets/${name}`).toString()),
  );
  expect(holders.length).toBeGreaterThan(0);
  expect(holders.filter((name) => /^(index|client|session-worker|layer-worker)[.-]/.test(name))).toEqual([]);
});

test("the page works at any path: no address in it is absolute, no script or style stands in it", () => {
  const html = read("index.html").toString();
  const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
  expect(addresses.length).toBeGreaterThan(2);
  expect(addresses.filter((address) => !address.startsWith("./"))).toEqual([]);
  expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style="/);
});
