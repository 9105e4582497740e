/** Quoting, against the shell that reads it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommandLine, shellCommand, shellQuote } from "../../../src/linux/shell.node.ts";

const hasShell = process.platform !== "win32";
const ALL_BYTES = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1));

describe("an argument", () => {
  test.each([
    ["plain-1_2@3%4+5=6:7,8./9", "plain-1_2@3%4+5=6:7,8./9"],
    ["", "''"],
    ["a b", "'a b'"],
    ["it's", "'it'\\''s'"],
    ["'", "''\\'''"],
    ['$(x) `y` \\ " ~ * ; & | < > #', "'$(x) `y` \\ \" ~ * ; & | < > #'"],
    ["a\nb", "'a\nb'"],
  ])("%j", (argument, quoted) => {
    expect(String(shellQuote(argument))).toBe(quoted);
  });

  test("keeps bytes that are not UTF-8", () => {
    expect(shellQuote(Uint8Array.of(0xff, 0x27))).toEqual(Buffer.from("'\xff'\\'''", "latin1"));
  });

  test("has no NUL", () => {
    expect(() => shellQuote("a\0b")).toThrow(RangeError);
  });

  test.skipIf(!hasShell)("of any bytes comes through a shell as it was (needs sh)", () => {
    const argv = ["printf", "%s|", ALL_BYTES, "", ...Array.from(ALL_BYTES, (byte) => Buffer.from([byte]))];
    const { stdout } = spawnSync("/bin/sh", { input: shellCommand(argv) });
    expect(stdout).toEqual(
      Buffer.concat(argv.slice(2).flatMap((argument) => [Buffer.from(argument as string), Buffer.from("|")])),
    );
  });
});

describe.skipIf(!hasShell)("a command (needs sh)", () => {
  test("runs with arguments of any bytes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "composefs-test-"));
    const name = Buffer.from("\xff '\n", "latin1");
    expect(await runCommandLine(["touch", Buffer.concat([Buffer.from(`${folder}/`), name])])).toEqual({
      status: 0,
      errors: "",
    });
    expect(readdirSync(folder, { encoding: "buffer" })).toEqual([name]);
    rmSync(folder, { recursive: true });
  });

  test("tells its status and its errors", async () => {
    const { status, errors } = await runCommandLine(["ls", "/nowhere at all"]);
    expect(status).toBeGreaterThan(0);
    expect(errors).toContain("/nowhere at all");
  });

  test("that does not exist has the status 127", async () => {
    expect(await runCommandLine(["composefs-no-such-program"])).toMatchObject({ status: 127 });
  });

  test("that a signal ended has none", async () => {
    expect(await runCommandLine(["sh", "-c", "kill -9 $$"])).toMatchObject({ status: null });
  });

  test("cannot fill the memory with its errors", async () => {
    const { errors } = await runCommandLine(["sh", "-c", "yes | head -n 1000000 >&2"]);
    expect(errors.length).toBeLessThanOrEqual(4096);
  });
});
