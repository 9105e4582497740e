/**
 * JSON documents from hostile hands: their bytes are strict UTF-8, they are not deep, and every value is asked for by its
 * type. Each value knows where it stands, for the message when it is not what it should be.
 */

import { ComposefsError } from "../error.ts";
import { quoteStart } from "./quote.ts";

/** Levels of arrays and objects in each other; the documents of an image have seven. JSON.parse of some engines recurses. */
const LIMIT_DEPTH = 64;

/**
 * Parses a document.
 *
 * @param where for people: which document this is
 * @throws {ComposefsError} SOURCE_JSON
 */
export function parseJson(bytes: Uint8Array, where: string): JsonNode {
  const depth = depthOf(bytes);
  if (depth > LIMIT_DEPTH) {
    throw jsonError(where, `arrays and objects in each other, ${depth} levels, at most ${LIMIT_DEPTH}`);
  }
  try {
    // A byte order mark is kept, so that JSON.parse refuses it: no other tool takes one.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return new JsonNode(JSON.parse(text), where);
  } catch (cause) {
    throw jsonError(where, `not JSON (${(cause as Error).message})`, cause);
  }
}

/** Levels of arrays and objects in each other; of what is not JSON, some number. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isInText) {
      if (byte === 0x5c /* \ */) i++;
      else if (byte === 0x22 /* " */) isInText = false;
    } else if (byte === 0x22) isInText = true;
    else if (byte === 0x5b /* [ */ || byte === 0x7b /* { */) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d /* ] */ || byte === 0x7d /* } */) depth--;
  }
  return deepest;
}

function jsonError(where: string, what: string, cause?: unknown): ComposefsError {
  return new ComposefsError("SOURCE_JSON", `${where}: ${what}`, {}, { cause });
}

/** A value in a document. */
export class JsonNode {
  readonly value: unknown;
  readonly #document: string;
  readonly #path: string;

  constructor(value: unknown, document: string, path = "") {
    this.value = value;
    this.#document = document;
    this.#path = path;
  }

  /** For people: the document, and the path of the value in it. */
  get where(): string {
    return this.#path === "" ? this.#document : `${this.#document}: ${this.#path}`;
  }

  /** Whether there is a value. Go writes null for empty lists, and other tools for what they leave out. */
  get isPresent(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** A member of an object, present or not. @throws {ComposefsError} SOURCE_JSON, when this is no object */
  field(name: string): JsonNode {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#unlike("an object");
    // Own members only: `constructor` is no field of a document.
    const member = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    return new JsonNode(member, this.#document, this.#path === "" ? name : `${this.#path}.${name}`);
  }

  /** The elements of an array. @throws {ComposefsError} SOURCE_JSON */
  items(): JsonNode[] {
    if (!Array.isArray(this.value)) throw this.#unlike("an array");
    return this.value.map((value, index) => new JsonNode(value, this.#document, `${this.#path}[${index}]`));
  }

  /** @throws {ComposefsError} SOURCE_JSON */
  text(): string {
    if (typeof this.value !== "string") throw this.#unlike("a string");
    return this.value;
  }

  /** A string; null where there is none, or an empty one. @throws {ComposefsError} SOURCE_JSON */
  optionalText(): string | null {
    return this.isPresent ? this.text() || null : null;
  }

  /** A number of bytes. @throws {ComposefsError} SOURCE_JSON */
  size(): number {
    const { value } = this;
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.#unlike("a whole number from 0 to 2^53");
    return value as number;
  }

  /** A digest: `sha256:` and 64 lower-case hexadecimal digits. @throws {ComposefsError} SOURCE_JSON, SOURCE_DIGEST */
  digest(): string {
    const text = this.text();
    if (/^sha256:[0-9a-f]{64}$/.test(text)) return text;
    const wanted = "expected sha256: and 64 lower-case hexadecimal digits";
    throw new ComposefsError("SOURCE_DIGEST", `${this.where}: ${wanted}, got ${quoteStart(text)}`, {
      text: text.slice(0, 128),
    });
  }

  /** An object of strings; empty where there is none. @throws {ComposefsError} SOURCE_JSON */
  texts(): Record<string, string> {
    if (!this.isPresent) return {};
    if (typeof this.value !== "object" || Array.isArray(this.value)) throw this.#unlike("an object");
    const names = Object.keys(this.value as object);
    return Object.fromEntries(names.map((name) => [name, this.field(name).text()]));
  }

  #unlike(wanted: string): ComposefsError {
    const { value } = this;
    let got: string;
    if (value === undefined) got = "nothing";
    else if (value === null) got = "null";
    else if (Array.isArray(value)) got = "an array";
    else if (typeof value === "object") got = "an object";
    else if (typeof value === "string") got = quoteStart(value);
    else got = String(value);
    return jsonError(this.where, `expected ${wanted}, got ${got}`);
  }
}
