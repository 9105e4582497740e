/** The table of codes against the engine's constants, and the messages that come out of it. */
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { ComposefsError, errorCodes, errorFromRecord, statusRows } from "../../src/error.ts";

const RECORD = { status: 0, field: 0, offset: 0n, line: 0n, actual: 0n, limit: 0n, text: new Uint8Array() };

describe("the table", () => {
  const constants = Object.entries(abi).filter(([name]) => name.startsWith("STATUS_") && name !== "STATUS_OK");

  test("has exactly the statuses of the engine, by name and number", () => {
    const expected = Object.fromEntries(constants.map(([name, value]) => [name.slice("STATUS_".length), value]));
    expect(Object.fromEntries(statusRows().map(({ code, status }) => [code, status]))).toEqual(expected);
  });

  test("no number and no message twice", () => {
    const numbers = statusRows().map(({ status }) => status);
    expect(new Set(numbers).size).toBe(numbers.length);
    const messages = [...errorCodes().values()];
    expect(new Set(messages).size).toBe(messages.length);
  });

  test.each(statusRows())("$code: the message fits its record, filled or empty", ({ status, code }) => {
    const filled = errorFromRecord({ ...RECORD, status, field: 1, offset: 7n, line: 2n, actual: 300n, limit: 255n });
    const empty = errorFromRecord({ ...RECORD, status });
    for (const { message } of [filled, empty]) expect(message).not.toMatch(/[[\]{}]/);
    expect(filled.code).toBe(code);
    expect(filled.message).toMatch(/^(dumpfile line 2|layer 2|layer at offset 7), field 1 \(path\): /);
    expect(empty.message).toMatch(/^(dumpfile|image|layer at offset 0|engine|fs-verity): /);
  });

  test("an unknown status says that host and engine do not belong together", () => {
    expect(errorFromRecord({ ...RECORD, status: 9999 }).code).toBe("ENGINE_VERSION");
  });
});

describe("an error", () => {
  const status = abi.STATUS_DUMP_NAME_TOO_LONG;

  test("tells what, where, found and wanted", () => {
    const error = errorFromRecord({
      status,
      field: abi.FIELD_PATH,
      offset: 90n,
      line: 17n,
      actual: 300n,
      limit: 255n,
      text: Buffer.from("/n\x1b[31m\xff", "latin1"),
    });
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(
      'dumpfile line 17, field 1 (path): a path component is too long: 300 bytes, at most 255, got "/n\\x1b[31m\\xff"',
    );
    expect(error.data).toEqual({
      line: 17,
      offset: 90,
      field: "path",
      actual: 300,
      limit: 255,
      text: "/n\\x1b[31m\\xff",
    });
    expect(error.isBug).toBe(false);
  });

  test("keeps numbers above 2^53 exact, as text in JSON", () => {
    const error = errorFromRecord({ ...RECORD, status, actual: 2n ** 64n - 1n, limit: 255n });
    expect(error.data.actual).toBe(2n ** 64n - 1n);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "ComposefsError",
      code: "DUMP_NAME_TOO_LONG",
      message: error.message,
      data: { actual: "18446744073709551615", limit: 255 },
    });
  });

  test("shows the beginning of a long text", () => {
    const error = errorFromRecord({ ...RECORD, status, text: Buffer.alloc(128, "n") });
    expect(error.message).toMatch(/, got "n{64}…"$/);
    expect(error.data.text).toBe("n".repeat(128));
  });

  test("a quote in a text cannot be taken for its end; backslashes stay as the input has them", () => {
    const error = errorFromRecord({ ...RECORD, status, text: Buffer.from('a", got "b\\x41') });
    expect(error.message).toMatch(/, got "a\\x22, got \\x22b\\x41"$/);
    expect(error.data.text).toBe('a", got "b\\x41');
  });

  test("keeps its cause", () => {
    const cause = new Error("underneath");
    expect(new ComposefsError("IO_READ", "text", {}, { cause }).cause).toBe(cause);
  });
});
