/**
 * Contents of files by formula. Each is a function that makes the bytes when a layer is written, so that an image can be
 * larger than what is held of it.
 */
import { Xoshiro256 } from "./random.mjs";

/** @typedef {string | Uint8Array | (() => Uint8Array)} Content text in UTF-8, bytes, or what makes them */

/** `length` zero bytes. */
export const zeros = (length) => () => Buffer.alloc(length);

/** Byte i is i modulo `modulus`. */
export const mod = (length, modulus) => () => Buffer.from(Uint8Array.from({ length }, (_, i) => i % modulus));

/** Byte i is i * factor + offset, modulo 256. */
export const lin = (length, factor, offset) => () => {
  const out = Buffer.alloc(length);
  for (let i = 0, byte = offset; i < length; i++, byte = (byte + factor) & 255) out[i] = byte;
  return out;
};

/** `length` bytes that do not compress. */
export const noise = (seed, length) => () => new Xoshiro256(seed).data(length);

/**
 * The bytes of a content.
 *
 * @param {Content} content
 */
export function contentBytes(content) {
  return toBytes(typeof content === "function" ? content() : content);
}

/** Text in UTF-8; bytes as they are. */
export function toBytes(value) {
  return typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.length);
}
