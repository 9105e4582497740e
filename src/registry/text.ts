/** Texts from a registry, for people and for programs. */

/** Characters of a text of unknown length that a message shows. */
const SHOWN_CHARACTERS = 96;

/** The beginning of a text, in quotes, with escapes as in JSON: nothing in it can steer a terminal. */
export function show(text: string): string {
  const quoted = JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
  const safe = quoted.replace(
    /[\x7f-\x9f\u2028-\u202e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > SHOWN_CHARACTERS ? `${safe}…` : safe;
}

/** A JSON object as it was parsed. */
export type JsonObject = Record<string, unknown>;

/** Parses strict UTF-8 that holds a JSON object; null for anything else. */
export function jsonObject(bytes: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether a value is an object, and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is a string and not empty; null for anything else. Own members only. */
export function textOf(object: JsonObject, name: string): string | null {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === "string" && value !== "" ? value : null;
}

/** A member that is an object; null for anything else. Own members only. */
export function objectOf(object: JsonObject, name: string): JsonObject | null {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return isObject(value) ? value : null;
}
