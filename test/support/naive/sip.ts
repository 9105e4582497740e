/**
 * SipHash-c-d with big integers, after sections 2.1 to 2.4 of its paper. With c = 2 and d = 4 it gives the vectors of
 * the paper, which shows that the same code with c = 1 and d = 3 is right too.
 */

const MASK = (1n << 64n) - 1n;
const rotl = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & MASK;

/**
 * @param c compression rounds
 * @param d finalisation rounds
 * @param k0 first half of the key, little-endian
 * @param k1 second half
 */
export function sipHashNaive(c: number, d: number, k0: bigint, k1: bigint, message: Uint8Array): bigint {
  const v = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    let [v0, v1, v2, v3] = v as [bigint, bigint, bigint, bigint];
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & MASK;
      v1 = rotl(v1, 13n) ^ v0;
      v0 = rotl(v0, 32n);
      v2 = (v2 + v3) & MASK;
      v3 = rotl(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK;
      v3 = rotl(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK;
      v1 = rotl(v1, 17n) ^ v2;
      v2 = rotl(v2, 32n);
    }
    v.splice(0, 4, v0, v1, v2, v3);
  };
  const padded = Buffer.alloc((Math.floor(message.length / 8) + 1) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v[3]! ^= word;
    rounds(c);
    v[0]! ^= word;
  }
  v[2]! ^= 0xffn;
  rounds(d);
  return v[0]! ^ v[1]! ^ v[2]! ^ v[3]!;
}
