/** Edits of manifests: what was asked for changes, and not one other byte. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { setAnnotations, setMembers } from "../../../src/source/json-edit.ts";

const set = (text: string, path: (string | number)[], annotations: Record<string, string>) =>
  Buffer.from(
    setAnnotations(Buffer.from(text), [{ path, annotations: new Map(Object.entries(annotations)) }]),
  ).toString();

test.each<[string, string, (string | number)[], Record<string, string>, string]>([
  ["a new member at the end", '{"a":1}', [], { k: "v" }, '{"a":1,"annotations":{"k":"v"}}'],
  ["in an empty object", "{ }", [], { k: "v" }, '{"annotations":{"k":"v"} }'],
  ["in place of null", '{"annotations": null, "a":1}', [], { k: "v" }, '{"annotations": {"k":"v"}, "a":1}'],
  [
    "new keys behind old ones, sorted",
    '{"annotations":{"z":"1" }\n}',
    [],
    { b: "2", a: "3" },
    '{"annotations":{"z":"1","a":"3","b":"2" }\n}',
  ],
  [
    "old keys where they stand",
    '{"annotations":{"b": "x", "a":"y"}}',
    [],
    { a: "1", b: "2" },
    '{"annotations":{"b": "2", "a":"1"}}',
  ],
  [
    "below a path",
    '{"layers":[{"d":1},{"d":2}]}',
    ["layers", 1],
    { k: "v" },
    '{"layers":[{"d":1},{"d":2,"annotations":{"k":"v"}}]}',
  ],
  [
    "a key that is spelled with escapes",
    '{"annotations":{"\\u006b":"old"}}',
    [],
    { k: "v" },
    '{"annotations":{"\\u006b":"v"}}',
  ],
  [
    "numbers and spaces that JSON would write anew",
    '{"n":1.0e2,\t"m":-0 }',
    [],
    { k: "v" },
    '{"n":1.0e2,\t"m":-0,"annotations":{"k":"v"} }',
  ],
  [
    "braces and quotes inside of strings",
    '{"s":"}\\"{[","t":[{"x":"]"}]}',
    ["t", 0],
    { k: '"' },
    '{"s":"}\\"{[","t":[{"x":"]","annotations":{"k":"\\""}}]}',
  ],
  ["nothing to set", '{ "a" : 1 }', [], {}, '{ "a" : 1 }'],
])("%s", (_, before, path, annotations, after) => {
  expect(set(before, path, annotations)).toBe(after);
  expect(set(after, path, annotations)).toBe(after);
});

test("digests and sizes are replaced", () => {
  const edits = [
    { path: ["manifests", 0], name: "digest", json: '"sha256:b"' },
    { path: ["manifests", 0], name: "size", json: "7" },
  ];
  const text = '{"manifests": [ {"size": 1234, "digest": "sha256:a", "x": true} ]}';
  expect(Buffer.from(setMembers(Buffer.from(text), edits)).toString()).toBe(
    '{"manifests": [ {"size": 7, "digest": "sha256:b", "x": true} ]}',
  );
});

test("a manifest of many layers takes time in proportion", () => {
  const seconds = (count: number) => {
    const layers = Array.from({ length: count }, (_, i) => ({ digest: `sha256:${i}`, annotations: { a: "b" } }));
    const document = Buffer.from(JSON.stringify({ layers }));
    const edits = layers.map((_, i) => ({ path: ["layers", i], annotations: new Map([["k", `${i}`]]) }));
    const start = performance.now();
    const edited = JSON.parse(Buffer.from(setAnnotations(document, edits)).toString());
    expect(edited.layers[count - 1].annotations).toEqual({ a: "b", k: `${count - 1}` });
    return performance.now() - start;
  };
  seconds(2000);
  expect(seconds(20_000)).toBeLessThan(60 * Math.max(seconds(2000), 5));
});

describe("is refused", () => {
  test.each<[string, string, (string | number)[]]>([
    ["no JSON", "{", []],
    ["a byte order mark", '\ufeff{"a":1}', []],
    ["no object", "[]", []],
    ["nothing at the path", '{"layers":[]}', ["layers", 0]],
    ["no object at the path", '{"config":"x"}', ["config"]],
    ["annotations twice", '{"annotations":{},"annotations":{}}', []],
    ["a member on the way twice", '{"config":{},"config":{}}', ["config"]],
    ["annotations that are no object", '{"annotations":[]}', []],
    ["a key twice in them", '{"annotations":{"k":"1","k":"2"}}', []],
  ])("%s", (_, text, path) => {
    expect(() => set(text, path, { k: "v" })).toThrow(expect.objectContaining({ code: "SOURCE_JSON" }));
  });
});

test("any document: equal to what a JSON library makes, and the rest of the text stays", () => {
  const keys = fc.constantFrom("a", "b", "composefs.x", "é", '"', "\\");
  const annotations = fc.dictionary(keys, fc.string());
  const documents = fc.record(
    { a: fc.jsonValue(), annotations: fc.oneof(annotations, fc.constant(null)), z: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(documents, annotations, fc.constantFrom(undefined, 1, "\t"), (document, wanted, space) => {
      const text = JSON.stringify(document, null, space);
      const edited = JSON.parse(set(text, [], wanted)) as typeof document;
      const merged = { ...(document.annotations ?? {}), ...wanted };
      const isUntouched = Object.keys(wanted).length === 0;
      expect(edited).toEqual(JSON.parse(JSON.stringify(isUntouched ? document : { ...document, annotations: merged })));
    }),
    { seed: 7, numRuns: 300 },
  );
});
