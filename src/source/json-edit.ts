/**
 * Changes annotations in the text of a manifest or an index and leaves every other byte as it is (sealing.md 4).
 *
 * A JSON library may order members anew, or write numbers in another way; the digest of what nobody meant to change would
 * change with it. So the text is edited: values of keys that are there are replaced where they stand, new keys follow the
 * existing ones in the order of their bytes, a new `annotations` comes to the end of its object, all without white space.
 */

import { ComposefsError } from "../error.ts";
import { parseJson } from "./json.ts";

/** Where in a document a value stands: names of members, indices of elements. */
export type JsonPath = ReadonlyArray<string | number>;

/** Annotations to be set. */
export interface AnnotationEdit {
  /** The object whose `annotations` they are. */
  path: JsonPath;
  /** Values by key. */
  annotations: ReadonlyMap<string, string>;
}

/** A member to be set, where it is or at the end of its object. */
export interface MemberEdit {
  /** The object that has the member. */
  path: JsonPath;
  name: string;
  /** A string or a number, as JSON. */
  json: string;
}

/** A value in the text. */
interface Value {
  start: number;
  end: number;
  /** Of an object, in their order. */
  members: Array<{ name: string; value: Value }> | null;
  /** Of an array. */
  elements: Value[] | null;
}

/** What takes the place of a range of the text. */
interface Splice {
  start: number;
  end: number;
  text: string;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,\]}]+/y;

/**
 * Sets annotations of objects in a document.
 *
 * @param document strict UTF-8 JSON
 * @param edits each object once
 * @throws {ComposefsError} SOURCE_JSON when the document is none, has a member twice on the way, or no object at a path
 */
export function setAnnotations(document: Uint8Array, edits: readonly AnnotationEdit[]): Uint8Array {
  return edit(document, (root, text) =>
    edits.flatMap(({ path, annotations }) => {
      const wanted = [...annotations].sort(([a], [b]) => (a < b ? -1 : 1));
      if (wanted.length === 0) return [];
      const owner = find(root, path);
      const own = memberOf(owner, "annotations", path);
      const isNull = own !== undefined && text.slice(own.start, own.end) === "null";
      const pairs = wanted.map(([key, value]) => [key, JSON.stringify(value)] as const);
      if (own !== undefined && !isNull) return setAll(find(own, [], path), pairs, path);
      const object = `{${pairs.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`;
      return isNull ? [{ ...own, text: object }] : setAll(owner, [["annotations", object]], path);
    }),
  );
}

/**
 * Sets members of objects in a document: digests and sizes of descriptors.
 *
 * @param edits each member once
 * @throws {ComposefsError} SOURCE_JSON
 */
export function setMembers(document: Uint8Array, edits: readonly MemberEdit[]): Uint8Array {
  return edit(document, (root) =>
    edits.flatMap(({ path, name, json }) => setAll(find(root, path), [[name, json]], path)),
  );
}

/**
 * Adds elements to the end of an array in a document.
 *
 * @param path the array
 * @param json the elements
 * @throws {ComposefsError} SOURCE_JSON
 */
export function appendElements(document: Uint8Array, path: JsonPath, json: readonly string[]): Uint8Array {
  return edit(document, (root) => {
    const owner = find(root, path.slice(0, -1));
    const { elements, start } = memberOf(owner, String(path.at(-1)), path) ?? owner;
    if (elements === null) throw pathError(path, "there is no array");
    const last = elements.at(-1)?.end;
    const at = last ?? start + 1;
    return json.length === 0 ? [] : [{ start: at, end: at, text: (last === undefined ? "" : ",") + json.join(",") }];
  });
}

/**
 * Puts another element in the place of one of an array in a document.
 *
 * @param path the element
 * @param json the one that takes its place
 * @throws {ComposefsError} SOURCE_JSON
 */
export function replaceElement(document: Uint8Array, path: JsonPath, json: string): Uint8Array {
  return edit(document, (root) => [{ ...find(root, path), text: json }]);
}

function edit(document: Uint8Array, splicesOf: (root: Value, text: string) => Splice[]): Uint8Array {
  parseJson(document, "the document");
  const text = new TextDecoder().decode(document);
  const splices = splicesOf(readValue(text), text).sort((a, b) => a.start - b.start);
  let out = "";
  let at = 0;
  for (const { start, end, text: by } of splices) {
    out += text.slice(at, start) + by;
    at = end;
  }
  return new TextEncoder().encode(out + text.slice(at));
}

/** Replaces the values of members, and adds those that are not there behind the last one. */
function setAll(object: Value, pairs: ReadonlyArray<readonly [string, string]>, path: JsonPath): Splice[] {
  const splices: Splice[] = [];
  let added = "";
  for (const [name, json] of pairs) {
    const value = memberOf(object, name, path);
    if (value !== undefined) splices.push({ start: value.start, end: value.end, text: json });
    else added += `,${JSON.stringify(name)}:${json}`;
  }
  if (added === "") return splices;
  const last = object.members!.at(-1)?.value.end;
  const at = last ?? object.start + 1;
  return [...splices, { start: at, end: at, text: last === undefined ? added.slice(1) : added }];
}

/** The object at a path. */
function find(from: Value, path: JsonPath, above: JsonPath = []): Value {
  let at = from;
  for (const [i, step] of path.entries()) {
    const next = typeof step === "number" ? at.elements?.[step] : memberOf(at, step, path.slice(0, i));
    if (next === undefined) throw pathError(path.slice(0, i + 1), "there is nothing");
    at = next;
  }
  if (at.members === null) throw pathError([...above, ...path], "there is no object");
  return at;
}

/** A member of an object. @throws {ComposefsError} SOURCE_JSON when there are two: readers differ in which one counts */
function memberOf(object: Value, name: string, path: JsonPath): Value | undefined {
  const found = (object.members ?? []).filter((member) => member.name === name);
  if (found.length > 1) throw pathError([...path, name], "there are two members of that name");
  return found[0]?.value;
}

/** Finds all values of a text that is known to be JSON, and not deep. */
function readValue(text: string): Value {
  let at = 0;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found = ""] = pattern.exec(text) ?? [];
    at += found.length;
    return found;
  };
  const list = <T>(close: string, item: () => T): T[] => {
    const items: T[] = [];
    at++;
    match(SPACE);
    while (text[at] !== close) {
      items.push(item());
      match(SPACE);
      if (text[at] === ",") at++;
      match(SPACE);
    }
    at++;
    return items;
  };
  const member = () => {
    const name = JSON.parse(match(STRING)) as string;
    match(SPACE);
    at++;
    match(SPACE);
    return { name, value: value() };
  };
  const value = (): Value => {
    const start = at;
    const members = text[at] === "{" ? list("}", member) : null;
    const elements = text[at] === "[" && members === null ? list("]", value) : null;
    if (members === null && elements === null) match(text[at] === '"' ? STRING : SCALAR);
    return { start, end: at, members, elements };
  };
  match(SPACE);
  return value();
}

function pathError(path: JsonPath, what: string): ComposefsError {
  return new ComposefsError("SOURCE_JSON", `the document: ${path.join(".")}: ${what}`);
}
