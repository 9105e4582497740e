/**
 * SHA-512, scalar: a running state for messages that come in pieces, and whole messages of whole blocks.
 *
 * Source: FIPS 180-4, Secure Hash Standard, 2015. Section numbers below are its own.
 * It hashes streams, fs-verity descriptors, and the odd block that is left over when the two lanes of `sha512x2.ts`
 * have taken theirs; in the tests it is what the lanes are held against.
 *
 * A running state lies in memory that the caller provides:
 *
 *   +-------------+------------------+--------------------+
 *   | chain value | bytes so far u64 | incomplete block   |
 *   |  64 bytes   |      8 bytes     |  128 bytes         |
 *   +-------------+------------------+--------------------+
 */

import { SHA512_BLOCK_BYTES, SHA512_DIGEST_BYTES, SHA512_IV, sha512Compress } from "./sha512compress";

export { SHA512_BLOCK_BYTES, SHA512_DIGEST_BYTES, SHA512_IV, SHA512_K, sha512Compress } from "./sha512compress";

const COUNT: usize = 64;
const PENDING: usize = 72;
/** Bytes of a running state. It wants an address that is a multiple of 8. */
export const SHA512_STATE_BYTES: usize = PENDING + SHA512_BLOCK_BYTES;

const BLOCK_MASK: usize = SHA512_BLOCK_BYTES - 1;
/** Section 5.1.2: the message length in bits stands in the last 16 bytes of the last block. */
const LENGTH_BYTES: usize = 16;

class Digest {
  /** Writes a chain value as a digest: big-endian words, section 6. */
  @inline static store(outPtr: usize, chainPtr: usize): void {
    for (let i: usize = 0; i < SHA512_DIGEST_BYTES; i += 8) {
      store<u64>(outPtr + i, bswap<u64>(load<u64>(chainPtr + i)));
    }
  }
}

/**
 * Begins a running state for an empty message.
 *
 * @param statePtr SHA512_STATE_BYTES bytes, contents of no matter
 */
export function sha512Begin(statePtr: usize): void {
  memory.copy(statePtr, SHA512_IV, SHA512_DIGEST_BYTES);
  store<u64>(statePtr, 0, COUNT);
}

/**
 * Appends bytes to the message of a running state.
 *
 * @param statePtr a state that `sha512Begin` began
 * @param ptr the bytes; not read when `len` is 0
 * @param len bytes, any number
 */
export function sha512Update(statePtr: usize, ptr: usize, len: usize): void {
  const count = load<u64>(statePtr, COUNT);
  store<u64>(statePtr, count + len, COUNT);
  const pending = <usize>count & BLOCK_MASK;
  if (pending) {
    const taken = min(SHA512_BLOCK_BYTES - pending, len);
    memory.copy(statePtr + PENDING + pending, ptr, taken);
    if (pending + taken < SHA512_BLOCK_BYTES) return;
    sha512Compress(statePtr, statePtr + PENDING, 1);
    ptr += taken;
    len -= taken;
  }
  sha512Compress(statePtr, ptr, len / SHA512_BLOCK_BYTES);
  const rest = len & BLOCK_MASK;
  memory.copy(statePtr + PENDING, ptr + len - rest, rest);
}

/**
 * Pads the message of a running state (section 5.1.2) and writes its digest. The state is used up.
 *
 * @param statePtr the state
 * @param outPtr room for 64 bytes; may lie in the state
 */
export function sha512End(statePtr: usize, outPtr: usize): void {
  const count = load<u64>(statePtr, COUNT);
  const block = statePtr + PENDING;
  let pending = <usize>count & BLOCK_MASK;
  store<u8>(block + pending, 0x80);
  pending += 1;
  memory.fill(block + pending, 0, SHA512_BLOCK_BYTES - pending);
  if (pending > SHA512_BLOCK_BYTES - LENGTH_BYTES) {
    sha512Compress(statePtr, block, 1);
    memory.fill(block, 0, SHA512_BLOCK_BYTES);
  }
  // The length is a 128-bit number; its upper half stays zero.
  store<u64>(block, bswap<u64>(count << 3), SHA512_BLOCK_BYTES - 8);
  sha512Compress(statePtr, block, 1);
  Digest.store(outPtr, statePtr);
}

const whole: usize = memory.data(<i32>SHA512_STATE_BYTES, 16);

/**
 * Hashes the rest of a message when it is a whole number of blocks and the chain value before it is known: an
 * fs-verity block behind its salt, or from the beginning.
 *
 * @param chainPtr chain value after the first `before` bytes of the message: SHA512_IV when that is 0; stays as it is
 * @param before bytes that went into it, a multiple of 128
 * @param ptr the rest of the message
 * @param len its bytes, a multiple of 128
 * @param outPtr room for 64 bytes
 */
export function sha512Whole(chainPtr: usize, before: u64, ptr: usize, len: usize, outPtr: usize): void {
  memory.copy(whole, chainPtr, SHA512_DIGEST_BYTES);
  store<u64>(whole, before + len, COUNT);
  sha512Compress(whole, ptr, len / SHA512_BLOCK_BYTES);
  sha512End(whole, outPtr);
}
