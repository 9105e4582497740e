/**
 * CRC-32 of ISO 3309, as gzip has it: a mark by which long values that are shown shortened can be told apart. Nothing
 * relies on it.
 */

const POLYNOMIAL = 0xedb88320;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

/**
 * CRC-32 of bytes.
 *
 * @param before what came out for the bytes before these; 0 at the beginning
 * @returns a signed 32-bit number
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  return ~crc;
}

/** A checksum as eight hexadecimal digits. */
export function crcText(crc: number): string {
  return BigInt.asUintN(32, BigInt(crc)).toString(16).padStart(8, "0");
}
