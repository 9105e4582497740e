/**
 * splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014) in 32-bit halves: BigInt
 * would make it the slowest part of every generator that uses it.
 *
 * The same seed gives the same numbers on every machine, which is what makes a generated dumpfile reproducible by its
 * arguments. Not for secrets.
 */

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a, b) {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const cross = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

const HEX = Array.from({ length: 65536 }, (_, i) => i.toString(16).padStart(4, "0"));

export class SplitMix64 {
  /** High and low half of the number that `next` made last. */
  high = 0;
  low = 0;

  /** @param {bigint | number} seed any integer; taken modulo 2^64 */
  constructor(seed) {
    const state = BigInt.asUintN(64, BigInt(seed));
    this.stateHigh = Number(state >> 32n);
    this.stateLow = Number(state & 0xffffffffn);
  }

  /** Makes the next number and leaves it in `high` and `low`. */
  next() {
    const sum = this.stateLow + 0x7f4a7c15;
    this.stateLow = sum >>> 0;
    this.stateHigh = (this.stateHigh + 0x9e3779b9 + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    let high = this.stateHigh;
    let low = this.stateLow;
    // z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
    low = (low ^ ((low >>> 30) | (high << 2))) >>> 0;
    high = (high ^ (high >>> 30)) >>> 0;
    high = (multiplyHigh(low, 0x1ce4e5b9) + Math.imul(high, 0x1ce4e5b9) + Math.imul(low, 0xbf58476d)) >>> 0;
    low = Math.imul(low, 0x1ce4e5b9) >>> 0;
    // z = (z ^ (z >> 27)) * 0x94d049bb133111eb
    low = (low ^ ((low >>> 27) | (high << 5))) >>> 0;
    high = (high ^ (high >>> 27)) >>> 0;
    high = (multiplyHigh(low, 0x133111eb) + Math.imul(high, 0x133111eb) + Math.imul(low, 0x94d049bb)) >>> 0;
    low = Math.imul(low, 0x133111eb) >>> 0;
    // z ^ (z >> 31)
    this.low = (low ^ ((low >>> 31) | (high << 1))) >>> 0;
    this.high = (high ^ (high >>> 31)) >>> 0;
  }

  /** The next number modulo `n`, 1 to 2^37; or a larger power of two up to 2^53. */
  below(n) {
    this.next();
    if (n <= 2097152) return ((this.high % n) * 4294967296 + this.low) % n;
    if (n <= 137438953472) {
      const upper = ((this.high % n) * 65536 + (this.low >>> 16)) % n;
      return (upper * 65536 + (this.low & 0xffff)) % n;
    }
    return (this.high % (n / 4294967296)) * 4294967296 + this.low;
  }

  /** One element of `list`. */
  pick(list) {
    return list[this.below(list.length)];
  }

  /** True in `percent` of 100 cases. */
  chance(percent) {
    return this.below(100) < percent;
  }

  /** `bytes` random bytes as lower-case hex digits. */
  hex(bytes) {
    let out = "";
    while (out.length < bytes * 2) {
      this.next();
      out += HEX[this.high >>> 16] + HEX[this.high & 0xffff] + HEX[this.low >>> 16] + HEX[this.low & 0xffff];
    }
    return out.length === bytes * 2 ? out : out.slice(0, bytes * 2);
  }

  /** `bytes` random bytes as a byte string: one character U+0000 to U+00FF for each byte. */
  bytes(bytes) {
    return Buffer.from(this.hex(bytes), "hex").toString("latin1");
  }
}
