/**
 * Commands as a POSIX shell reads them, byte for byte.
 *
 * Commands are also run through the shell: the arguments of Node's child processes are strings, which cannot hold every
 * path.
 */

import { spawn } from "node:child_process";

/** An argument: text, or bytes where it may hold a path. */
export type Argument = string | Uint8Array;

/** Bytes that mean nothing to a shell. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One argument, quoted where it must be. @throws {RangeError} for a NUL, which no argument can hold */
export function shellQuote(argument: Argument): Buffer {
  const text = Buffer.from(argument as string).toString("latin1");
  if (text.includes("\0")) throw new RangeError("argument: expected no NUL");
  return Buffer.from(PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`, "latin1");
}

/** A command. */
export function shellCommand(argv: readonly Argument[]): Buffer {
  const parts = argv.flatMap((argument, i) =>
    i === 0 ? [shellQuote(argument)] : [Buffer.from(" "), shellQuote(argument)],
  );
  return Buffer.concat(parts);
}

/** What a command left behind. */
export interface CommandResult {
  /** Exit status; 127 when there is no such program, null when a signal ended it. */
  status: number | null;
  /** What it wrote to standard error. */
  errors: string;
}

/** Characters of the errors of a command that are kept. */
const ERRORS_LENGTH = 4096;

/**
 * Runs a command and waits for its end.
 *
 * @param argv program and arguments
 * @returns how it ended; never rejected
 */
export function runCommandLine(argv: readonly Argument[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const shell = spawn("/bin/sh", { stdio: ["pipe", "ignore", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    let errors = "";
    shell.stderr.setEncoding("utf8");
    shell.stderr.on("data", (text: string) => {
      if (errors.length < ERRORS_LENGTH) errors += text;
    });
    shell.on("error", ({ message }) => resolve({ status: 127, errors: message }));
    shell.on("close", (status) => resolve({ status, errors: errors.slice(0, ERRORS_LENGTH).trim() }));
    // A shell that was killed before it read: the status tells.
    shell.stdin.on("error", () => {});
    shell.stdin.end(Buffer.concat([Buffer.from("exec "), shellCommand(argv), Buffer.from("\n")]));
  });
}
