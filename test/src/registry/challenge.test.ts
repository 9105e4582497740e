/** WWW-Authenticate in all its forms. */
import { expect, test } from "vitest";
import { parseChallenges } from "../../../src/registry/challenge.ts";

const plain = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

const bearer = { realm: "https://auth.io/token", service: "registry.io", scope: "repository:a/b:pull,push" };

test.each([
  ['Bearer realm="https://auth.io/token",service="registry.io",scope="repository:a/b:pull,push"', [["bearer", bearer]]],
  ['BEARER Realm = "https://x/" , SERVICE=abc', [["bearer", { realm: "https://x/", service: "abc" }]]],
  ['Basic realm="a \\"quoted\\" \\\\ realm"', [["basic", { realm: 'a "quoted" \\ realm' }]]],
  ["Basic", [["basic", {}]]],
  ["", []],
  [" , ,", []],
  [
    'Basic realm="x", Bearer realm="y",scope="a,b", Negotiate',
    [
      ["basic", { realm: "x" }],
      ["bearer", { realm: "y", scope: "a,b" }],
      ["negotiate", {}],
    ],
  ],
  [
    'Negotiate YWJj/+==, Basic realm="x"',
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  // NTLM has nothing behind it, and what follows is not its value.
  [
    'NTLM, Bearer realm="y"',
    [
      ["ntlm", {}],
      ["bearer", { realm: "y" }],
    ],
  ],
  ['Bearer realm="one", realm="two"', [["bearer", { realm: "one" }]]],
  ['Bearer realm="no end', [["bearer", {}]]],
  // token68, and what is behind it.
  [
    'Bearer realm=, service="x"',
    [
      ["bearer", {}],
      ["service", {}],
    ],
  ],
  ['"', []],
])("%s", (header, expected) => {
  expect(plain(header)).toEqual(expected);
});

test("in linear time", () => {
  const began = performance.now();
  for (const one of ['a="', "a ", 'a="\\', "=", "a,", 'a="b",', "\\", " "]) parseChallenges(one.repeat(200_000));
  expect(performance.now() - began).toBeLessThan(5000);
});
