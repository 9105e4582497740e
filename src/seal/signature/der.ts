/**
 * Whether bytes are one value in DER (X.690, sections 8 and 10): the gate before the library, which reads BER.
 *
 * Every header and every primitive value of a universal type is looked at once. What is not held against DER is the
 * order of the elements of a SET, in which names of certificates are often wrong and which no reader depends on.
 */

import { DER_DEPTH_MAX } from "./limits.ts";

/**
 * Which rule is broken:
 *
 *   truncated  the value is longer than the bytes
 *   length     a length that reaches beyond what holds the value, or is larger than any value taken here
 *   trailing   bytes behind the value
 *   ber        a form that only BER allows: indefinite or longer lengths, strings in parts, values not in shortest form
 *   tag        a tag that neither messages nor certificates have
 *   depth      more values inside one another than are taken
 */
export type DerRule = "truncated" | "length" | "trailing" | "ber" | "tag" | "depth";

/** The first fault. */
export interface DerFault {
  rule: DerRule;
  /** Offset of the value at fault, in bytes. */
  offset: number;
}

/** Identifier octets: class in bits 7 and 6, constructed in bit 5, number below. */
const CLASS_MASK = 0xc0;
const CLASS_UNIVERSAL = 0;
const CONSTRUCTED = 0x20;
const NUMBER_MASK = 0x1f;
const NUMBER_LONG_FORM = 0x1f;

const BOOLEAN = 1;
const INTEGER = 2;
const BIT_STRING = 3;
const NULL = 5;
const OBJECT_IDENTIFIER = 6;
const ENUMERATED = 10;
const SEQUENCE = 16;
const SET = 17;

/** A length in more octets than this is beyond any that is taken. */
const LENGTH_OCTETS_MAX = 4;

/**
 * Holds bytes against DER.
 *
 * @param maxBytes the largest value that is taken, in bytes; the caller has held the bytes against it
 * @returns the first fault, null when there is none
 */
export function checkDer(bytes: Uint8Array, maxBytes: number): DerFault | null {
  /** Where the values that are open end, the innermost last. */
  const ends: number[] = [];
  let offset = 0;
  do {
    const end = ends.at(-1) ?? bytes.length;
    const header = readHeader(bytes, offset, end, maxBytes);
    if ("rule" in header) return header;
    const { tag, start, stop } = header;
    if (stop > end) return { rule: ends.length === 0 ? "truncated" : "length", offset };
    if ((tag & CONSTRUCTED) !== 0) {
      if (ends.length === DER_DEPTH_MAX) return { rule: "depth", offset };
      ends.push(stop);
      offset = start;
    } else {
      if ((tag & CLASS_MASK) === CLASS_UNIVERSAL && !isShortest(tag, bytes.subarray(start, stop))) {
        return { rule: "ber", offset };
      }
      offset = stop;
    }
    while (ends.at(-1) === offset) ends.pop();
  } while (ends.length > 0);
  return offset === bytes.length ? null : { rule: "trailing", offset };
}

function readHeader(
  bytes: Uint8Array,
  offset: number,
  end: number,
  maxBytes: number,
): { tag: number; start: number; stop: number } | DerFault {
  const cut: DerFault = { rule: end === bytes.length ? "truncated" : "length", offset };
  if (end - offset < 2) return cut;
  const tag = bytes[offset]!;
  const number = tag & NUMBER_MASK;
  if (number === NUMBER_LONG_FORM) return { rule: "tag", offset };
  if ((tag & CLASS_MASK) === CLASS_UNIVERSAL) {
    const holdsValues = number === SEQUENCE || number === SET;
    // Number 0 ends an indefinite length; strings in parts are constructed.
    if (number === 0 || holdsValues !== ((tag & CONSTRUCTED) !== 0)) return { rule: "ber", offset };
  }
  const first = bytes[offset + 1]!;
  let start = offset + 2;
  if (first < 0x80) return { tag, start, stop: start + first };
  const octets = first & 0x7f;
  if (octets === 0) return { rule: "ber", offset };
  if (octets > LENGTH_OCTETS_MAX) return { rule: "length", offset };
  if (end - start < octets) return cut;
  let length = 0;
  for (const stop = start + octets; start < stop; start++) length = length * 256 + bytes[start]!;
  if (length < 0x80 || length < 256 ** (octets - 1)) return { rule: "ber", offset };
  if (length > maxBytes) return { rule: "length", offset };
  return { tag, start, stop: start + length };
}

/** Whether a primitive value is in the one form that DER has for it. */
function isShortest(tag: number, value: Uint8Array): boolean {
  switch (tag) {
    case BOOLEAN:
      return value.length === 1 && (value[0] === 0 || value[0] === 0xff);
    case INTEGER:
    case ENUMERATED:
      return isShortestInteger(value);
    case BIT_STRING: {
      const unused = value[0] ?? 8;
      if (unused > 7 || (unused > 0 && value.length === 1)) return false;
      return (value.at(-1)! & (2 ** unused - 1)) === 0 || unused === 0;
    }
    case NULL:
      return value.length === 0;
    case OBJECT_IDENTIFIER:
      return isShortestObject(value);
    default:
      return true;
  }
}

/** Not empty, and the first nine bits not all equal. */
function isShortestInteger(value: Uint8Array): boolean {
  if (value.length < 2) return value.length === 1;
  const signOfSecond = value[1]! & 0x80;
  return !((value[0] === 0 && signOfSecond === 0) || (value[0] === 0xff && signOfSecond !== 0));
}

/** Numbers of seven bits an octet, none with a leading zero, the last one complete. */
function isShortestObject(value: Uint8Array): boolean {
  let isFirst = true;
  for (const octet of value) {
    if (isFirst && octet === 0x80) return false;
    isFirst = octet < 0x80;
  }
  return value.length > 0 && isFirst;
}
