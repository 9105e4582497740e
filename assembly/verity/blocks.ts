/**
 * Hashes of whole fs-verity blocks, of the data and of the tree alike: H(salt, padded || block).
 *
 * Source: spec/fsverity.md chapter 2 step 2; linux fs/verity/hash_algs.c, `fsverity_hash_block`.
 *
 * SHA-256 takes four blocks at a time, SHA-512 two. Of what is left over, two or three blocks still take the lanes of
 * SHA-256, the last pointer repeated, since the kernel needs less time for four than the scalar code for two
 * (measured: test/bench/kernel); a single one goes scalar.
 */

import { HASH_SHA256 } from "../abi";
import { SHA256_BLOCK_BYTES, SHA256_DIGEST_BYTES, sha256Whole } from "../hash/sha256";
import { SHA256X4_LANES, sha256x4, sha256x4Length } from "../hash/sha256x4";
import { SHA512_BLOCK_BYTES, SHA512_DIGEST_BYTES, sha512Whole } from "../hash/sha512";
import { SHA512X2_LANES, sha512x2, sha512x2Length } from "../hash/sha512x2";
import { SLOT_ALGORITHM, SLOT_BLOCK_BITS, SLOT_CHAIN, SLOT_PREFIX_BYTES } from "./slots";

/** Digests of a group with repeated lanes. */
const spare: usize = memory.data(128, 16);

let scalarOnly: bool = false;

/** Keeps the lanes out of use. Only the tests call this, to hold one path against the other. */
export function setScalarOnly(on: bool): void {
  scalarOnly = on;
}

/** SHA-256 of `count` blocks; `chain` is the chain value behind `before` bytes of salt. */
function hashSha256(chain: usize, before: u64, blockBytes: usize, ptr: usize, count: usize, outPtr: usize): void {
  if (count > 1 && !scalarOnly) {
    const compressions = <u32>(blockBytes / SHA256_BLOCK_BYTES);
    sha256x4Length(before + blockBytes);
    while (count > 1) {
      const used = min(count, SHA256X4_LANES);
      const last = ptr + (used - 1) * blockBytes;
      const out = used == SHA256X4_LANES ? outPtr : spare;
      sha256x4(chain, ptr, ptr + blockBytes, min(ptr + 2 * blockBytes, last), last, compressions, out);
      if (out == spare) memory.copy(outPtr, spare, used * SHA256_DIGEST_BYTES);
      ptr = last + blockBytes;
      outPtr += used * SHA256_DIGEST_BYTES;
      count -= used;
    }
  }
  for (; count; count--) {
    sha256Whole(chain, before, ptr, blockBytes, outPtr);
    ptr += blockBytes;
    outPtr += SHA256_DIGEST_BYTES;
  }
}

/** SHA-512 of `count` blocks. */
function hashSha512(chain: usize, before: u64, blockBytes: usize, ptr: usize, count: usize, outPtr: usize): void {
  if (count > 1 && !scalarOnly) {
    const compressions = <u32>(blockBytes / SHA512_BLOCK_BYTES);
    sha512x2Length(before + blockBytes);
    for (; count > 1; count -= SHA512X2_LANES) {
      sha512x2(chain, ptr, ptr + blockBytes, compressions, outPtr);
      ptr += SHA512X2_LANES * blockBytes;
      outPtr += SHA512X2_LANES * SHA512_DIGEST_BYTES;
    }
  }
  for (; count; count--) {
    sha512Whole(chain, before, ptr, blockBytes, outPtr);
    ptr += blockBytes;
    outPtr += SHA512_DIGEST_BYTES;
  }
}

/**
 * Hashes `count` whole blocks that lie one after another.
 *
 * @param record a slot's record, for its parameters; none of its running state is read or changed
 * @param ptr the blocks
 * @param count number of blocks
 * @param outPtr room for `count` digests
 */
export function hashBlocks(record: usize, ptr: usize, count: usize, outPtr: usize): void {
  const blockBytes = (<usize>1) << load<u32>(record, SLOT_BLOCK_BITS);
  const before = <u64>load<u32>(record, SLOT_PREFIX_BYTES);
  const chain = record + SLOT_CHAIN;
  if (load<u32>(record, SLOT_ALGORITHM) == HASH_SHA256) hashSha256(chain, before, blockBytes, ptr, count, outPtr);
  else hashSha512(chain, before, blockBytes, ptr, count, outPtr);
}
