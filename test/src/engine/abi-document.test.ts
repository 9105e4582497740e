/**
 * build/abi.md is whole: every export, number and code of the engine, with what it means, as the sources say now. Drivers
 * in other languages are written from it alone.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as abi from "../../../assembly/abi.ts";
import { STATUS_ROWS } from "../../../src/codes.ts";
import { abiDocument } from "../../../src/engine/abi-document.mjs";
import { compileEngine, RawEngine } from "../../support/raw-engine.mjs";

const document = readFileSync(new URL("../../../build/abi.md", import.meta.url), "utf8");

/** Parameters of each function that has a heading of its own. */
const headings = new Map(
  [...document.matchAll(/^### `(\w+)\((.*)\): \w+`$/gm)].map(([, name, parameters]) => [
    name!,
    parameters === "" ? 0 : parameters!.split(",").length,
  ]),
);

/** Rows of the tables of numbers. */
const rows = [...document.matchAll(/^\| (\d+) \| `(\w+)` \| (.*) \|$/gm)].map(([, value, name, meaning]) => ({
  name: name!,
  value: Number(value),
  meaning: meaning!,
}));

test("it is what the sources give now", () => {
  expect(document).toBe(abiDocument({ ...abi }, STATUS_ROWS));
});

test("every function of the module has its part, with its parameters, and no other has", () => {
  const { memory, ...functions } = new RawEngine(compileEngine()).exports;
  expect(memory).toBeInstanceOf(WebAssembly.Memory);
  const exported = Object.entries(functions).map(([name, call]) => [name, call.length]);
  expect(Object.fromEntries(headings)).toEqual(Object.fromEntries(exported));
});

test("every function says what it does, what it takes and what it gives", () => {
  for (const name of headings.keys()) {
    const part = document.slice(document.indexOf(`### \`${name}(`)).split(/\n##+ /)[0]!;
    expect(part, name).toMatch(/\n\n[A-Z`][^\n]+/);
    if (/: i32`$/m.test(part.split("\n")[0]!)) expect(part, name).toContain("\n- gives ");
  }
});

test("every number of abi.ts has its row, with its value and what it means", () => {
  expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual({ ...abi });
  expect(rows).toHaveLength(Object.keys(abi).length);
  expect(rows.filter(({ meaning }) => meaning === "").map(({ name }) => name)).toEqual([]);
});

test("every code has the text that errors give", () => {
  for (const [code, [status, text]] of Object.entries(STATUS_ROWS)) {
    expect(rows).toContainEqual({ name: `STATUS_${code}`, value: status, meaning: text.replaceAll("|", "\\|") });
  }
});

test("it tells the rules that no number shows", () => {
  for (const rule of ["negated", "modulo 2^32", "grow memory", "trap", "`reset` begins a job", "ABI_VERSION"]) {
    expect(document).toContain(rule);
  }
});
