/**
 * What is signed: the digest with a header, `struct fsverity_formatted_digest` of Linux (signatures.md 1).
 *
 *   offset  bytes
 *   0       8      "FSVerity"
 *   8       2      hash, little endian: 1 SHA-256, 2 SHA-512
 *   10      2      bytes of the digest, little endian
 *   12      32/64  digest
 *
 * Block size and salt are inside the digest.
 */

import { digestBytesOf, type HashName } from "../../engine/slot.ts";

const MAGIC = new TextEncoder().encode("FSVerity");
const HASH_OFF = 8;
const SIZE_OFF = 10;
const DIGEST_OFF = 12;

/** FS_VERITY_HASH_ALG_SHA256 and _SHA512 of include/uapi/linux/fsverity.h. */
const HASH_NUMBERS: Record<HashName, number> = { sha256: 1, sha512: 2 };

/**
 * The bytes that a signature of an fs-verity digest is made over: what a key in an HSM or a KMS signs, whole, with
 * the hash of the file digest as message digest.
 *
 * @param hash hash of the digest
 * @param digest fs-verity digest: 32 bytes for `sha256`, 64 for `sha512`
 * @returns 44 or 76 bytes
 * @throws {TypeError | RangeError} when an argument is not as described
 * @example
 * import { formattedDigest, verityDigest } from 'composefs-wasm'
 * const hex = await verityDigest(new TextEncoder().encode('content'))
 * const digest = Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16))
 * console.log(formattedDigest('sha256', digest).length) // 44
 */
export function formattedDigest(hash: HashName, digest: Uint8Array): Uint8Array<ArrayBuffer> {
  if (HASH_NUMBERS[hash] === undefined) throw new RangeError(`hash: expected sha256 or sha512, got ${String(hash)}`);
  if (!(digest instanceof Uint8Array)) throw new TypeError("digest: expected a Uint8Array");
  if (digest.length !== digestBytesOf(hash)) {
    throw new RangeError(`digest: expected ${digestBytesOf(hash)} bytes for ${hash}, got ${digest.length}`);
  }
  const bytes = new Uint8Array(DIGEST_OFF + digest.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(HASH_OFF, HASH_NUMBERS[hash], true);
  view.setUint16(SIZE_OFF, digest.length, true);
  bytes.set(digest, DIGEST_OFF);
  return bytes;
}
