/**
 * Runs the reference mkcomposefs on batches of dumpfiles, as fast as processes start.
 *
 * One shell takes a list of commands, so that a case costs one fork and exec and nothing else (about 2 ms); files lie in
 * memory where the machine has /dev/shm. A limit of CPU seconds stops what C never ends, such as cycles of hardlinks.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const WRAPPER = fileURLToPath(new URL("../../.oracles/bin/mkcomposefs", import.meta.url));

/** CPU seconds and KiB of memory that one run may take. */
const LIMITS = "ulimit -t 5\nulimit -v 4000000\nulimit -c 0\n";

/** The command behind the wrapper, without its `exec` and `"$@"`. */
function readCommand() {
  const line = readFileSync(WRAPPER, "utf8")
    .split("\n")
    .find((text) => text.startsWith("exec "));
  return line.slice("exec ".length).replace(' "$@"', "");
}

export function hasReference() {
  return existsSync(WRAPPER);
}

export class Reference {
  constructor() {
    this.command = readCommand();
    this.folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "fuzz-diff-"));
  }

  close() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Starts a batch.
   *
   * @param {{ dump: Buffer, options: string[], printDigest?: boolean }[]} cases
   * @returns {Promise<{ image: Buffer | undefined, stderr: string, exitCode: number, printed: string }[]>} in their order
   */
  async run(cases) {
    const { folder, command } = this;
    const script = cases.map(({ dump, options, printDigest }, i) => {
      writeFileSync(join(folder, `${i}.dump`), dump);
      const all = ["--from-file", ...options, ...(printDigest ? ["--print-digest"] : [])].join(" ");
      return `${command} ${all} ${i}.dump ${i}.img >${i}.out 2>${i}.err; echo $?\n`;
    });
    const shell = spawn("sh", ["-s"], { cwd: folder, stdio: ["pipe", "pipe", "ignore"] });
    shell.stdin.end(LIMITS + script.join(""));
    let output = "";
    for await (const piece of shell.stdout) output += piece;
    const codes = output.trim().split("\n").map(Number);
    if (codes.length !== cases.length) throw new Error(`the shell ran ${codes.length} of ${cases.length} cases`);
    return codes.map((exitCode, i) => ({
      exitCode,
      image: exitCode === 0 ? readFileSync(join(folder, `${i}.img`)) : undefined,
      stderr: exitCode === 0 ? "" : readFileSync(join(folder, `${i}.err`), "latin1"),
      printed: readFileSync(join(folder, `${i}.out`), "latin1").trim(),
    }));
  }
}
