/** Addresses: every view has one, and it leads back to the same view. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  fileHash,
  HOME,
  parseRoute,
  type Route,
  routeHash,
  VIEWS,
} from "../../../../../src/inspector/page/model/route.ts";

test.each([
  ["", HOME],
  ["#", HOME],
  ["#/nowhere", HOME],
  ["#/files", { ...HOME, view: "files" }],
  ["#/files/usr/bin", { ...HOME, view: "files", rest: "usr/bin" }],
  ["#/b/sizes/usr", { ...HOME, side: "b", view: "sizes", rest: "usr" }],
  ["#/files?layer=2&path=a%20b", { ...HOME, view: "files", query: { layer: "2", path: "a b" } }],
  ["#/files?tree=layer.1&layer=2", { ...HOME, view: "files", query: { layer: "2" }, tree: "layer.1" }],
  // Whatever somebody typed is an address, too.
  ["#/files/%zz", { ...HOME, view: "files", rest: "%zz" }],
] as const)("%s", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test("an address leads back to its route", () => {
  const name = fc.string({ minLength: 1 }).filter((text) => !text.includes("/"));
  const route = fc.record<Route>({
    side: fc.constantFrom("a" as const, "b" as const),
    view: fc.constantFrom(...VIEWS),
    rest: fc.array(name).map((names) => names.join("/")),
    query: fc.dictionary(fc.constantFrom("path", "layer", "type"), fc.string({ minLength: 1 })),
  });
  fc.assert(
    fc.property(route, (one) => {
      expect(parseRoute(routeHash(one))).toEqual({ ...one, query: { ...one.query } });
    }),
  );
});

test("names with any bytes have addresses", () => {
  expect(fileHash("a", "/a\\x20b/\\xff?#")).toBe("#/files/a%5Cx20b/%5Cxff%3F%23");
  expect(parseRoute(fileHash("a", "/a\\x20b/\\xff?#")).rest).toBe("a\\x20b/\\xff?#");
});
