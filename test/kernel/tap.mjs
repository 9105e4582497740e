/**
 * Lists of checks in the Test Anything Protocol: written in the guest, read on the host.
 */
import { writeSync } from "node:fs";

/** Collects checks and prints them as they are done. */
export class TapList {
  #count = 0;
  #failed = 0;

  /**
   * Runs one check.
   *
   * @param check throws when it fails; may return a promise
   */
  async check(title, check) {
    this.#count++;
    try {
      await check();
      writeLine(`ok ${this.#count} - ${title}`);
    } catch (error) {
      this.#failed++;
      writeLine(`not ok ${this.#count} - ${title}`);
      for (const line of String(error?.stack ?? error).split("\n")) writeLine(`#   ${line}`);
    }
  }

  /** Says something that is no check. */
  note(text) {
    writeLine(`# ${text}`);
  }

  /** Prints the plan. @returns whether all checks passed */
  end() {
    writeLine(`1..${this.#count}`);
    return this.#failed === 0;
  }
}

/** Straight to the descriptor: nothing is lost when the machine stops. */
function writeLine(line) {
  writeSync(1, `${line}\n`);
}

/**
 * Reads a log that has such a list in it, among other lines.
 *
 * @returns the number that the plan promises, undefined without a plan; passed and failed checks
 */
export function parseTap(log) {
  const result = { plan: undefined, passed: 0, failed: [] };
  let last;
  for (const line of log.split(/\r*\n/)) {
    const [, not, title] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
    const [, plan] = /^1\.\.(\d+)$/.exec(line) ?? [];
    if (plan !== undefined) {
      result.plan = Number(plan);
    } else if (title === undefined) {
      if (/^# {3}/.test(line)) last?.details.push(line.slice(4));
    } else {
      last = not === undefined ? undefined : { title, details: [] };
      if (last === undefined) result.passed++;
      else result.failed.push(last);
    }
  }
  return result;
}
