/**
 * A header block of 512 bytes (oci-to-tree.md 2.2).
 */

import {
  STATUS_OK,
  STATUS_TAR_CHECKSUM,
  STATUS_TAR_NUMBER,
  STATUS_TAR_NUMBER_NEGATIVE,
  STATUS_TAR_NUMBER_RANGE,
} from "../abi";
import { NUMBER_LARGE, NUMBER_NEGATIVE, NUMBER_OK, readField, readOctalText, value } from "./numbers";
import { failTar } from "./place";

export const BLOCK_BYTES: u32 = 512;

// Fields: offset and length.
const NAME: usize = 0;
const NAME_LEN: u32 = 100;
const MODE: usize = 100;
const UID: usize = 108;
const GID: usize = 116;
const ID_LEN: u32 = 8;
const SIZE: usize = 124;
const MTIME: usize = 136;
const LONG_LEN: u32 = 12;
const CHECKSUM: usize = 148;
const TYPE: usize = 156;
const LINK: usize = 157;
const LINK_LEN: u32 = 100;
const MAGIC: usize = 257;
const MAJOR: usize = 329;
const MINOR: usize = 337;
const PREFIX: usize = 345;
const PREFIX_LEN: u32 = 155;

/** `ustar`, a zero byte, `00`; and `ustar`, two spaces, a zero byte; as little-endian words. */
const MAGIC_USTAR: u64 = 0x3030007261747375;
const MAGIC_GNU: u64 = 0x0020207261747375;

export const FORMAT_OLD: u32 = 0;
export const FORMAT_USTAR: u32 = 1;
export const FORMAT_GNU: u32 = 2;

export let format: u32 = 0;
export let typeByte: u32 = 0;
export let mode: u32 = 0;
export let uid: u32 = 0;
export let gid: u32 = 0;
export let size: u64 = 0;
export let seconds: u64 = 0;
export let major: u64 = 0;
export let minor: u64 = 0;
/** Name and prefix joined, and the link name. */
export const nameText = memory.data(<i32>NAME_LEN + <i32>PREFIX_LEN + 1 + 8, 8);
export let nameLen: u32 = 0;
export let linkText: usize = 0;
export let linkLen: u32 = 0;

/** Bytes of a string field, which ends at its first zero byte. */
function stringLen(at: usize, most: u32): u32 {
  let len: u32 = 0;
  while (len < most && load<u8>(at + len)) len++;
  return len;
}

/** Whether a block is all zero. */
export function isZeroBlock(at: usize): bool {
  for (let i: u32 = 0; i < BLOCK_BYTES; i += 16) {
    if (v128.any_true(v128.load(at + i))) return false;
  }
  return true;
}

/** Whether the checksum field holds the sum of the block, of its bytes as unsigned or as signed numbers. */
function isSumRight(at: usize, wanted: u64): bool {
  let sum: i32 = 8 * 0x20;
  let high: i32 = 0;
  for (let i: usize = 0; i < BLOCK_BYTES; i++) {
    if (i - CHECKSUM < 8) continue;
    const byte = <i32>load<u8>(at + i);
    sum += byte;
    high += byte >> 7;
  }
  return wanted == <u64>sum || wanted == <u64>(<i64>(sum - high * 256));
}

function failNumber(outcome: u32, at: usize): i32 {
  const status =
    outcome == NUMBER_NEGATIVE
      ? STATUS_TAR_NUMBER_NEGATIVE
      : outcome == NUMBER_LARGE
        ? STATUS_TAR_NUMBER_RANGE
        : STATUS_TAR_NUMBER;
  // The offset of the field in the header tells which it is.
  return failTar(status, at, 0);
}

function readFormat(at: usize): u32 {
  const magic = load<u64>(at + MAGIC);
  return magic == MAGIC_USTAR ? FORMAT_USTAR : magic == MAGIC_GNU ? FORMAT_GNU : FORMAT_OLD;
}

/** Whether the header is an extension: `L`, `K`, `x`, `g`. */
export function isExtension(): bool {
  return typeByte == 0x4c || typeByte == 0x4b || typeByte == 0x78 || typeByte == 0x67;
}

function readSize(at: usize): i32 {
  const outcome = readField(at + SIZE, LONG_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, SIZE);
  size = value;
  return STATUS_OK;
}

/** Reads the numbers. @returns a status */
function readNumbers(at: usize): i32 {
  let outcome = readField(at + MODE, ID_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, MODE);
  mode = <u32>value & 0o7777;
  outcome = readField(at + UID, ID_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, UID);
  uid = <u32>value;
  outcome = readField(at + GID, ID_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, GID);
  gid = <u32>value;
  const status = readSize(at);
  if (status != STATUS_OK) return status;
  outcome = readField(at + MTIME, LONG_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, MTIME);
  seconds = value;
  major = 0;
  minor = 0;
  if (format == FORMAT_OLD) return STATUS_OK;
  outcome = readOctalText(at + MAJOR, ID_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, MAJOR);
  major = value;
  outcome = readOctalText(at + MINOR, ID_LEN);
  if (outcome != NUMBER_OK) return failNumber(outcome, MINOR);
  minor = value;
  return STATUS_OK;
}

/** Joins prefix and name. */
function readName(at: usize): void {
  nameLen = 0;
  const prefixLen = format == FORMAT_USTAR ? stringLen(at + PREFIX, PREFIX_LEN) : 0;
  if (prefixLen) {
    memory.copy(nameText, at + PREFIX, prefixLen);
    store<u8>(nameText + prefixLen, 0x2f);
    nameLen = prefixLen + 1;
  }
  const len = stringLen(at + NAME, NAME_LEN);
  memory.copy(nameText + nameLen, at + NAME, len);
  nameLen += len;
}

/**
 * Reads a header.
 *
 * @param at the block, which must stay as long as `linkText` is used
 * @returns a status
 */
export function readHeader(at: usize): i32 {
  const outcome = readOctalText(at + CHECKSUM, 8);
  if (outcome != NUMBER_OK || !isSumRight(at, value)) return failTar(STATUS_TAR_CHECKSUM, value, 0);
  format = readFormat(at);
  typeByte = load<u8>(at + TYPE);
  // Of an extension only the size counts: the reference looks at nothing else (oci-to-tree.md 2.3).
  if (isExtension()) return readSize(at);
  readName(at);
  linkText = at + LINK;
  linkLen = stringLen(linkText, LINK_LEN);
  return readNumbers(at);
}
