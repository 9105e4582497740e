/** The secret: each form in which it may come, and everything near it that is not it. */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { knowsSecret } from "../../../src/service/secret.ts";

const SECRET = "correct horse: battery staple";
const body = new TextEncoder().encode('{"events":[]}');
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const hmac = (secret: string, bytes = body) => `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
const knows = (authorization?: string, signature?: string) => knowsSecret(SECRET, { authorization, signature }, body);

test.each([
  ["bare", SECRET],
  ["Bearer", `Bearer ${SECRET}`],
  ["bearer in lower case, two spaces", `bearer  ${SECRET}`],
  ["Basic, with a colon in the password", basic(`robot:${SECRET}`)],
  ["Basic without a user", basic(`:${SECRET}`)],
])("%s", (_, authorization) => {
  expect(knows(authorization)).toBe(true);
});

test.each([
  ["nothing", undefined],
  ["empty", ""],
  ["a prefix", SECRET.slice(0, -1)],
  ["one more character", `${SECRET}x`],
  ["another case", SECRET.toUpperCase()],
  ["Bearer of nothing", "Bearer "],
  ["Bearer of a hash", `Bearer ${createHmac("sha256", SECRET).digest("hex")}`],
  ["Basic, as the user", basic(`${SECRET}:robot`)],
  ["Basic that is not base64", "Basic %%%"],
  ["a scheme of no one", `Token ${SECRET}`],
])("%s is refused", (_, authorization) => {
  expect(knows(authorization)).toBe(false);
});

test("a signature of the body, by the secret and of that body alone", () => {
  expect(knows(undefined, hmac(SECRET))).toBe(true);
  expect(knows("Bearer wrong", hmac(SECRET))).toBe(true);
  expect(knows(undefined, hmac("wrong"))).toBe(false);
  expect(knows(undefined, hmac(SECRET, new TextEncoder().encode("other")))).toBe(false);
  expect(knows(undefined, hmac(SECRET).slice("sha256=".length))).toBe(false);
  expect(knows(undefined, hmac(SECRET).toUpperCase())).toBe(false);
});
