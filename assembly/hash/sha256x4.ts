/**
 * SHA-256 of four equally long messages at once, one in each 32-bit lane of a v128.
 *
 * Source: FIPS 180-4, sections 4.1.2 and 6.2.2. An fs-verity digest of a large file is nearly nothing else than the
 * hashes of its 4096-byte blocks, which do not depend on each other; four of them take the place of one:
 *
 *   in memory, after the byte swap         in v128 (word t of message m is "mt")
 *     message 0:  00 01 02 03 ...            w0:  00 10 20 30
 *     message 1:  10 11 12 13 ...     ->     w1:  01 11 21 31
 *     message 2:  20 21 22 23 ...            w2:  02 12 22 32
 *     message 3:  30 31 32 33 ...            w3:  03 13 23 33
 *
 * The schedule of a block is made first and as a whole, K added, and laid down in memory; the rounds read it from there.
 * Eight chain lanes then have the 16 registers of x86 to themselves. With the words in locals and the schedule made
 * between the rounds they spill: slower by 3 to 14 %, depending on the spelling (measured: test/bench/kernel).
 * The last block of every message is its padding, the same for all messages of a length: its schedule is kept.
 *
 * V8 compiles a function anew only between two calls of it: call this for some blocks at a time, not for gigabytes.
 */

import { SHA256_BLOCK_BYTES, SHA256_K } from "./sha256";
import { Lanes } from "./sha256lanes";

/** Messages hashed at once. */
export const SHA256X4_LANES: usize = 4;

/** Bytes of one schedule: 64 words in four lanes. */
const SCHEDULE_BYTES: usize = 1024;
/** The first 16 words of it, and the step of the loops over it. */
const SIXTEEN_WORDS: usize = 256;

const schedule: usize = memory.data(1024, 16);
/** The 64 constants of section 4.2.2, each in all four lanes. Filled by the first `sha256x4Length`. */
const constants: usize = memory.data(1024, 16);
/** Schedule of the padding block of messages of `paddingLength` bytes, K added. */
const padding: usize = memory.data(1024, 16);
/** 0 before the first use; messages of no bytes are not hashed here. */
let paddingLength: u64 = 0;

/**
 * Says how long the messages of the next `sha256x4` are, and prepares the schedule of their padding block.
 * Asking for the length of the call before costs nothing.
 *
 * @param bytes whole length of each message, a multiple of 64, above 0
 */
export function sha256x4Length(bytes: u64): void {
  if (bytes == paddingLength) return;
  if (paddingLength == 0) {
    for (let t: usize = 0; t < 64; t++) {
      v128.store(constants + (t << 4), v128.load32_splat(SHA256_K + (t << 2)));
    }
  }
  paddingLength = bytes;
  // Section 5.1.1: a one bit, zeros, the length in bits in the last two words.
  memory.fill(padding, 0, SIXTEEN_WORDS);
  v128.store(padding, i32x4.splat(0x80000000));
  v128.store(padding, i32x4.splat(<i32>(bytes >> 29)), 14 << 4);
  v128.store(padding, i32x4.splat(<i32>(bytes << 3)), 15 << 4);
  for (let at = padding; at < padding + SCHEDULE_BYTES - SIXTEEN_WORDS; at += 16) {
    const word = Lanes.word(v128.load(at), v128.load(at, 1 << 4), v128.load(at, 9 << 4), v128.load(at, 14 << 4));
    v128.store(at, word, 16 << 4);
  }
  for (let at: usize = 0; at < SCHEDULE_BYTES; at += 16) {
    v128.store(padding + at, i32x4.add(v128.load(padding + at), v128.load(constants + at)));
  }
}

/**
 * SHA-256 of four messages of the length that `sha256x4Length` was told, from a chain value that they share.
 *
 * @param chainPtr chain value before the blocks: SHA256_IV, or what a salt made of it; stays as it is
 * @param p0 address of the blocks of message 0; the four may be the same or overlap
 * @param p1 of message 1
 * @param p2 of message 2
 * @param p3 of message 3
 * @param blockCount 64-byte blocks of each message after those in the chain value
 * @param outPtr room for four digests of 32 bytes, written in the order of the messages
 */
export function sha256x4(
  chainPtr: usize,
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  blockCount: u32,
  outPtr: usize,
): void {
  let q0: v128, q1: v128, q2: v128, q3: v128;
  let low01: v128, low23: v128, high01: v128, high23: v128;
  let a = v128.load32_splat(chainPtr, 0);
  let b = v128.load32_splat(chainPtr, 4);
  let c = v128.load32_splat(chainPtr, 8);
  let d = v128.load32_splat(chainPtr, 12);
  let e = v128.load32_splat(chainPtr, 16);
  let f = v128.load32_splat(chainPtr, 20);
  let g = v128.load32_splat(chainPtr, 24);
  let h = v128.load32_splat(chainPtr, 28);
  while (true) {
    let at = padding;
    if (blockCount) {
      q0 = Lanes.swap(v128.load(p0));
      q1 = Lanes.swap(v128.load(p1));
      q2 = Lanes.swap(v128.load(p2));
      q3 = Lanes.swap(v128.load(p3));
      low01 = Lanes.lowPairs(q0, q1);
      low23 = Lanes.lowPairs(q2, q3);
      high01 = Lanes.highPairs(q0, q1);
      high23 = Lanes.highPairs(q2, q3);
      let w0 = Lanes.firstHalves(low01, low23);
      let w1 = Lanes.secondHalves(low01, low23);
      let w2 = Lanes.firstHalves(high01, high23);
      let w3 = Lanes.secondHalves(high01, high23);
      q0 = Lanes.swap(v128.load(p0, 16));
      q1 = Lanes.swap(v128.load(p1, 16));
      q2 = Lanes.swap(v128.load(p2, 16));
      q3 = Lanes.swap(v128.load(p3, 16));
      low01 = Lanes.lowPairs(q0, q1);
      low23 = Lanes.lowPairs(q2, q3);
      high01 = Lanes.highPairs(q0, q1);
      high23 = Lanes.highPairs(q2, q3);
      let w4 = Lanes.firstHalves(low01, low23);
      let w5 = Lanes.secondHalves(low01, low23);
      let w6 = Lanes.firstHalves(high01, high23);
      let w7 = Lanes.secondHalves(high01, high23);
      q0 = Lanes.swap(v128.load(p0, 32));
      q1 = Lanes.swap(v128.load(p1, 32));
      q2 = Lanes.swap(v128.load(p2, 32));
      q3 = Lanes.swap(v128.load(p3, 32));
      low01 = Lanes.lowPairs(q0, q1);
      low23 = Lanes.lowPairs(q2, q3);
      high01 = Lanes.highPairs(q0, q1);
      high23 = Lanes.highPairs(q2, q3);
      let w8 = Lanes.firstHalves(low01, low23);
      let w9 = Lanes.secondHalves(low01, low23);
      let w10 = Lanes.firstHalves(high01, high23);
      let w11 = Lanes.secondHalves(high01, high23);
      q0 = Lanes.swap(v128.load(p0, 48));
      q1 = Lanes.swap(v128.load(p1, 48));
      q2 = Lanes.swap(v128.load(p2, 48));
      q3 = Lanes.swap(v128.load(p3, 48));
      low01 = Lanes.lowPairs(q0, q1);
      low23 = Lanes.lowPairs(q2, q3);
      high01 = Lanes.highPairs(q0, q1);
      high23 = Lanes.highPairs(q2, q3);
      let w12 = Lanes.firstHalves(low01, low23);
      let w13 = Lanes.secondHalves(low01, low23);
      let w14 = Lanes.firstHalves(high01, high23);
      let w15 = Lanes.secondHalves(high01, high23);
      v128.store(schedule, Lanes.add(w0, v128.load(constants)));
      v128.store(schedule, Lanes.add(w1, v128.load(constants, 16)), 16);
      v128.store(schedule, Lanes.add(w2, v128.load(constants, 32)), 32);
      v128.store(schedule, Lanes.add(w3, v128.load(constants, 48)), 48);
      v128.store(schedule, Lanes.add(w4, v128.load(constants, 64)), 64);
      v128.store(schedule, Lanes.add(w5, v128.load(constants, 80)), 80);
      v128.store(schedule, Lanes.add(w6, v128.load(constants, 96)), 96);
      v128.store(schedule, Lanes.add(w7, v128.load(constants, 112)), 112);
      v128.store(schedule, Lanes.add(w8, v128.load(constants, 128)), 128);
      v128.store(schedule, Lanes.add(w9, v128.load(constants, 144)), 144);
      v128.store(schedule, Lanes.add(w10, v128.load(constants, 160)), 160);
      v128.store(schedule, Lanes.add(w11, v128.load(constants, 176)), 176);
      v128.store(schedule, Lanes.add(w12, v128.load(constants, 192)), 192);
      v128.store(schedule, Lanes.add(w13, v128.load(constants, 208)), 208);
      v128.store(schedule, Lanes.add(w14, v128.load(constants, 224)), 224);
      v128.store(schedule, Lanes.add(w15, v128.load(constants, 240)), 240);
      at = schedule + SIXTEEN_WORDS;
      for (let k = constants + SIXTEEN_WORDS; at < schedule + SCHEDULE_BYTES; at += SIXTEEN_WORDS, k += SIXTEEN_WORDS) {
        w0 = Lanes.word(w0, w1, w9, w14);
        v128.store(at, Lanes.add(w0, v128.load(k)));
        w1 = Lanes.word(w1, w2, w10, w15);
        v128.store(at, Lanes.add(w1, v128.load(k, 16)), 16);
        w2 = Lanes.word(w2, w3, w11, w0);
        v128.store(at, Lanes.add(w2, v128.load(k, 32)), 32);
        w3 = Lanes.word(w3, w4, w12, w1);
        v128.store(at, Lanes.add(w3, v128.load(k, 48)), 48);
        w4 = Lanes.word(w4, w5, w13, w2);
        v128.store(at, Lanes.add(w4, v128.load(k, 64)), 64);
        w5 = Lanes.word(w5, w6, w14, w3);
        v128.store(at, Lanes.add(w5, v128.load(k, 80)), 80);
        w6 = Lanes.word(w6, w7, w15, w4);
        v128.store(at, Lanes.add(w6, v128.load(k, 96)), 96);
        w7 = Lanes.word(w7, w8, w0, w5);
        v128.store(at, Lanes.add(w7, v128.load(k, 112)), 112);
        w8 = Lanes.word(w8, w9, w1, w6);
        v128.store(at, Lanes.add(w8, v128.load(k, 128)), 128);
        w9 = Lanes.word(w9, w10, w2, w7);
        v128.store(at, Lanes.add(w9, v128.load(k, 144)), 144);
        w10 = Lanes.word(w10, w11, w3, w8);
        v128.store(at, Lanes.add(w10, v128.load(k, 160)), 160);
        w11 = Lanes.word(w11, w12, w4, w9);
        v128.store(at, Lanes.add(w11, v128.load(k, 176)), 176);
        w12 = Lanes.word(w12, w13, w5, w10);
        v128.store(at, Lanes.add(w12, v128.load(k, 192)), 192);
        w13 = Lanes.word(w13, w14, w6, w11);
        v128.store(at, Lanes.add(w13, v128.load(k, 208)), 208);
        w14 = Lanes.word(w14, w15, w7, w12);
        v128.store(at, Lanes.add(w14, v128.load(k, 224)), 224);
        w15 = Lanes.word(w15, w0, w8, w13);
        v128.store(at, Lanes.add(w15, v128.load(k, 240)), 240);
      }
      at = schedule;
      p0 += SHA256_BLOCK_BYTES;
      p1 += SHA256_BLOCK_BYTES;
      p2 += SHA256_BLOCK_BYTES;
      p3 += SHA256_BLOCK_BYTES;
    }
    const a0 = a;
    const b0 = b;
    const c0 = c;
    const d0 = d;
    const e0 = e;
    const f0 = f;
    const g0 = g;
    const h0 = h;
    let x = v128.xor(b, c);
    let y: v128;
    // After eight rounds every variable has its own name again, so no value is ever moved.
    for (const end = at + SCHEDULE_BYTES; at < end; at += 128) {
      h = Lanes.t1(e, f, g, h, v128.load(at, 0));
      d = Lanes.add(d, h);
      y = v128.xor(a, b);
      h = Lanes.a(h, a, Lanes.maj(b, x, y));
      g = Lanes.t1(d, e, f, g, v128.load(at, 16));
      c = Lanes.add(c, g);
      x = v128.xor(h, a);
      g = Lanes.a(g, h, Lanes.maj(a, y, x));
      f = Lanes.t1(c, d, e, f, v128.load(at, 32));
      b = Lanes.add(b, f);
      y = v128.xor(g, h);
      f = Lanes.a(f, g, Lanes.maj(h, x, y));
      e = Lanes.t1(b, c, d, e, v128.load(at, 48));
      a = Lanes.add(a, e);
      x = v128.xor(f, g);
      e = Lanes.a(e, f, Lanes.maj(g, y, x));
      d = Lanes.t1(a, b, c, d, v128.load(at, 64));
      h = Lanes.add(h, d);
      y = v128.xor(e, f);
      d = Lanes.a(d, e, Lanes.maj(f, x, y));
      c = Lanes.t1(h, a, b, c, v128.load(at, 80));
      g = Lanes.add(g, c);
      x = v128.xor(d, e);
      c = Lanes.a(c, d, Lanes.maj(e, y, x));
      b = Lanes.t1(g, h, a, b, v128.load(at, 96));
      f = Lanes.add(f, b);
      y = v128.xor(c, d);
      b = Lanes.a(b, c, Lanes.maj(d, x, y));
      a = Lanes.t1(f, g, h, a, v128.load(at, 112));
      e = Lanes.add(e, a);
      x = v128.xor(b, c);
      a = Lanes.a(a, b, Lanes.maj(c, y, x));
    }
    a = Lanes.add(a, a0);
    b = Lanes.add(b, b0);
    c = Lanes.add(c, c0);
    d = Lanes.add(d, d0);
    e = Lanes.add(e, e0);
    f = Lanes.add(f, f0);
    g = Lanes.add(g, g0);
    h = Lanes.add(h, h0);
    if (!blockCount) break;
    blockCount--;
  }
  Lanes.digests(outPtr, a, b, c, d);
  Lanes.digests(outPtr + 16, e, f, g, h);
}
