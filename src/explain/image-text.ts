/**
 * What `explainImages` found, as lines for people.
 *
 *   The images differ: 12 bytes in 3 of 812 structures of A.
 *     superblock, checksum (0x000404): A 0x0, B 0x1a2b3c4d
 *     compact inode of /bin/su, i_mode (0x0018c4): A 0x89ed (104755 file), B 0x81ed (100755 file)
 *   A is canonical: it is what composefs-wasm writes of its tree in format v1.
 *   B is not canonical: superblock-stamp, checksum, UUID or volume name, which a tool put into the finished image.
 *     superblock, checksum (0x000404): stored 0x1a2b3c4d, written 0x0
 */

import type { Canonical, ImageExplanation } from "./image.ts";
import { CAUSES } from "./image-cause.ts";
import type { FieldDifference, ImageComparison } from "./image-compare.ts";
import { offsetText } from "./walk-fields.ts";
import { countOf, formatCount } from "./words.ts";

/**
 * Spells an explanation for people.
 *
 * @param names of the sides, such as `A` and `B`
 * @returns lines, each ending with LF
 */
export function formatImages(found: ImageExplanation, names: readonly [string, string] = ["A", "B"]): string {
  const lines = [...difference(found, names)];
  for (const [side, name] of [
    [found.a, names[0]],
    [found.b, names[1]],
  ] as const) {
    if (side !== undefined)
      lines.push(...canonicalLines(side, name, name === names[0] ? found.formats.a : found.formats.b));
  }
  return `${lines.join("\n")}\n`;
}

function difference({ equal, formats, comparison }: ImageExplanation, [a, b]: readonly [string, string]): string[] {
  if (equal) {
    if (formats.a !== null && formats.b !== null) return ["The images are the same bytes."];
    return [`The image is the one that the dumpfile gives in format ${formats.a ?? formats.b}.`];
  }
  if (comparison === undefined)
    return [`The formats of the images differ: ${a} is ${formats.a}, ${b} is ${formats.b}.`];
  if (formats.a !== null && formats.b !== null) {
    return [`The images differ: ${summary(comparison, a)}.`, ...fieldLines(comparison, a, b)];
  }
  const image = formats.a === null ? b : a;
  const dumpfile = formats.a === null ? a : b;
  return [
    `The image ${image} is not the one that the dumpfile ${dumpfile} gives in format ${formats.a ?? formats.b}: ${summary(comparison, image)}.`,
    ...fieldLines(comparison, image, dumpfile),
  ];
}

function canonicalLines(side: Canonical, name: string, format: string | null): string[] {
  if (side.canonical)
    return [`${name} is canonical: it is what composefs-wasm writes of its tree in format ${format}.`];
  return [
    `${name} is not canonical; the likely cause is ${side.cause}: ${CAUSES[side.cause!]}.`,
    ...(side.comparison === undefined ? [] : fieldLines(side.comparison, "stored", "written")),
    ...(side.refusal === undefined ? [] : [`  composefs-wasm does not write its tree: ${side.refusal}`]),
  ];
}

/** How much differs. */
function summary({ sizes, bytes, structures, of }: ImageComparison, name: string): string {
  const size = sizes.a === sizes.b ? "" : `${formatCount(sizes.a)} and ${formatCount(sizes.b)} bytes; `;
  return `${size}${countOf(bytes, "byte", "bytes")} of ${name} in ${formatCount(structures)} of ${countOf(of, "structure", "structures")}`;
}

function fieldLines({ head, first }: ImageComparison, a: string, b: string): string[] {
  return [...head, ...(first === undefined ? [] : [first])].map((field) => fieldLine(field, a, b));
}

function fieldLine(
  { structure, path, field, offset, a: valueA, b: valueB }: FieldDifference,
  a: string,
  b: string,
): string {
  const where = path === undefined ? structure : `${structure} of ${path}`;
  return `  ${where}, ${field} (${offsetText(offset)}): ${a} ${valueA}, ${b} ${valueB}`;
}

/** An explanation as a plain object for `JSON.stringify`. */
export function imagesToJson({ equal, formats, comparison, a, b }: ImageExplanation): Record<string, unknown> {
  return {
    equal,
    formats,
    ...(comparison && { comparison: comparisonToJson(comparison) }),
    ...(a && { a: canonicalToJson(a) }),
    ...(b && { b: canonicalToJson(b) }),
  };
}

function canonicalToJson({ canonical, comparison, cause, refusal }: Canonical): Record<string, unknown> {
  return {
    canonical,
    ...(cause && { cause }),
    ...(refusal && { refusal }),
    ...(comparison && { comparison: comparisonToJson(comparison) }),
  };
}

function comparisonToJson({ sizes, bytes, structures, of, head, first }: ImageComparison): Record<string, unknown> {
  return { sizes, bytes, structures, of, head, first: first ?? null };
}
