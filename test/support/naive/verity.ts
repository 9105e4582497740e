/**
 * fs-verity, slowly and obviously: spec/fsverity.md chapter 2 word for word, with the hashes of node:crypto.
 */

import { createHash } from "node:crypto";

export interface VerityParameters {
  algorithm: "sha256" | "sha512";
  blockSize: number;
  salt?: Uint8Array;
}

/** FS_VERITY_HASH_ALG_*. */
export const ALGORITHM_ID = { sha256: 1, sha512: 2 } as const;

function hash(algorithm: string, ...parts: Uint8Array[]): Buffer {
  const state = createHash(algorithm);
  for (const part of parts) state.update(part);
  return state.digest();
}

/** The salt, padded with zeros to the input block of the hash; nothing when there is none. */
function saltPrefix({ algorithm, salt }: VerityParameters): Buffer {
  const padded = Buffer.alloc(salt?.length ? (algorithm === "sha256" ? 64 : 128) : 0);
  padded.set(salt?.length ? salt : []);
  return padded;
}

/** One level: the hash of each block, the last one padded with zeros. */
export function blockHashes(data: Uint8Array, parameters: VerityParameters): Buffer {
  const prefix = saltPrefix(parameters);
  const hashes = [];
  for (let at = 0; at < data.length; at += parameters.blockSize) {
    const block = Buffer.alloc(parameters.blockSize);
    block.set(data.subarray(at, at + parameters.blockSize));
    hashes.push(hash(parameters.algorithm, prefix, block));
  }
  return Buffer.concat(hashes);
}

/** File digest, given the hashes of the data blocks and the file size in bytes. */
export function digestOfBlockHashes(level0: Buffer, size: bigint, parameters: VerityParameters): Buffer {
  const digestBytes = parameters.algorithm === "sha256" ? 32 : 64;
  let level = level0;
  while (level.length > digestBytes) level = blockHashes(level, parameters);

  const descriptor = Buffer.alloc(256);
  descriptor[0] = 1;
  descriptor[1] = ALGORITHM_ID[parameters.algorithm];
  descriptor[2] = Math.log2(parameters.blockSize);
  descriptor[3] = parameters.salt?.length ?? 0;
  descriptor.writeBigUInt64LE(size, 8);
  descriptor.set(level, 0x10);
  descriptor.set(parameters.salt ?? [], 0x50);
  return hash(parameters.algorithm, descriptor);
}

/** File digest of a file that fits in memory. */
export function fileDigest(data: Uint8Array, parameters: VerityParameters): Buffer {
  return digestOfBlockHashes(blockHashes(data, parameters), BigInt(data.length), parameters);
}
