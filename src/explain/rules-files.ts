/**
 * Rules on the contents of regular files.
 *
 * Sources: C mkcomposefs and composefs-rs, whose images of one tree can differ; the importers of composefs-rs.
 */

import type { Rule, Subject } from "./lint-rule.ts";

/** INLINE_CONTENT_MAX_V0 of composefs-rs, LCFS_BUILD_INLINE_FILE_SIZE_LIMIT of C: what importers put into the image. */
const INLINE_BYTES_OF_IMPORTERS = 64;
/** What composefs-rs takes, and format v2 holds. */
const INLINE_BYTES = 512;
/** The largest chunk: 2^(12 + 31) bytes. */
const CHUNK_BYTES = 2n ** 43n;

const SLASH = 0x2f;
const HEX_DIGITS = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

function isExternal({ entry, content }: Subject): boolean {
  return content === undefined && entry.type === "file" && entry.size > 0n;
}

/**
 * Whether the payload is the path of an object in a store: the first two digits of its digest, a slash, the rest.
 * Every file is asked, so that no text is made: it took half the time of the lint.
 */
function isObjectPath(payload: Uint8Array, digest: Uint8Array): boolean {
  if (payload.length !== 2 * digest.length + 1 || payload[2] !== SLASH) return false;
  for (let i = 0; i < digest.length; i++) {
    const at = i === 0 ? 0 : 2 * i + 1;
    const byte = digest[i]!;
    if (payload[at] !== HEX_DIGITS[byte >> 4] || payload[at + 1] !== HEX_DIGITS[byte & 0xf]) return false;
  }
  return true;
}

function inlineBytes({ content }: Subject): number {
  return content?.length ?? 0;
}

function sizeText({ entry }: Subject): string {
  return `${entry.size} bytes`;
}

export const FILE_RULES: readonly Rule[] = [
  {
    id: "no-digest",
    level: "error",
    title: "file outside the image without digest",
    reason: "Nothing ties its content to the image, and a mount that requires fs-verity refuses to read it.",
    advice:
      "Write the fs-verity digests of the files into the digest field. composefs-info dump prints none for images with " +
      "SHA-512 digests: read such an image itself.",
    inode: (subject) => isExternal(subject) && subject.digest === undefined,
  },
  {
    id: "no-payload",
    level: "error",
    title: "file with a digest and without object path",
    reason: "composefs-rs refuses it, and overlayfs finds no content: the image does not name the object.",
    advice: "Write the object path, the first two digits of the digest, a slash and the rest, in the payload field.",
    inode: (subject) => isExternal(subject) && subject.digest !== undefined && subject.payload === undefined,
  },
  {
    id: "foreign-payload",
    level: "error",
    title: "payload that is not the object path of the digest",
    reason: "C mkcomposefs stores the payload, composefs-rs and format v2 the object path: images differ.",
    advice:
      "Write the first two digits of the digest, a slash and the rest, and have the object there. If the store has " +
      "other names for a reason, only C mkcomposefs and this package make its images, in formats v0 and v1.",
    inode: (subject) => {
      const { payload, digest } = subject;
      return isExternal(subject) && payload !== undefined && digest !== undefined && !isObjectPath(payload, digest);
    },
  },
  {
    id: "empty-object",
    level: "error",
    title: "empty file with payload or digest",
    reason: "C mkcomposefs ignores both; composefs-rs stores the one and refuses the other: images differ.",
    advice: "Write - for payload and digest of a file of size 0.",
    inode: ({ entry, payload, digest }) =>
      entry.type === "file" && (payload ?? digest) !== undefined && entry.size === 0n,
  },
  {
    id: "inline-over-512",
    level: "error",
    title: "inline content over 512 bytes",
    reason: "composefs-rs and format v2 refuse it; C mkcomposefs takes up to 5,000 bytes.",
    advice: "Store the content as an object and write its digest and object path.",
    inode: (subject) => inlineBytes(subject) > INLINE_BYTES && sizeText(subject),
  },
  {
    id: "inline-over-64",
    level: "warning",
    title: "inline content over 64 bytes",
    reason: "Tools that read layers or directories store it as an object and come to another digest.",
    advice: "Store the content as an object and write its digest and object path.",
    inode: (subject) => {
      const bytes = inlineBytes(subject);
      return bytes > INLINE_BYTES_OF_IMPORTERS && bytes <= INLINE_BYTES && sizeText(subject);
    },
  },
  {
    id: "small-object",
    level: "warning",
    title: "file of at most 64 bytes outside the image",
    reason: "Tools that read layers or directories put it into the image and come to another digest.",
    advice: "Write the content into the content field, and - for payload and digest.",
    inode: (subject) =>
      isExternal(subject) && subject.entry.size <= BigInt(INLINE_BYTES_OF_IMPORTERS) && sizeText(subject),
  },
  {
    id: "huge-file",
    level: "warning",
    title: "file over 8 TiB",
    reason: "It is larger than one chunk of an image, and such a size is more often a mistake than true.",
    advice: "Check the size field. Images hold sizes up to 2^53 bytes; many file systems end at 16 TiB.",
    inode: (subject) => isExternal(subject) && subject.entry.size > CHUNK_BYTES && sizeText(subject),
  },
];
