/**
 * Digests of objects, each kept once.
 *
 * An external file carries two xattrs that follow from digests: metacopy holds the digest of its content, redirect the
 * path of its object, which as a rule is the digest again in hexadecimal (fsverity.md 3). Keeping one record for a
 * digest instead of two values in text is what makes a million files fit. In xattr lists the two stand as the record's
 * address with a tag in its low bits; addresses are multiples of 8.
 */

import { allocate } from "../mem/arena";
import { copyAndPad, equal } from "../mem/bytes";
import { addressAt, clear, first, hashAt, next, put, ready, Table, TABLE_BYTES } from "../mem/table";
import { sipHash } from "../hash/siphash";

@unmanaged
export class Digest {
  /** 32 or 64 bytes. */
  len: u32;
  /** Nodes of the image whose metacopy holds it, and whose redirect leads to it; the writer counts. */
  metacopyCount: u32;
  redirectCount: u32;
  /** Offsets of the two in the shared area; the writer's. */
  metacopyShared: u32;
  redirectShared: u32;

  get bytes(): usize {
    return changetype<usize>(this) + DIGEST_BYTES;
  }
}
const DIGEST_BYTES: usize = 24;

export const TAG_MASK: usize = 7;
export const TAG_PAIR: usize = 0;
export const TAG_METACOPY: usize = 1;
export const TAG_REDIRECT: usize = 2;

export function itemTag(item: usize): usize {
  return item & TAG_MASK;
}

/** The record of a tagged item. */
export function itemDigest(item: usize): Digest {
  return changetype<Digest>(item & ~TAG_MASK);
}

const digests = changetype<Table>(memory.data(TABLE_BYTES, 8));

/** Forgets all digests. */
export function reset(): void {
  clear(digests);
}

/** All digests: the table's slots, some of them free. */
export function allDigests(): Table {
  return digests;
}

/**
 * The record of a digest.
 *
 * @param len 32 or 64
 * @returns its address, 0 when memory is refused
 */
export function internDigest(bytes: usize, len: u32): usize {
  if (!ready(digests)) return 0;
  const hash = <u32>sipHash(bytes, len, 1);
  let slot = first(digests, hash);
  for (; addressAt(slot); slot = next(digests, slot)) {
    if (hashAt(slot) != hash) continue;
    const digest = changetype<Digest>(addressAt(slot));
    if (digest.len == len && equal(digest.bytes, bytes, len)) return addressAt(slot);
  }
  const at = allocate(<u64>DIGEST_BYTES + len);
  if (!at) return 0;
  const digest = changetype<Digest>(at);
  digest.len = len;
  copyAndPad(digest.bytes, bytes, len);
  return put(digests, slot, hash, at) ? at : 0;
}
