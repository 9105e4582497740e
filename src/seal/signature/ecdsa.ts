/**
 * The two forms of an ECDSA signature: in messages DER (`Ecdsa-Sig-Value` of RFC 3279, 2.2.3), in WebCrypto r and s
 * one after the other, each as long as the order of the curve (IEEE P1363).
 */

import { CURVE_BYTES, type CurveName } from "./algorithms.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * r and s in a row.
 *
 * @param der what {@link checkDer} has found to be DER
 * @returns null when it is no pair of positive numbers that the curve can have
 */
export function plainFromDer(der: Uint8Array, curve: CurveName): Uint8Array<ArrayBuffer> | null {
  const bytes = CURVE_BYTES[curve];
  const plain = new Uint8Array(2 * bytes);
  const body = valueAt(der, 0, SEQUENCE);
  if (body === null || body.stop !== der.length) return null;
  let offset = body.start;
  for (const end of [bytes, 2 * bytes]) {
    const number = valueAt(der, offset, INTEGER);
    if (number === null) return null;
    let value = der.subarray(number.start, number.stop);
    // DER puts a zero before a first byte of 0x80 or more, which would be a sign.
    if (value[0] === 0) value = value.subarray(1);
    else if (value[0]! >= 0x80) return null;
    if (value.length === 0 || value.length > bytes) return null;
    plain.set(value, end - value.length);
    offset = number.stop;
  }
  return offset === der.length ? plain : null;
}

/** The same as DER. @param plain r and s, of equal length, together at most 132 bytes */
export function derFromPlain(plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = plain.length / 2;
  const numbers = [plain.subarray(0, half), plain.subarray(half)].flatMap((value) => {
    let start = value.findIndex((byte) => byte !== 0);
    if (start < 0) start = half - 1;
    const sign = value[start]! >= 0x80 ? [0] : [];
    return [INTEGER, half - start + sign.length, ...sign, ...value.subarray(start)];
  });
  const length = numbers.length < 0x80 ? [numbers.length] : [0x81, numbers.length];
  return Uint8Array.from([SEQUENCE, ...length, ...numbers]);
}

/** Where the content of the value at `offset` is; null when it has another tag. Lengths here take two octets at most. */
function valueAt(der: Uint8Array, offset: number, tag: number): { start: number; stop: number } | null {
  if (der[offset] !== tag) return null;
  const first = der[offset + 1]!;
  if (first > 0x81) return null;
  const start = offset + (first === 0x81 ? 3 : 2);
  return { start, stop: start + (first === 0x81 ? der[offset + 2]! : first) };
}
