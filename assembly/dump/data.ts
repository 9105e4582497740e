/**
 * What an entry holds: payload, content and digest of a line (dumpfile.md 3.2 and 5).
 *
 *   regular   empty, inline (content), or external (payload is the path of the object, digest its fs-verity digest)
 *   symlink   payload is the target
 *   others    a payload is ignored, as both reference parsers do; the rest must be absent
 */

import {
  EXTERNAL_MAX_BYTES,
  FIELD_CONTENT,
  FIELD_DIGEST,
  FIELD_PAYLOAD,
  FIELD_SIZE,
  INLINE_MAX_BYTES,
  LIMIT_LINE_BYTES_DEFAULT,
  PAYLOAD_MAX_BYTES,
  STATUS_DUMP_CONTENT_DIGEST,
  STATUS_DUMP_CONTENT_PAYLOAD,
  STATUS_DUMP_CONTENT_SIZE,
  STATUS_DUMP_CONTENT_TOO_LONG,
  STATUS_DUMP_CONTENT_TYPE,
  STATUS_DUMP_DIGEST,
  STATUS_DUMP_DIGEST_ESCAPE,
  STATUS_DUMP_DIGEST_MIXED,
  STATUS_DUMP_DIGEST_TYPE,
  STATUS_DUMP_NUL_ESCAPE,
  STATUS_DUMP_PAYLOAD_EMPTY,
  STATUS_DUMP_PAYLOAD_TOO_LONG,
  STATUS_DUMP_SIZE_TOO_LARGE,
  STATUS_DUMP_STRICT_SYMLINK_SIZE,
  STATUS_DUMP_SYMLINK_TARGET,
  STATUS_DUMP_SYMLINK_TOO_LONG,
  STATUS_OK,
} from "../abi";
import { keep } from "../mem/arena";
import { decodeHex, HEX_BAD, HEX_OK, objectPathLen } from "../mem/hex";
import { failMemory } from "../mem/record";
import { internDigest, TAG_REDIRECT } from "../tree/digests";
import { FLAG_INLINE, Node, TYPE_REGULAR, TYPE_SYMLINK } from "../tree/node";
import { redirectItem } from "../tree/overlay";
import { digestBytes, setDigestBytes } from "../tree/tree";
import { hasZero } from "./escapes";
import { fieldAt, fieldEnd, fieldEscaped, isAbsent, passField, seek, takeText, text, textLen } from "./fields";
import { beginField, failHere } from "./place";

/** Unescaped payload, target or content; unescaping never makes longer. */
export const fieldText = memory.data(LIMIT_LINE_BYTES_DEFAULT + 64, 16);
const digestValue = memory.data(64, 16);

/** Whether the digest of the line has no capital letters: only then can its text be compared with a path. */
let digestIsLower: bool = false;

/**
 * Reads payload, content and digest into a node; leaves `fieldAt` at the end of the digest.
 *
 * @param sizeAt the size field, which may turn out to be the one at fault
 * @param strict whether a symlink's size must be the length of its target
 * @returns a status
 */
export function takeData(node: Node, sizeAt: usize, strict: bool): i32 {
  const payloadAt = fieldAt;
  const payloadEnd = fieldEnd(payloadAt);
  const payloadEscaped = fieldEscaped;
  let status = passField(FIELD_PAYLOAD, payloadEnd);
  if (status != STATUS_OK) return status;
  const contentAt = fieldAt;
  const contentEnd = fieldEnd(contentAt);
  const contentEscaped = fieldEscaped;
  status = passField(FIELD_CONTENT, contentEnd);
  if (status != STATUS_OK) return status;
  const digestAt = fieldAt;
  const digestEnd = fieldEnd(digestAt);
  const digestEscaped = fieldEscaped;

  const type = <u32>node.type;
  const hasPayload = !isAbsent(payloadAt, payloadEnd);
  const hasContent = !isAbsent(contentAt, contentEnd);
  const hasDigest = !isAbsent(digestAt, digestEnd);

  if (hasContent) {
    beginField(contentAt);
    if (type != TYPE_REGULAR) return failHere(STATUS_DUMP_CONTENT_TYPE, FIELD_CONTENT, 0, 0);
    if (hasPayload) return failHere(STATUS_DUMP_CONTENT_PAYLOAD, FIELD_CONTENT, 0, 0);
    if (hasDigest) return failHere(STATUS_DUMP_CONTENT_DIGEST, FIELD_CONTENT, 0, 0);
    status = takeText(contentAt, contentEnd, contentEscaped, fieldText, FIELD_CONTENT);
    if (status != STATUS_OK) return status;
    if (textLen > <u32>INLINE_MAX_BYTES) {
      return failHere(STATUS_DUMP_CONTENT_TOO_LONG, FIELD_CONTENT, textLen, INLINE_MAX_BYTES);
    }
    if (<u64>textLen != node.size) return failHere(STATUS_DUMP_CONTENT_SIZE, FIELD_CONTENT, textLen, node.size);
    if (textLen) {
      node.set(FLAG_INLINE);
      node.data = keep(text, textLen);
      node.dataLen = textLen;
      if (!node.data) return failMemory();
    }
  }
  if (hasDigest) {
    beginField(digestAt);
    if (type != TYPE_REGULAR) return failHere(STATUS_DUMP_DIGEST_TYPE, FIELD_DIGEST, 0, 0);
    status = takeDigest(node, digestAt, digestEnd, digestEscaped);
    if (status != STATUS_OK) return status;
  }
  beginField(payloadAt);
  if (type == TYPE_REGULAR) {
    if (hasPayload)
      status = takePayload(node, payloadAt, payloadEnd, payloadEscaped, hasDigest && digestIsLower ? digestAt : 0);
    if (status == STATUS_OK && !hasContent && node.size > <u64>EXTERNAL_MAX_BYTES) {
      beginField(sizeAt);
      return failHere(STATUS_DUMP_SIZE_TOO_LARGE, FIELD_SIZE, node.size, EXTERNAL_MAX_BYTES);
    }
  } else if (type == TYPE_SYMLINK) {
    if (!hasPayload) return failHere(STATUS_DUMP_SYMLINK_TARGET, FIELD_PAYLOAD, 0, 0);
    const size = node.size;
    status = takeSymlinkTarget(node, payloadAt, payloadEnd, payloadEscaped);
    if (status == STATUS_OK && strict && size != node.size) {
      beginField(sizeAt);
      return failHere(STATUS_DUMP_STRICT_SYMLINK_SIZE, FIELD_SIZE, size, node.size);
    }
  } else if (hasPayload) {
    // Ignored, but held to the same rules: C refuses it before it looks at the type.
    status = takePayloadText(payloadAt, payloadEnd, payloadEscaped, STATUS_DUMP_PAYLOAD_TOO_LONG);
  }
  seek(digestEnd);
  return status;
}

/** Reads the digest of a regular file. */
function takeDigest(node: Node, at: usize, end: usize, escaped: bool): i32 {
  const digits = <u32>(end - at);
  if (escaped) return failHere(STATUS_DUMP_DIGEST_ESCAPE, FIELD_DIGEST, 0, 0);
  if (digits != 64 && digits != 128) return failHere(STATUS_DUMP_DIGEST, FIELD_DIGEST, digits, 64);
  const outcome = decodeHex(at, digits, digestValue);
  if (outcome == HEX_BAD) return failHere(STATUS_DUMP_DIGEST, FIELD_DIGEST, digits, 64);
  digestIsLower = outcome == HEX_OK;
  const len = digits >> 1;
  if (!digestBytes) setDigestBytes(len);
  else if (digestBytes != len) return failHere(STATUS_DUMP_DIGEST_MIXED, FIELD_DIGEST, len, digestBytes);
  node.data = internDigest(digestValue, len);
  return node.data ? STATUS_OK : failMemory();
}

/** Unescapes a payload and holds it to what all payloads must be. @returns a status, `tooLong` for its length */
function takePayloadText(at: usize, end: usize, escaped: bool, tooLong: i32): i32 {
  const status = takeText(at, end, escaped, fieldText, FIELD_PAYLOAD);
  if (status != STATUS_OK) return status;
  if (textLen > <u32>PAYLOAD_MAX_BYTES) return failHere(tooLong, FIELD_PAYLOAD, textLen, PAYLOAD_MAX_BYTES);
  // What was not escaped holds no zero byte: the line would have been refused.
  if (escaped && hasZero(text, textLen)) return failHere(STATUS_DUMP_NUL_ESCAPE, FIELD_PAYLOAD, 0, 0);
  return STATUS_OK;
}

/** Whether a payload is the object path of the lower-case digest whose `len - 1` digits are at `digest`. */
function isPathOf(payload: usize, len: u32, digest: usize): bool {
  const digits = len - 1;
  if (load<u16>(payload) != load<u16>(digest) || <u32>load<u8>(payload + 2) != 0x2f) return false;
  // 62 or 126 digits: whole words, then a last word that overlaps them
  for (let at: u32 = 2; at + 8 <= digits; at += 8) {
    if (load<u64>(payload + at + 1) != load<u64>(digest + at)) return false;
  }
  return load<u64>(payload + len - 8) == load<u64>(digest + digits - 8);
}

/**
 * Reads the payload of a regular file: the path of its object.
 *
 * @param digestAt the line's digest when it is in lower case, else 0
 */
function takePayload(node: Node, at: usize, end: usize, escaped: bool, digestAt: usize): i32 {
  if (at == end) return failHere(STATUS_DUMP_PAYLOAD_EMPTY, FIELD_PAYLOAD, 0, 0);
  const status = takePayloadText(at, end, escaped, STATUS_DUMP_PAYLOAD_TOO_LONG);
  if (status != STATUS_OK) return status;
  // As a rule it is the path of the very digest of the line, which has its record already.
  const isOwn = digestAt != 0 && textLen == objectPathLen(digestBytes) && isPathOf(text, textLen, digestAt);
  node.extra = <u32>(isOwn ? node.data | TAG_REDIRECT : redirectItem(text, textLen));
  return node.extra ? STATUS_OK : failMemory();
}

/** Reads the target of a symlink, whose length becomes its size. */
function takeSymlinkTarget(node: Node, at: usize, end: usize, escaped: bool): i32 {
  const status = takePayloadText(at, end, escaped, STATUS_DUMP_SYMLINK_TOO_LONG);
  if (status != STATUS_OK) return status;
  if (!textLen) return failHere(STATUS_DUMP_SYMLINK_TARGET, FIELD_PAYLOAD, 0, 0);
  node.size = textLen;
  node.data = keep(text, textLen);
  node.dataLen = textLen;
  return node.data ? STATUS_OK : failMemory();
}
