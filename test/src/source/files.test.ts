/** Files that are read once, and the words for what the operating system refuses. */
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InputFile, ioError, quote, systemText, writeAll } from "../../../src/source/files.node.ts";
import { emptyFolder } from "../cli/run.ts";

function fileOf(bytes: Uint8Array): InputFile {
  const path = join(emptyFolder(), "file");
  writeFileSync(path, bytes);
  return new InputFile(path);
}

function rest(file: InputFile, window: number): Buffer {
  const parts: Buffer[] = [];
  const target = Buffer.alloc(window);
  for (let length = file.read(target); length > 0; length = file.read(target)) {
    parts.push(Buffer.from(target.subarray(0, length)));
  }
  return Buffer.concat(parts);
}

describe("a file", () => {
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => i));

  test("is read to its end, whatever was looked at before", () => {
    for (const ahead of [0, 1, 50, 99, 100, 101, 1000]) {
      for (const window of [1, 7, 100, 200]) {
        const file = fileOf(bytes);
        expect(Buffer.from(file.peek(ahead))).toEqual(bytes.subarray(0, ahead));
        expect(file.size).toBe(100);
        expect(rest(file, window)).toEqual(bytes);
        file.close();
      }
    }
  });

  test("is read at a position without moving on", () => {
    const file = fileOf(bytes);
    const target = Buffer.alloc(3);
    file.peek(10);
    expect(file.read(target, 50)).toBe(3);
    expect([...target]).toEqual([50, 51, 52]);
    expect(rest(file, 7)).toEqual(bytes);
    file.close();
  });
});

test("writeAll writes all", () => {
  const path = join(emptyFolder(), "file");
  const fd = openSync(path, "w");
  writeAll(fd, Buffer.alloc(3_000_000, "x"));
  closeSync(fd);
  expect(readFileSync(path).length).toBe(3_000_000);
});

describe("errors", () => {
  const system = (code: string, message: string) => Object.assign(new Error(message), { code });

  test("are told as the C library tells them", () => {
    expect(systemText(system("ENOENT", "ENOENT: no such file or directory, open '/x'"))).toBe(
      "No such file or directory",
    );
    expect(systemText(system("ENOTSUP", "ENOTSUP: operation not supported, open '/x, y'"))).toBe(
      "operation not supported",
    );
  });

  test("name the file, or standard input and output", () => {
    const cause = system("EIO", "EIO: i/o error, read");
    expect(ioError("IO_READ", "a\nb", cause)).toMatchObject({
      code: "IO_READ",
      message: 'cannot read "a\\nb": Input/output error',
      data: { path: "a\nb" },
      cause,
    });
    expect(ioError("IO_READ", null, cause).message).toBe("cannot read standard input: Input/output error");
    expect(ioError("IO_WRITE", null, cause).message).toBe("cannot write standard output: Input/output error");
    expect(ioError("IO_OPEN", "f", cause, "because").message).toBe('cannot open "f": because');
  });

  test("quote names so that they steer nothing", () => {
    expect(quote('a"\\\x1b\x7f\x9bé')).toBe('"a\\"\\\\\\u001b\\u007f\\u009bé"');
  });
});
