/** Compressed layers: every way that the media types allow. */
import { gzipSync } from "node:zlib";

const LAYER = "application/vnd.oci.image.layer.v1.tar";

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;
/** Most bytes of a zstd block. */
const ZSTD_BLOCK_BYTES = 131072;

function littleEndian(...numbers) {
  const out = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => {
    out.writeUInt32LE(number, 4 * i);
  });
  return out;
}

/** One zstd frame (RFC 8878) of raw blocks: content size in four bytes, single segment, no checksum. */
function zstdFrame(bytes) {
  const pieces = [littleEndian(ZSTD_MAGIC), Buffer.from([0xa0]), littleEndian(bytes.length)];
  for (let at = 0; at === 0 || at < bytes.length; at += ZSTD_BLOCK_BYTES) {
    const block = bytes.subarray(at, at + ZSTD_BLOCK_BYTES);
    const isLast = at + block.length === bytes.length;
    pieces.push(littleEndian((isLast ? 1 : 0) | (block.length << 3)).subarray(0, 3), block);
  }
  return Buffer.concat(pieces);
}

/** One gzip member. Its header names no operating system, since the bytes should be the same on all of them. */
function gzipMember(bytes) {
  const member = gzipSync(bytes);
  member[9] = 255;
  return member;
}

function halves(bytes, cut) {
  return [bytes.subarray(0, cut), bytes.subarray(cut)];
}

const COMPRESSIONS = {
  none: (bytes) => [bytes, LAYER],
  gzip: (bytes) => [gzipMember(bytes), `${LAYER}+gzip`],
  "gzip-multi": (bytes) => {
    const members = halves(bytes, Math.floor(bytes.length / 2)).map(gzipMember);
    return [Buffer.concat(members), `${LAYER}+gzip`];
  },
  "zstd-raw": (bytes) => [zstdFrame(bytes), `${LAYER}+zstd`],
  "zstd-frames": (bytes) => {
    const skippable = Buffer.concat([littleEndian(ZSTD_SKIPPABLE_MAGIC, 5), Buffer.from("skip!")]);
    const frames = halves(bytes, Math.floor(bytes.length / 3)).map(zstdFrame);
    return [Buffer.concat(frames.flatMap((frame) => [frame, skippable])), `${LAYER}+zstd`];
  },
};

/** Names of the compressions; `mixed` takes one after the other. */
export const COMPRESSION_NAMES = [...Object.keys(COMPRESSIONS), "mixed"];

const MIXED = ["none", "gzip", "zstd-raw", "gzip-multi", "zstd-frames"];

/**
 * Compresses a layer. The bytes may differ between versions of zlib.
 *
 * @param {Uint8Array} bytes
 * @param {string} how one of COMPRESSION_NAMES
 * @param {number} index of the layer, for `mixed`
 * @returns {{ blob: Buffer, mediaType: string }}
 */
export function compressLayer(bytes, how, index) {
  const [blob, mediaType] = COMPRESSIONS[how === "mixed" ? MIXED[index % MIXED.length] : how](bytes);
  return { blob, mediaType };
}
