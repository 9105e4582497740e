/** The kernel arguments that name the image to mount at boot: boot-transform.md 4.3. */

import { ComposefsError } from "../error.ts";
import { isSpaceAt, quoteStart } from "./text.ts";

/** An argument with all that it says. */
export interface ComposefsKarg {
  /** Layout of the image: `v1` for formats V0 and V1. */
  version: "v1" | "v2";
  hash: "sha256" | "sha512";
  /** fs-verity digest of the image, lower-case hex. */
  digest: string;
  /** Whether fs-verity may be missing at boot. */
  isInsecure: boolean;
  key: "composefs" | "composefs.digest";
  /** The argument as the command line has it. */
  word: string;
}

/** An argument that cannot be read. */
export interface KargProblem {
  word: string;
  /** For people: what was wanted. */
  problem: string;
}

/** An argument whose digits have not been looked at. */
interface Claim extends Omit<ComposefsKarg, "digest"> {
  hex: string;
}

const DIGEST_KEY = "composefs.digest";
const SHORT_KEY = "composefs";
/** log2 of the only size of blocks that there is, 4096 bytes. */
const BLOCK_SIZE_LOG = "12";
const HEX_DIGITS = { sha256: 64, sha512: 128 };
const NOT_HEX = /[^0-9a-f]/i;

/** Where a word of a command line is, and whether it ends inside of quotes, which is where the text ends. */
interface WordRange {
  start: number;
  end: number;
  isOpen: boolean;
}

/** The words of a command line, which is parted at ASCII white space outside of quotes. */
export function* cmdlineWords(text: string): Generator<WordRange, void, undefined> {
  let start = 0;
  let isOpen = false;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '"') isOpen = !isOpen;
    if (i < text.length && (isOpen || !isSpaceAt(text, i))) continue;
    if (i > start) yield { start, end: i, isOpen };
    start = i + 1;
  }
}

/**
 * The words of a kernel command line. A double quote begins and ends a part in which white space parts no words; it stays
 * in the word. There are no escapes, and a quote without end reaches to the end of the text.
 */
export function splitCmdline(text: string): string[] {
  return Array.from(cmdlineWords(text), ({ start, end }) => text.slice(start, end));
}

/**
 * The argument that counts for a hash: the first `composefs.digest=` of that hash, else the first `composefs=`.
 *
 * @returns null when there is none
 * @throws {ComposefsError} KARG_SYNTAX: that argument cannot be read, or a `composefs.digest=` before it
 */
export function findKarg(cmdline: string, hash: "sha256" | "sha512"): ComposefsKarg | null {
  const words = splitCmdline(cmdline);
  for (const word of words.filter((candidate) => candidate.startsWith(`${DIGEST_KEY}=`))) {
    const claim = required(digestClaim(word));
    if (claim.hash === hash) return required(kargOf(claim));
  }
  const word = words.find((candidate) => candidate.startsWith(`${SHORT_KEY}=`));
  return word === undefined ? null : required(kargOf(shortClaim(word, hash)));
}

/**
 * All arguments of the two keys in the order of the command line, which is that in which they are tried at boot. The hash
 * of a `composefs=` is known by the number of its digits.
 */
export function listKargs(cmdline: string): Array<ComposefsKarg | KargProblem> {
  const found: Array<ComposefsKarg | KargProblem> = [];
  for (const word of splitCmdline(cmdline)) {
    if (word.startsWith(`${DIGEST_KEY}=`)) {
      const claim = digestClaim(word);
      found.push("problem" in claim ? claim : kargOf(claim));
    } else if (word.startsWith(`${SHORT_KEY}=`)) {
      const claim = shortClaim(word, "sha512");
      if (claim.hex.length === HEX_DIGITS.sha512) found.push(kargOf(claim));
      else if (claim.hex.length === HEX_DIGITS.sha256) found.push(kargOf({ ...claim, hash: "sha256" }));
      else found.push({ word, problem: `expected 64 or 128 hexadecimal digits, found ${claim.hex.length} characters` });
    }
  }
  return found;
}

/**
 * The argument for an image.
 *
 * @param format of the image
 * @param hash of the digest
 * @param digest fs-verity digest of the image with blocks of 4096 bytes: 64 or 128 hexadecimal digits
 * @param isInsecure whether fs-verity may be missing at boot
 * @returns such as `composefs.digest=v1-sha256-12:HEX` for V0 and V1, `composefs=HEX` for V2
 * @throws {RangeError} when the digest is not one of that hash
 */
export function formatKarg(
  format: "v0" | "v1" | "v2",
  hash: "sha256" | "sha512",
  digest: string,
  isInsecure = false,
): string {
  if (digest.length !== HEX_DIGITS[hash] || NOT_HEX.test(digest)) {
    throw new RangeError(`digest: expected ${HEX_DIGITS[hash]} hexadecimal digits, got ${quoteStart(digest)}`);
  }
  const mark = isInsecure ? "?" : "";
  const hex = digest.toLowerCase();
  if (format === "v2") return `${SHORT_KEY}=${mark}${hex}`;
  return `${DIGEST_KEY}=${mark}v1-${hash}-${BLOCK_SIZE_LOG}:${hex}`;
}

/** Reads `composefs.digest=[?]VERSION-HASH-LG:HEX` but for the digits. */
function digestClaim(word: string): Claim | KargProblem {
  const { isInsecure, value } = markedValue(word, DIGEST_KEY);
  const colon = value.indexOf(":");
  if (colon < 0) return { word, problem: "expected VERSION-HASH-12:HEX, found no colon" };
  const [version, hash, ...blockSize] = value.slice(0, colon).split("-");
  if (version !== "v1" && version !== "v2") return { word, problem: "expected version v1 or v2" };
  if (hash !== "sha256" && hash !== "sha512") return { word, problem: "expected hash sha256 or sha512" };
  if (blockSize.join("-") !== BLOCK_SIZE_LOG) return { word, problem: "expected block size 12, which is log2 of 4096" };
  return { version, hash, isInsecure, key: DIGEST_KEY, word, hex: value.slice(colon + 1) };
}

/** Reads `composefs=[?]HEX` but for the digits. */
function shortClaim(word: string, hash: "sha256" | "sha512"): Claim {
  const { isInsecure, value } = markedValue(word, SHORT_KEY);
  return { version: "v2", hash, isInsecure, key: SHORT_KEY, word, hex: value };
}

/** What follows `=`, without the mark in front of it. */
function markedValue(word: string, key: string): { isInsecure: boolean; value: string } {
  const isInsecure = word[key.length + 1] === "?";
  return { isInsecure, value: word.slice(key.length + (isInsecure ? 2 : 1)) };
}

/** Reads the digits. */
function kargOf({ hex, ...claim }: Claim): ComposefsKarg | KargProblem {
  const digits = HEX_DIGITS[claim.hash];
  if (hex.length !== digits) {
    return { word: claim.word, problem: `expected ${digits} hexadecimal digits, found ${hex.length} characters` };
  }
  if (NOT_HEX.test(hex)) return { word: claim.word, problem: "expected hexadecimal digits, found other characters" };
  return { ...claim, digest: hex.toLowerCase() };
}

function required<T extends object>(outcome: T | KargProblem): T {
  if (!("problem" in outcome)) return outcome;
  throw new ComposefsError("KARG_SYNTAX", `kernel argument ${quoteStart(outcome.word)}: ${outcome.problem}`);
}
