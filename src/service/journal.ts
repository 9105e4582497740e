/**
 * A file to which lines are appended, each with its checksum: `CRC32 JSON\n`. What a killed process leaves is read up to the
 * first line that is not whole, and cut there. One process at a time has it open: `FILE.lock` says which.
 */

import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { ComposefsError } from "../error.ts";
import { ioError, makeFolders, type SystemError, writeAll } from "../source/files.node.ts";

/** Bytes that are gathered before a new journal is written on. */
const WRITE_BYTES = 1 << 20;

export class Journal {
  readonly #path: string;
  #fd: number;
  /** Lines in the file. */
  lines = 0;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Opens a journal, or begins one; folders are made. @throws {ComposefsError} IO_LOCKED, IO_OPEN */
  static open(path: string): Journal {
    try {
      makeFolders(dirname(path), 0o700);
      lock(`${path}.lock`);
      return new Journal(path, openSync(path, "a+", 0o600));
    } catch (cause) {
      throw cause instanceof ComposefsError ? cause : ioError("IO_OPEN", path, cause);
    }
  }

  /** What was written before, as far as it is whole. The rest is cut off. @throws {ComposefsError} IO_READ */
  *read(): Generator<unknown> {
    let at = 0;
    const bytes = readBytes(this.#path);
    for (const { value, end } of wholeLines(bytes)) {
      this.lines++;
      at = end;
      yield value;
    }
    if (at < bytes.length) ftruncateSync(this.#fd, at);
  }

  /** What a journal has now, which another process may have open; nothing is changed. @throws {ComposefsError} IO_READ */
  static *look(path: string): Generator<unknown> {
    for (const { value } of wholeLines(readBytes(path))) yield value;
  }

  /** @throws {ComposefsError} IO_WRITE */
  append(value: unknown): void {
    this.#write(this.#fd, lineOf(value));
    this.lines++;
  }

  /** Puts other lines in the place of all; the file has the old ones or the new ones. @throws {ComposefsError} IO_WRITE */
  replace(values: Iterable<unknown>): void {
    const temporary = `${this.#path}.new`;
    const fd = openSync(temporary, "w", 0o600);
    let lines = 0;
    let text = "";
    for (const value of values) {
      text += lineOf(value);
      lines++;
      if (text.length < WRITE_BYTES) continue;
      this.#write(fd, text);
      text = "";
    }
    this.#write(fd, text);
    closeSync(fd);
    renameSync(temporary, this.#path);
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, "a+", 0o600);
    this.lines = lines;
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(`${this.#path}.lock`, { force: true });
  }

  #write(fd: number, text: string): void {
    try {
      writeAll(fd, Buffer.from(text));
    } catch (cause) {
      throw ioError("IO_WRITE", this.#path, cause);
    }
  }
}

/** @throws {ComposefsError} IO_READ */
function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw ioError("IO_READ", path, cause);
  }
}

/** The values of lines up to the first that is not whole, each with the offset behind it. */
function* wholeLines(bytes: Buffer): Generator<{ value: unknown; end: number }> {
  let at = 0;
  for (let end = bytes.indexOf(10, at); end >= 0; end = bytes.indexOf(10, at)) {
    const line = bytes.subarray(at, end);
    const json = line.subarray(9);
    if (line.subarray(0, 9).toString("latin1") !== `${sumOf(json)} `) return;
    at = end + 1;
    yield { value: JSON.parse(json.toString()), end: at };
  }
}

function lineOf(value: unknown): string {
  const json = JSON.stringify(value);
  return `${sumOf(Buffer.from(json))} ${json}\n`;
}

function sumOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

/** Takes a lock, also from a process that is no more. @throws {ComposefsError} IO_LOCKED */
function lock(path: string): void {
  const own = String(process.pid);
  const owner = existsSync(path) ? Number(readFileSync(path, "latin1")) : 0;
  if (owner > 0 && owner !== process.pid && isAlive(owner)) {
    const what = `process ${owner} uses this state directory; give each process one of its own`;
    throw new ComposefsError("IO_LOCKED", `${path}: ${what}`, { path, actual: owner });
  }
  rmSync(path, { force: true });
  writeFileSync(path, own, { flag: "wx", mode: 0o600 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as SystemError).code === "EPERM";
  }
}
