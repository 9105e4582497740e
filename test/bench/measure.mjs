/**
 * Measuring: whole processes and functions, ours and the reference in turn, so that a machine that slows down slows
 * both. Medians count.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where inputs and outputs of the benchmarks lie; removed at the end. */
export const scratch = mkdtempSync(join(tmpdir(), "composefs-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

// Reading extra certificates costs every Node start some 30 ms that no user has to pay.
const environment = { ...process.env };
delete environment.NODE_EXTRA_CA_CERTS;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Wall time of one run of a command, in seconds. @param exitCode what it must end with */
export function runSeconds(command, extra = {}, exitCode = 0) {
  const start = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(command[0], command.slice(1), {
    env: { ...environment, ...extra },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (status !== exitCode) throw new Error(`${command.join(" ")} failed: ${error ?? stderr}`);
  return seconds;
}

/** Peak resident memory of one run of a command, in MiB, by GNU time. */
export function runPeakMiB(command, extra = {}) {
  const report = join(scratch, "time");
  runSeconds(["time", "-f", "%M", "-o", report, ...command], extra);
  return Number(readFileSync(report, "utf8").trim().split("\n").pop()) / 1024;
}

/** Runs two functions that return seconds in turn, `rounds` times; the first round of each is not counted. */
export async function inTurn(ours, reference, rounds, warmUp = 1) {
  const times = { ours: [], reference: [] };
  for (let round = -warmUp; round < rounds; round++) {
    const a = await ours();
    const b = await reference();
    if (round < 0) continue;
    times.ours.push(a);
    times.reference.push(b);
  }
  return { ours: median(times.ours), reference: median(times.reference) };
}

/** A row of the table: a ratio of two medians and what it must and should be. */
export function ratioRow(work, { ours, reference }, unit, must, aim) {
  const scale = unit === "ms" ? 1000 : 1;
  return row(work, ours * scale, reference * scale, unit, ours / reference, must, aim);
}

/** A row without bounds, for what others are read beside. */
export function plainRow(work, times, unit) {
  return { ...ratioRow(work, times, unit, Infinity, Infinity), must: "", aim: "", verdict: "" };
}

/** A row: `value` is held against `must` and `aim`; `atLeast` when more is better. */
export function row(work, ours, reference, unit, value, must, aim, atLeast = false) {
  const holds = (bound) => (atLeast ? value >= bound : value <= bound);
  return {
    work,
    ours: `${format(ours)} ${unit}`,
    reference: reference === undefined ? "" : `${format(reference)} ${unit}`,
    value: format(value),
    must: `${atLeast ? ">=" : "<="} ${must}`,
    aim: String(aim),
    verdict: holds(aim) ? "aim" : holds(must) ? "must" : "MISSED",
  };
}

function format(number) {
  if (number >= 100) return number.toFixed(0);
  return number >= 10 ? number.toFixed(1) : number.toFixed(3);
}
