/**
 * The published vectors: `cases.json` of the package composefs-vectors, whose README and schema describe it for everybody.
 *
 *   {"version": 1, "cases": [
 *     {"id": "v1/empty-root", "level": "v1", "rule": "only the root",
 *      "input": {"file": "dump/empty-root.dump"},
 *      "expected": {"image": {"size": 16384, "sha256": "…", "fsverity": {"sha256": "…", "sha512": "…"}}}},
 *     …
 *   ]}
 *
 * Here it is read with every value looked at, since `--vectors` takes any copy.
 */

import { ComposefsError } from "../error.ts";
import { type JsonNode, parseJson } from "../source/json.ts";
import { quoteStart } from "../source/quote.ts";

/** What is asked of an implementation. */
export const LEVELS = ["auto", "v0", "v1", "v2", "reader", "verity", "oci"] as const;
export type Level = (typeof LEVELS)[number];

/** Names of contents that are given by a formula. */
export const CONTENTS = ["lin251", "zero", "ff", "quad"] as const;
export type ContentName = (typeof CONTENTS)[number];

/** Bytes in place of those of a file. */
export interface Patch {
  /** In the unpacked file, bytes. */
  offset: number;
  bytes: Uint8Array;
}

/** What an implementation is given. */
export type CaseInput =
  | {
      kind: "file";
      /** In the folder of the vectors; `.gz` is unpacked. */
      path: string;
      patches: Patch[];
      /** Bytes that are left of the patched file; undefined: all. */
      truncate: number | undefined;
    }
  | { kind: "content"; content: ContentName; sizeBytes: number }
  /** The folder of an OCI layout. */
  | { kind: "layout"; path: string };

/** An image, and its fs-verity digests with 4096-byte blocks. */
export interface ExpectedImage {
  sizeBytes: number;
  sha256: string;
  fsverity: { sha256: string; sha512: string };
}

/** What the answer must be. */
export type Expected =
  | { kind: "image"; image: ExpectedImage }
  /** A tree, by the SHA-256 of its canonical dumpfile. */
  | { kind: "dump"; sizeBytes: number; sha256: string }
  /** An fs-verity digest, in hex. */
  | { kind: "digest"; digest: string }
  | { kind: "refusal" };

/** Values that vary within a level, by the names of their placeholders. */
export const PARAMETERS = ["format", "hash", "blockSize", "salt", "role", "layer", "xattrs"] as const;
export type Parameter = (typeof PARAMETERS)[number];

export interface ConformanceCase {
  id: string;
  level: Level;
  /** What it is about, for people. */
  rule: string | null;
  input: CaseInput;
  parameters: ReadonlyMap<Parameter, string>;
  expected: Expected;
  /** Why the opposite, a refusal or an answer in its place, is no failure; null: it is one. */
  optional: string | null;
}

const CASES_VERSION = 1;
/** Bytes of a list: some hundred thousand cases. */
export const CASES_BYTES_MAX = 64 << 20;
/** Bytes of an input that is unpacked or made: the largest of the vectors has 67,112,960. */
export const INPUT_BYTES_MAX = 256 << 20;

/** Reads a list. @param where for messages @throws {ComposefsError} SOURCE_JSON, VECTORS_FORM */
export function parseCases(bytes: Uint8Array, where: string): ConformanceCase[] {
  const whole = parseJson(bytes, where);
  const version = whole.field("version");
  if (version.value !== CASES_VERSION) throw formError(version, `expected ${CASES_VERSION}`);
  const cases = whole.field("cases").items().map(readCase);
  const ids = new Set<string>();
  for (const { id } of cases) {
    if (ids.has(id)) throw new ComposefsError("VECTORS_FORM", `${where}: the case ${quoteStart(id)} is there twice`);
    ids.add(id);
  }
  return cases;
}

function readCase(node: JsonNode): ConformanceCase {
  const id = node.field("id");
  // It is printed as it is.
  if (!/^[\w.:/=-]{1,256}$/.test(id.text())) throw formError(id, `expected a plain name, got ${quoteStart(id.text())}`);
  return {
    id: id.text(),
    level: oneOf(node.field("level"), LEVELS),
    rule: node.field("rule").optionalText(),
    input: readInput(node.field("input")),
    parameters: readParameters(node.field("parameters")),
    expected: readExpected(node.field("expected")),
    optional: node.field("optional").optionalText(),
  };
}

function readInput(node: JsonNode): CaseInput {
  if (node.field("layout").isPresent) return { kind: "layout", path: readPath(node.field("layout")) };
  if (node.field("content").isPresent) {
    const sizeBytes = readSize(node.field("size"));
    return { kind: "content", content: oneOf(node.field("content"), CONTENTS), sizeBytes };
  }
  const patches = node.field("patches");
  const truncate = node.field("truncate");
  return {
    kind: "file",
    path: readPath(node.field("file")),
    patches: patches.isPresent ? patches.items().map(readPatch) : [],
    truncate: truncate.isPresent ? readSize(truncate) : undefined,
  };
}

function readPatch(node: JsonNode): Patch {
  const hex = node.field("hex");
  if (!/^([0-9a-f]{2})+$/.test(hex.text())) throw formError(hex, "expected pairs of lower-case hex digits");
  const bytes = Uint8Array.from(hex.text().match(/../g)!, (pair) => Number.parseInt(pair, 16));
  return { offset: readSize(node.field("offset")), bytes };
}

/** A path that stays in the folder, whatever the system. */
function readPath(node: JsonNode): string {
  const path = node.text();
  if (/^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)*$/.test(path)) return path;
  throw formError(node, `expected a relative path of plain names, got ${quoteStart(path)}`);
}

function readSize(node: JsonNode): number {
  const size = node.size();
  if (size > INPUT_BYTES_MAX) throw formError(node, `expected at most ${INPUT_BYTES_MAX}, got ${size}`);
  return size;
}

function readParameters(node: JsonNode): Map<Parameter, string> {
  if (!node.isPresent) return new Map();
  node.field("format");
  return new Map(
    Object.keys(node.value as object).map((name) => {
      const value = node.field(name);
      const text = String(typeof value.value === "number" ? value.size() : value.text());
      if (!/^[\w.-]{1,256}$/.test(text)) throw formError(value, `expected a plain value, got ${quoteStart(text)}`);
      return [oneOf(node.field(name), PARAMETERS, name), text] as const;
    }),
  );
}

function readExpected(node: JsonNode): Expected {
  const [image, dump, digest] = ["image", "dump", "digest"].map((name) => node.field(name));
  if (image!.isPresent) {
    const fsverity = image!.field("fsverity");
    return {
      kind: "image",
      image: {
        ...{ sizeBytes: readSize(image!.field("size")), sha256: readHex(image!.field("sha256"), 64) },
        fsverity: { sha256: readHex(fsverity.field("sha256"), 64), sha512: readHex(fsverity.field("sha512"), 128) },
      },
    };
  }
  if (dump!.isPresent) {
    return { kind: "dump", sizeBytes: readSize(dump!.field("size")), sha256: readHex(dump!.field("sha256"), 64) };
  }
  if (digest!.isPresent) return { kind: "digest", digest: readHex(digest!, 64, 128) };
  if (node.field("refusal").value === true) return { kind: "refusal" };
  throw formError(node, "expected an image, a dump, a digest or a refusal");
}

function readHex(node: JsonNode, ...lengths: number[]): string {
  const text = node.text();
  if (/^[0-9a-f]+$/.test(text) && lengths.includes(text.length)) return text;
  throw formError(node, `expected ${lengths.join(" or ")} lower-case hex digits, got ${quoteStart(text)}`);
}

function oneOf<T extends string>(node: JsonNode, values: readonly T[], text = node.text()): T {
  const found = values.find((value) => value === text);
  if (found === undefined) throw formError(node, `expected ${values.join(", ")}, got ${quoteStart(text)}`);
  return found;
}

function formError(node: JsonNode, what: string): ComposefsError {
  return new ComposefsError("VECTORS_FORM", `${node.where}: ${what}`);
}
