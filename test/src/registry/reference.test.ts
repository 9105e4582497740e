/** References: the grammar and the defaults. */
import { describe, expect, test } from "vitest";
import { parseReference, referenceText } from "../../../src/registry/reference.ts";

const HEX = "a".repeat(64);
const DIGEST = `sha256:${HEX}`;

describe("what is one", () => {
  test.each([
    ["debian", "docker.io/library/debian:latest"],
    ["debian:12", "docker.io/library/debian:12"],
    ["user/app", "docker.io/user/app:latest"],
    ["docker.io/debian", "docker.io/library/debian:latest"],
    ["index.docker.io/a/b:c", "docker.io/a/b:c"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest"],
    ["[::1]:5000/app", "[::1]:5000/app:latest"],
    ["Example.COM/app:V_1.x-y", "example.com/app:V_1.x-y"],
    [`quay.io/a/b@${DIGEST}`, `quay.io/a/b@${DIGEST}`],
    [`quay.io/a/b:t@${DIGEST}`, `quay.io/a/b:t@${DIGEST}`],
    ["a__b/c--d/e.f", "docker.io/a__b/c--d/e.f:latest"],
    [`x/y:${"t".repeat(128)}`, `docker.io/x/y:${"t".repeat(128)}`],
    [`h.io/${"n".repeat(250)}`, `h.io/${"n".repeat(250)}:latest`],
    // A host alone is a name with a tag.
    ["localhost:5000", "docker.io/library/localhost:5000"],
  ])("%s", (text, full) => {
    expect(referenceText(parseReference(text))).toBe(full);
    expect(parseReference(full)).toEqual(parseReference(text));
  });
});

describe("what is none", () => {
  test.each([
    [
      "",
      "localhost:5000/",
      "/a",
      "a/",
      "a//b",
      "h.io/A",
      "h.io/a:",
      "h.io/a:-x",
      "a..b",
      "a___b",
      "_a",
      "a_",
      "h.io/a b",
    ],
    [
      `h.io/a:${"t".repeat(129)}`,
      `h.io/${"n".repeat(251)}`,
      `h.io/a@sha256:${HEX}0`,
      `h.io/a@sha512:${HEX}`,
      "h.io/a@",
    ],
    [`h.io/a@${DIGEST.toUpperCase()}`, "h.io:70000/a", "h.io:/a", "-h.io/a", "h-.io/a", "h..io/a", "u:p@h.io/a"],
    ["https://h.io/a", "h.io/a?b", "h.io/a#b", "h.io/../a", "h.io/a\n", "h.io/a%2fb", "\u00e4.io/a", "h.io/é"],
  ])("%#", (...texts) => {
    for (const text of texts) {
      expect(() => parseReference(text), text).toThrow(expect.objectContaining({ code: "REGISTRY_REFERENCE" }));
    }
  });

  test("in linear time", () => {
    const began = performance.now();
    for (const one of ["a-", "a.", "a_", "-", "a/", "[", ":", "@"]) {
      expect(() => parseReference(`${one.repeat(1_000_000)}!`)).toThrow(/expected/);
      expect(() => parseReference(`h.io/${one.repeat(120)}!`)).toThrow(/expected/);
    }
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
