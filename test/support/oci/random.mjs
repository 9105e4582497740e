/**
 * The random numbers of the image families: xoshiro256++ (Blackman, Vigna: "Scrambled linear pseudorandom number
 * generators", 2018), seeded by splitmix64.
 *
 * The order of the calls is part of an image: its diff_ids are pinned. Not for secrets.
 */
import { SplitMix64 } from "../splitmix64.mjs";

/** Everything but the numbers themselves is that of SplitMix64: `high`, `low`, `below`, `pick`. */
export class Xoshiro256 extends SplitMix64 {
  /** s0 to s3, low half before high half. */
  #state = new Uint32Array(8);

  constructor(seed) {
    super(seed);
    for (let i = 0; i < 8; i += 2) {
      super.next();
      this.#state[i] = this.low;
      this.#state[i + 1] = this.high;
    }
  }

  /** Makes the next number and leaves it in `high` and `low`. */
  next() {
    const s = this.#state;
    // rotl(s0 + s3, 23) + s0
    const sumLow = s[0] + s[6];
    const low = sumLow >>> 0;
    const high = (s[1] + s[7] + (sumLow > 0xffffffff ? 1 : 0)) >>> 0;
    const resultLow = (((low << 23) | (high >>> 9)) >>> 0) + s[0];
    this.low = resultLow >>> 0;
    this.high = (((high << 23) | (low >>> 9)) + s[1] + (resultLow > 0xffffffff ? 1 : 0)) >>> 0;
    const shiftedLow = s[2] << 17;
    const shiftedHigh = (s[3] << 17) | (s[2] >>> 15);
    for (const half of [0, 1]) {
      s[4 + half] ^= s[half];
      s[6 + half] ^= s[2 + half];
      s[2 + half] ^= s[4 + half];
      s[half] ^= s[6 + half];
    }
    s[4] ^= shiftedLow;
    s[5] ^= shiftedHigh;
    // rotl(s3, 45): the halves change places and 13 bits go over.
    [s[6], s[7]] = [(s[7] << 13) | (s[6] >>> 19), (s[6] << 13) | (s[7] >>> 19)];
  }

  /** A number from `a` to `b`, both included. */
  between(a, b) {
    return a + this.below(b - a + 1);
  }

  /** True in one of `n` cases. */
  oneIn(n) {
    return this.below(n) === 0;
  }

  /** `length` random bytes; every number little-endian. */
  data(length) {
    const out = Buffer.alloc(Math.ceil(length / 8) * 8);
    for (let at = 0; at < length; at += 8) {
      this.next();
      out.writeUInt32LE(this.low, at);
      out.writeUInt32LE(this.high, at + 4);
    }
    return out.subarray(0, length);
  }
}

export const WORDS = (
  "alpha bravo coral delta ember fjord grove hazel iris jade kelp lumen maple nectar " +
  "onyx petal quartz river sage thorn umber velvet willow xenon yarrow zephyr"
).split(" ");

/** Names that are all different. */
export class Names {
  #random;
  #used = new Set();

  constructor(random) {
    this.#random = random;
  }

  make(suffix = "") {
    for (;;) {
      const name = this.#random.pick(WORDS) + this.#random.below(1000) + suffix;
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      return name;
    }
  }

  /** `count` names. */
  take(count, suffix = "") {
    return Array.from({ length: count }, () => this.make(suffix));
  }
}
