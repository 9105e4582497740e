/**
 * Bytes as text: digests are written in lower-case hex.
 */

/** Lower-case hex, two digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
