/** The driver in a browser: fetches the engine and the jobs from the server of ../browser.mjs and posts the answers to it. */
import { Engine } from "./engine.mjs";

async function bytesOf(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const readFile = (file) => bytesOf(`/vectors/${file}`);

async function answers() {
  const engine = new Engine(await WebAssembly.compileStreaming(fetch("/engine.wasm")));
  const jobs = new TextDecoder()
    .decode(await bytesOf("/jobs"))
    .trimEnd()
    .split("\n");
  const lines = [];
  for (const job of jobs) {
    for (const answer of await engine.answer(job, readFile)) lines.push(`${answer}  ${job}\n`);
  }
  return lines.join("");
}

const body = await answers().catch((error) => `${error.stack}`);
await fetch("/answers", { method: "POST", body });
