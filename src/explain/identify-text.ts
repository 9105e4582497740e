/**
 * An identification in words, at most 100 columns wide.
 *
 *   profile  v1-sha256-12
 *   digest   fs-verity, SHA-256 over blocks of 4096 bytes, of the v1 image
 *   tree     not as given: mtimes in whole seconds
 *   reason   tar without PAX headers and many archives keep whole seconds
 */

import { algorithmParameters, type ImageFormat } from "../image/profile.ts";
import { displayBytes } from "./display.ts";
import type { Candidate, Expected, Identification } from "./identify.ts";
import { BLOCK_BYTES, type Place } from "./identify-compare.ts";

/** The image that the tree was read from. */
export interface StoredFacts {
  format: ImageFormat;
  /** Bytes. */
  size: number;
}

/** Digits of a digest in the table: all of SHA-256, half of SHA-512. */
const TABLE_DIGITS = 64;
const LABEL_COLUMNS = 9;

const HASH_NAMES = { sha256: "SHA-256", sha512: "SHA-512" } as const;

/** What was found, or all that was tried; lines with their ends. */
export function identificationText(
  expected: Expected,
  result: Identification,
  stored: StoredFacts | undefined,
): string {
  const { found, tried, refused } = result;
  const rows: Array<[string, string]> = found === undefined ? [] : foundRows(expected, found, result);
  if (found === undefined) {
    rows.push(["profile", `none; ${tried.length} ${expected.hash} digests were tried`]);
    if (tried.some(({ what, profile }) => what === "image" && profile === undefined)) {
      const name = otherHash(expected);
      rows.push(["note", `the tree names its objects by ${name} digests; those of its profiles are ${name}, too`]);
    }
  }
  if (stored !== undefined) rows.push(...storedRows(result, stored));
  for (const { variant, format, code, message } of found === undefined ? refused : []) {
    rows.push(["refused", format === null ? `${variant}: ${code}: ${message}` : `${format} image: ${code}`]);
  }
  const text = rows.map(([label, value]) => `${label.padEnd(LABEL_COLUMNS)}${value}\n`).join("");
  return found === undefined ? `${text}\n${table(tried)}` : text;
}

function foundRows(expected: Expected, found: Candidate, { tree, tried }: Identification): Array<[string, string]> {
  const rows: Array<[string, string]> = [
    ["profile", found.profile ?? "none"],
    ["digest", describe(found, expected)],
  ];
  rows.push(["tree", tree === undefined ? "as given" : `not as given: ${tree.text}`]);
  if (tree !== undefined) rows.push(["reason", tree.reason]);
  if (found.profile === undefined) {
    if (found.what === "image") {
      rows.push(["note", `the image names its objects by ${otherHash(expected)} digests; no profile mixes hashes`]);
    } else if (found.what !== "input") {
      rows.push(["note", "a plain hash is no fs-verity digest: the kernel never reports it"]);
    }
    const right = tried.find(({ profile, format }) => profile && (found.format ?? format) === format);
    if (right !== undefined && found.what !== "input") rows.push(["instead", `${right.profile}:${right.digest}`]);
  }
  if (isWrongLabel(expected, found)) rows.push(["note", `the label ${expected.label} is wrong`]);
  return rows;
}

/** The hash of the objects, when it is not that of the digest. */
function otherHash({ hash }: Expected): string {
  return HASH_NAMES[hash === "sha256" ? "sha512" : "sha256"];
}

/** Whether the label says something else than what was found: `sha256` says little and is right of any SHA-256. */
function isWrongLabel({ label }: Expected, found: Candidate): boolean {
  if (label === undefined || label === "sha256" || label === "sha512") return false;
  return label === "canonical-dump-sha256" ? found.what !== "canonical-dump" : label !== found.profile;
}

/** Such as `fs-verity, SHA-256 over blocks of 4096 bytes, of the v1 image`. */
function describe({ what, format, algorithm }: Candidate, { hash }: Expected): string {
  const of = {
    image: `the ${format} image`,
    "image-bytes": `the ${format} image`,
    "canonical-dump": "the canonical dumpfile",
    input: "the input file as it is",
    "input-bytes": "the input file as it is",
  }[what];
  if (algorithm === undefined) return `plain ${HASH_NAMES[hash]} of ${of}`;
  return `fs-verity, ${HASH_NAMES[hash]} over blocks of ${2 ** algorithmParameters(algorithm).blockBits} bytes, of ${of}`;
}

/** What the stored image is, and where the image of its tree begins to differ. */
function storedRows({ nearest }: Identification, stored: StoredFacts): Array<[string, string]> {
  const name = `${stored.format} image, ${stored.size} bytes`;
  if (nearest === undefined) return [["stored", `${name}, canonical: its tree written anew is the same image`]];
  const { format, size, firstDifference, differentBlocks, place } = nearest;
  const blocks = `${differentBlocks} of ${Math.ceil(size / BLOCK_BYTES)} blocks`;
  const rows: Array<[string, string]> = [
    ["stored", `${name}, not canonical: its tree written anew is another image`],
    ["nearest", `written as ${format}: ${size} bytes, of which ${blocks} differ`],
  ];
  const what = place === undefined ? "behind the end of the stored image" : describePlace(place);
  rows.push(["first", `difference at byte ${firstDifference}: ${what}`]);
  return rows;
}

/** Such as `superblock, uuid` or `extended inode, i_mtime, of /etc`. */
function describePlace({ kind, field, path }: Place): string {
  const of = path === undefined ? "" : `, of ${displayBytes(path)}`;
  return `${kind}${field === undefined || kind === "padding" || field === kind ? "" : `, ${field}`}${of}`;
}

function table(tried: readonly Candidate[]): string {
  const rows = tried.map((candidate) => [candidate.variant, nameOf(candidate), shortened(candidate.digest)] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(([variant, name, hex]) => `${variant.padEnd(widths[0]!)}  ${name.padEnd(widths[1]!)}  ${hex}\n`)
    .join("");
}

function shortened(digest: string): string {
  return digest.length > TABLE_DIGITS ? `${digest.slice(0, TABLE_DIGITS)}…` : digest;
}

/** Short, for the table. */
function nameOf({ what, profile, format, algorithm }: Candidate): string {
  if (what === "image") return profile ?? `${format} ${algorithm}`;
  if (what === "image-bytes") return `${format} plain`;
  if (what === "canonical-dump") return "canonical dump";
  return what === "input" ? `input ${algorithm}` : "input plain";
}
