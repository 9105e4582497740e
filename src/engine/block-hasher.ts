/**
 * What a host must offer to hash in the engine's place.
 */

/**
 * Hashes the blocks of `data` and writes the digests, one after the other, to `out`.
 * `out` may begin where `data` begins: a digest is written after its block was read, and digests are shorter.
 *
 * @param hash name of the hash
 * @param blockBytes block size; the last block may be shorter and is padded with zeros
 * @param saltPrefix hashed before every block; empty without a salt
 * @returns the number of digests
 */
export type BlockHasher = (
  hash: "sha256" | "sha512",
  blockBytes: number,
  saltPrefix: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
  out: Uint8Array<ArrayBuffer>,
) => number;
