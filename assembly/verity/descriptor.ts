/**
 * The fs-verity descriptor, whose hash is the file digest.
 *
 * Source: spec/fsverity.md chapter 2; linux include/uapi/linux/fsverity.h, `struct fsverity_descriptor`.
 *
 *   0x00      0x01       0x02       0x03       0x04       0x08       0x10        0x50    0x70           0x100
 *   | version | hash alg | log2(bs) | salt len | zero u32 | data u64 | root hash | salt  | zero         |
 */

import { HASH_SHA256 } from "../abi";
import { SHA256_DIGEST_BYTES, SHA256_IV, sha256Whole } from "../hash/sha256";
import { SHA512_DIGEST_BYTES, SHA512_IV, sha512Whole } from "../hash/sha512";
import {
  SLOT_ALGORITHM,
  SLOT_BLOCK_BITS,
  SLOT_DATA_BYTES,
  SLOT_DIGEST_BYTES,
  SLOT_SALT,
  SLOT_SALT_BYTES,
} from "./slots";

/** Bytes of `struct fsverity_descriptor`: two input blocks of SHA-512, four of SHA-256. */
const DESCRIPTOR_BYTES: usize = 256;
const VERSION: usize = 0x00;
const ALGORITHM: usize = 0x01;
const BLOCK_BITS: usize = 0x02;
const SALT_BYTES: usize = 0x03;
const DATA_BYTES: usize = 0x08;
const ROOT_HASH: usize = 0x10;
const SALT: usize = 0x50;
/** FS_VERITY_MAX_SALT_SIZE is the size of the field; the slot keeps the salt padded to it. */
const SALT_FIELD_BYTES: usize = 32;

const descriptor: usize = memory.data(256, 16);

/**
 * Writes the file digest.
 *
 * @param record slot record with the parameters and the final data size
 * @param rootPtr root hash, or 0 for the zeros that an empty file has
 * @param outPtr room for 64 bytes
 * @returns bytes of the digest, 32 or 64
 */
export function fileDigest(record: usize, rootPtr: usize, outPtr: usize): u32 {
  const algorithm = load<u32>(record, SLOT_ALGORITHM);
  memory.fill(descriptor, 0, DESCRIPTOR_BYTES);
  store<u8>(descriptor, 1, VERSION);
  store<u8>(descriptor, algorithm, ALGORITHM);
  store<u8>(descriptor, load<u32>(record, SLOT_BLOCK_BITS), BLOCK_BITS);
  store<u8>(descriptor, load<u32>(record, SLOT_SALT_BYTES), SALT_BYTES);
  store<u64>(descriptor, load<u64>(record, SLOT_DATA_BYTES), DATA_BYTES);
  if (rootPtr) memory.copy(descriptor + ROOT_HASH, rootPtr, load<u32>(record, SLOT_DIGEST_BYTES));
  memory.copy(descriptor + SALT, record + SLOT_SALT, SALT_FIELD_BYTES);
  if (algorithm == HASH_SHA256) {
    sha256Whole(SHA256_IV, 0, descriptor, DESCRIPTOR_BYTES, outPtr);
    return <u32>SHA256_DIGEST_BYTES;
  }
  sha512Whole(SHA512_IV, 0, descriptor, DESCRIPTOR_BYTES, outPtr);
  return <u32>SHA512_DIGEST_BYTES;
}
