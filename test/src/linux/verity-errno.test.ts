/** The table of errno: its shape, and the errors made of it. What the kernel says is tested in test/kernel. */
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { errorCodes } from "../../../src/error.ts";
import { VERITY_ERRNO_ROWS, verityErrno, verityError } from "../../../src/linux/verity-errno.node.ts";

/** Numbers that Node has no names for (asm-generic/errno.h). */
const NAMELESS = { ENOPKG: 65, ENOKEY: 126, EKEYREJECTED: 129 };

describe("the table", () => {
  test("has no number of a call twice", () => {
    const keys = VERITY_ERRNO_ROWS.flatMap(({ calls, errno }) => calls.map((call) => `${call} ${errno}`));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.skipIf(process.platform !== "linux").each(VERITY_ERRNO_ROWS)(
    "$name is $errno, as this system has it (needs Linux)",
    ({ name, errno }) => {
      expect(({ ...constants.errno, ...NAMELESS } as Record<string, number>)[name]).toBe(errno);
    },
  );

  test("its codes are known", () => {
    for (const { code } of VERITY_ERRNO_ROWS) expect(errorCodes().has(code)).toBe(true);
  });
});

describe("an error", () => {
  test("says what, why and what to do", () => {
    const error = verityError("enable", 126, Buffer.from("/a\xff", "latin1"));
    expect(error.code).toBe("VERITY_KEY");
    expect(error.message).toBe(
      'cannot enable fs-verity of "/a\\xff": no certificate in the keyring .fs-verity is that of the signature (ENOKEY); ' +
        'keyctl padd asymmetric "" %keyring:.fs-verity < cert.der adds one',
    );
    expect(error.data.actual).toBe(126);
  });

  test("one number means what the call makes of it", () => {
    expect(verityErrno("enable", 1)?.reason).not.toBe(verityErrno("open", 1)?.reason);
    expect(verityErrno("measure", 1)).toBeUndefined();
  });

  test("of a number that is not in the table says the number", () => {
    const error = verityError("measure", 5, undefined);
    expect([error.code, error.message]).toEqual([
      "VERITY_CALL",
      "cannot measure fs-verity of a file: the kernel says errno 5",
    ]);
  });
});
