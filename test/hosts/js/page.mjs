/** The driver in a browser: fetches the engine and the files of the jobs from the server of ../browser.mjs. */
import { Engine } from "./engine.mjs";

async function readFile(file) {
  const response = await fetch(`/vectors/${file}`);
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Answers to jobs, one in each line. */
export async function answers(jobs) {
  const engine = new Engine(await WebAssembly.compileStreaming(fetch("/engine.wasm")));
  let lines = "";
  for (const job of jobs.trimEnd().split("\n")) {
    for (const answer of await engine.answer(job, readFile)) lines += `${answer}  ${job}\n`;
  }
  return lines;
}
