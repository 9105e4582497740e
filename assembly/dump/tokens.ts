/**
 * Xattr tokens that were read lately, by their escaped text: a tree carries few different labels, each very often, and
 * most end in `\x00`. What is found here need not be split, unescaped and looked up again.
 *
 *   slot   +0 u32 address of the pair, 0 = free   +4 u32 length   +8 text
 *
 * A slot belongs to whoever came last; a miss costs the ordinary way and nothing else. Measured: a seventh of the time
 * of a distribution's dumpfile.
 */

import { copyAndPad, equal } from "../mem/bytes";

const SLOT_BITS = 8;
const SLOT_BYTES: u32 = 1 << 7;
const TEXT_MIN_BYTES: u32 = 8;
const TEXT_MAX_BYTES: u32 = SLOT_BYTES - 8;

const slots = memory.data(1 << (SLOT_BITS + 7), 16);

/** Forgets all tokens; their pairs went with the arena. */
export function resetTokens(): void {
  memory.fill(slots, 0, SLOT_BYTES << SLOT_BITS);
}

/** The slot of a token: its length and its ends are enough to tell labels apart. */
function slotOf(at: usize, len: u32): usize {
  const ends = load<u64>(at) ^ rotl<u64>(load<u64>(at + len - 8), 23) ^ len;
  return slots + <usize>((ends * 0x9e3779b97f4a7c15) >> (64 - SLOT_BITS)) * SLOT_BYTES;
}

/** The pair of a token that was read before; 0 when it is not known. */
export function knownToken(at: usize, len: u32): usize {
  if (len < TEXT_MIN_BYTES || len > TEXT_MAX_BYTES) return 0;
  const slot = slotOf(at, len);
  return load<u32>(slot, 4) == len && equal(slot + 8, at, len) ? <usize>load<u32>(slot) : 0;
}

/** Keeps a token in mind. */
export function rememberToken(at: usize, len: u32, pair: usize): void {
  if (len < TEXT_MIN_BYTES || len > TEXT_MAX_BYTES) return;
  const slot = slotOf(at, len);
  store<u32>(slot, <u32>pair);
  store<u32>(slot, len, 4);
  memory.fill(slot + 8, 0, TEXT_MAX_BYTES);
  copyAndPad(slot + 8, at, len);
}
