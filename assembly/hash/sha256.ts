/**
 * SHA-256, scalar: a running state for messages that come in pieces, and whole messages of whole blocks.
 *
 * Source: FIPS 180-4, Secure Hash Standard, 2015. Section numbers below are its own.
 * It hashes streams, fs-verity descriptors, and the odd block that is left over when the four lanes of `sha256x4.ts`
 * have taken theirs; in the tests it is what the lanes are held against.
 *
 * A running state lies in memory that the caller provides:
 *
 *   +-------------+------------------+--------------------+
 *   | chain value | bytes so far u64 | incomplete block   |
 *   |  32 bytes   |      8 bytes     |  64 bytes          |
 *   +-------------+------------------+--------------------+
 */

import { SHA256_BLOCK_BYTES, SHA256_DIGEST_BYTES, SHA256_IV, sha256Compress } from "./sha256compress";

export { SHA256_BLOCK_BYTES, SHA256_DIGEST_BYTES, SHA256_IV, SHA256_K, sha256Compress } from "./sha256compress";

const COUNT: usize = 32;
const PENDING: usize = 40;
/** Bytes of a running state. It wants an address that is a multiple of 8. */
export const SHA256_STATE_BYTES: usize = PENDING + SHA256_BLOCK_BYTES;

const BLOCK_MASK: usize = SHA256_BLOCK_BYTES - 1;
/** Section 5.1.1: the message length in bits stands in the last 8 bytes of the last block. */
const LENGTH_BYTES: usize = 8;

class Digest {
  /** Writes a chain value as a digest: big-endian words, section 6. */
  @inline static store(outPtr: usize, chainPtr: usize): void {
    for (let i: usize = 0; i < SHA256_DIGEST_BYTES; i += 4) {
      store<u32>(outPtr + i, bswap<u32>(load<u32>(chainPtr + i)));
    }
  }
}

/**
 * Begins a running state for an empty message.
 *
 * @param statePtr SHA256_STATE_BYTES bytes, contents of no matter
 */
export function sha256Begin(statePtr: usize): void {
  memory.copy(statePtr, SHA256_IV, SHA256_DIGEST_BYTES);
  store<u64>(statePtr, 0, COUNT);
}

/**
 * Appends bytes to the message of a running state.
 *
 * @param statePtr a state that `sha256Begin` began
 * @param ptr the bytes; not read when `len` is 0
 * @param len bytes, any number
 */
export function sha256Update(statePtr: usize, ptr: usize, len: usize): void {
  const count = load<u64>(statePtr, COUNT);
  store<u64>(statePtr, count + len, COUNT);
  const pending = <usize>count & BLOCK_MASK;
  if (pending) {
    const taken = min(SHA256_BLOCK_BYTES - pending, len);
    memory.copy(statePtr + PENDING + pending, ptr, taken);
    if (pending + taken < SHA256_BLOCK_BYTES) return;
    sha256Compress(statePtr, statePtr + PENDING, 1);
    ptr += taken;
    len -= taken;
  }
  sha256Compress(statePtr, ptr, len / SHA256_BLOCK_BYTES);
  const rest = len & BLOCK_MASK;
  memory.copy(statePtr + PENDING, ptr + len - rest, rest);
}

/**
 * Pads the message of a running state (section 5.1.1) and writes its digest. The state is used up.
 *
 * @param statePtr the state
 * @param outPtr room for 32 bytes; may lie in the state
 */
export function sha256End(statePtr: usize, outPtr: usize): void {
  const count = load<u64>(statePtr, COUNT);
  const block = statePtr + PENDING;
  let pending = <usize>count & BLOCK_MASK;
  store<u8>(block + pending, 0x80);
  pending += 1;
  memory.fill(block + pending, 0, SHA256_BLOCK_BYTES - pending);
  if (pending > SHA256_BLOCK_BYTES - LENGTH_BYTES) {
    sha256Compress(statePtr, block, 1);
    memory.fill(block, 0, SHA256_BLOCK_BYTES);
  }
  store<u64>(block, bswap<u64>(count << 3), SHA256_BLOCK_BYTES - 8);
  sha256Compress(statePtr, block, 1);
  Digest.store(outPtr, statePtr);
}

const whole: usize = memory.data(<i32>SHA256_STATE_BYTES, 16);

/**
 * Hashes the rest of a message when it is a whole number of blocks and the chain value before it is known: an
 * fs-verity block behind its salt, or from the beginning.
 *
 * @param chainPtr chain value after the first `before` bytes of the message: SHA256_IV when that is 0; stays as it is
 * @param before bytes that went into it, a multiple of 64
 * @param ptr the rest of the message
 * @param len its bytes, a multiple of 64
 * @param outPtr room for 32 bytes
 */
export function sha256Whole(chainPtr: usize, before: u64, ptr: usize, len: usize, outPtr: usize): void {
  memory.copy(whole, chainPtr, SHA256_DIGEST_BYTES);
  store<u64>(whole, before + len, COUNT);
  sha256Compress(whole, ptr, len / SHA256_BLOCK_BYTES);
  sha256End(whole, outPtr);
}
