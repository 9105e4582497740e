/** Every error says what to do. */
import { expect, test } from "vitest";
import { HOST_ROWS, STATUS_ROWS } from "../../../../../src/codes.ts";
import { adviceFor } from "../../../../../src/inspector/page/model/advice.ts";

/** Families of what a page does: reading images, by files and registries, and judging them. */
const OF_PAGES =
  /^(ENGINE|DUMP|IMAGE|EROFS|TAR|LAYER|SOURCE|BLOB|REGISTRY|SEAL|SIGNATURE|CERTIFICATE|SELINUX|LABEL|IO)_/;

const codes = [...Object.keys(STATUS_ROWS), ...Object.keys(HOST_ROWS)].filter((code) => OF_PAGES.test(code));

test.each(codes)("%s", (code) => {
  expect(adviceFor(code)).not.toBe(adviceFor("NO_SUCH_CODE"));
});

test("a fault of the page is not blamed on the image", () => {
  expect(adviceFor("BUG")).toContain("fault of the inspector");
});
