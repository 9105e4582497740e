/**
 * The driver for Node, Deno and Bun: `main.mjs ENGINE < JOBS > ANSWERS`, see ../README.md.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Engine } from "./engine.mjs";

const engine = new Engine(new WebAssembly.Module(readFileSync(process.argv[2])));
for (const job of readFileSync(0, "utf8").trimEnd().split("\n")) {
  for (const answer of await engine.answer(job, readFile)) console.log(`${answer}  ${job}`);
}
