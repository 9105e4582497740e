/** Documents from hostile hands. */
import { describe, expect, test } from "vitest";
import { parseJson } from "../../../src/source/json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseJson(bytes(text), "the document");

describe("parseJson", () => {
  test.each([
    ["nothing", ""],
    ["half a document", '{"a":'],
    ["two documents", "{} {}"],
    ["a comment", "{} // x"],
    ["a byte order mark", "\ufeff{}"],
    ["a zero byte", "{}\0"],
    ["a lone quote", '"'],
    ["a backslash at the end", '"\\'],
  ])("refuses %s", (_, text) => {
    expect(() => parse(text)).toThrowError(expect.objectContaining({ code: "SOURCE_JSON" }));
  });

  test("refuses what is no UTF-8", () => {
    for (const bad of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe],
    ]) {
      expect(() => parseJson(Uint8Array.from(bad), "x")).toThrowError(expect.objectContaining({ code: "SOURCE_JSON" }));
    }
  });

  test("takes 64 levels and no more", () => {
    const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(parse(deep(64)).items()).toHaveLength(1);
    expect(() => parse(deep(65))).toThrowError("65 levels, at most 64");
    expect(() => parse("[".repeat(1_000_000))).toThrowError("1000000 levels");
    expect(() => parse('{"a":'.repeat(1_000_000))).toThrowError("levels");
    // Brackets in texts are texts.
    expect(
      parse(`["${"[".repeat(1000)}\\"${"{".repeat(1000)}"]`)
        .items()[0]!
        .text(),
    ).toHaveLength(2001);
  });
});

describe("a value", () => {
  const root = parse(
    '{"text":"t","empty":"","size":3,"list":[1],"null":null,"texts":{"a":"b"},"odd":{"a":1},"__proto__":{"text":"x"}}',
  );

  test("is what it is", () => {
    expect(root.field("text").text()).toBe("t");
    expect(root.field("size").size()).toBe(3);
    expect(root.field("list").items()[0]!.value).toBe(1);
    expect(root.field("texts").texts()).toEqual({ a: "b" });
    expect(root.field("null").texts()).toEqual({});
    expect(root.field("empty").optionalText()).toBeNull();
    expect(root.field("missing").optionalText()).toBeNull();
  });

  test("tells where it stands when it is something else", () => {
    expect(() => root.field("list").items()[0]!.text()).toThrowError("the document: list[0]: expected a string, got 1");
    expect(() => root.field("text").size()).toThrowError('text: expected a whole number from 0 to 2^53, got "t"');
    expect(() => root.field("text").field("x")).toThrowError('text: expected an object, got "t"');
    expect(() => root.field("list").field("x")).toThrowError("list: expected an object, got an array");
    expect(() => root.field("missing").text()).toThrowError("missing: expected a string, got nothing");
    expect(() => root.field("null").items()).toThrowError("null: expected an array, got null");
    expect(() => root.field("odd").texts()).toThrowError("odd.a: expected a string, got 1");
    expect(() => root.items()).toThrowError("the document: expected an array, got an object");
    expect(() => parse('["\\u001b[31m"]').items()[0]!.size()).toThrowError('got "\\u001b[31m"');
  });

  test("has no members but its own", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"]) expect(root.field(name).isPresent).toBe(false);
    expect(root.field("__proto__").field("text").text()).toBe("x");
    expect(parse('{"a":{"__proto__":"x"}}').field("a").texts()).toEqual(JSON.parse('{"__proto__":"x"}'));
  });

  test.each(["-1", "1.5", "1e300", "9007199254740992", "true", '"1"', "[]", "{}"])("no size: %s", (value) => {
    expect(() => parse(`{"a":${value}}`).field("a").size()).toThrowError(/a whole number/);
  });

  test.each([
    "sha256:",
    `sha256:${"a".repeat(63)}`,
    `sha256:${"a".repeat(65)}`,
    `sha256:${"A".repeat(64)}`,
    `sha512:${"a".repeat(128)}`,
    `SHA256:${"a".repeat(64)}`,
    `sha256:${"a".repeat(63)}/`,
    `sha256:../../../../etc/passwd`,
    `sha256:${"a".repeat(64)}\n`,
    `sha256:${"a".repeat(61)}/..`,
    ` sha256:${"a".repeat(64)}`,
    "a".repeat(64),
    "",
  ])("no digest: %j", (text) => {
    const node = parse(JSON.stringify([text])).items()[0]!;
    expect(() => node.digest()).toThrowError(expect.objectContaining({ code: "SOURCE_DIGEST" }));
  });

  test("a digest", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    expect(
      parse(JSON.stringify([digest]))
        .items()[0]!
        .digest(),
    ).toBe(digest);
    expect(() => root.field("size").digest()).toThrowError(expect.objectContaining({ code: "SOURCE_JSON" }));
  });
});
