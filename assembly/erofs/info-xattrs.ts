/**
 * The xattrs of an inode as C reads them: lcfs_build_node_erofs_xattr in lcfs-writer-erofs.c, the column "C" of
 * erofs-reader.md 2.2.
 *
 * C reads local entries, then referenced ones, and takes each by itself: what an entry means may depend on those before
 * it, since the whiteout marker makes a character device of the regular file that it stands on. So there are two walks
 * over the same entries, one for what they say of the inode, one that prints the rest.
 *
 * No key occurs twice: the reader saw to that.
 */

import { startsWith, isText, writeText } from "../mem/text";
import { TYPE_REGULAR } from "../tree/node";
import { prefixOf, XATTR_ENTRY_BYTES, XATTR_HEADER_BYTES } from "./format";
import { ESCAPE_EQUALS, writeByte, writeEscaped } from "../mem/lines";
import { addressOf, xattrBase } from "./input";
import * as inode from "./read-inode";

const SPACE: u8 = 0x20;
const EQUALS: u8 = 0x3d;

/** Header of struct ovl_metacopy (fs/overlayfs/overlayfs.h), then the digest. */
const METACOPY_HEADER_BYTES: u32 = 4;
/** `trusted.overlay.` and `overlay.`, which the writer inserted behind it. */
const OVERLAY_PREFIX_LEN: u32 = 16;
const INSERTED_LEN: u32 = 8;

/** What the entries say of the inode. Redirect without its leading slash; 0 = none. */
export let payload: usize = 0;
export let payloadLen: u32 = 0;
/** Digest of the content; 0 = none. */
export let digest: usize = 0;
export let digestLen: u32 = 0;
/** Whether it is an escaped whiteout. */
export let isWhiteout: bool = false;

/** Still a regular file, as far as the entries were read. */
let isFile: bool = false;
/** Where `printEntry` writes. */
let out: usize = 0;

/** Full key of the entry at hand: prefix and suffix. */
const key = memory.data(24 + 256 + 16, 8);
let keyLen: u32 = 0;

/** What C does with an entry. */
const DROP: u32 = 0;
const KEEP: u32 = 1;
const UNESCAPE: u32 = 2;
const REDIRECT: u32 = 3;
const METACOPY: u32 = 4;
const WHITEOUT: u32 = 5;

function suffixLen(entry: usize): u32 {
  return load<u8>(entry);
}

function value(entry: usize): usize {
  return entry + XATTR_ENTRY_BYTES + suffixLen(entry);
}

function valueLen(entry: usize): u32 {
  return load<u16>(entry, 2);
}

/** Spells the key of an entry. @returns what C does with it */
function classify(entry: usize): u32 {
  const prefixLen = writeText(key, prefixOf(load<u8>(entry, 1)));
  memory.copy(key + prefixLen, entry + XATTR_ENTRY_BYTES, suffixLen(entry));
  keyLen = prefixLen + suffixLen(entry);
  if (startsWith(key, keyLen, "trusted.overlay.")) {
    const rest = key + OVERLAY_PREFIX_LEN;
    const restLen = keyLen - OVERLAY_PREFIX_LEN;
    if (isText(rest, restLen, "redirect")) return REDIRECT;
    if (isText(rest, restLen, "metacopy")) return METACOPY;
    if (isText(rest, restLen, "overlay.whiteouts")) return DROP;
    if (isText(rest, restLen, "overlay.whiteout") && isFile) return WHITEOUT;
    return startsWith(rest, restLen, "overlay.") ? UNESCAPE : DROP;
  }
  const isMarker = isText(key, keyLen, "user.overlay.whiteout") || isText(key, keyLen, "user.overlay.whiteouts");
  return isMarker ? DROP : KEEP;
}

/** Visits local entries, then referenced ones. */
function eachEntry(visit: (entry: usize) => void): void {
  isFile = inode.type == TYPE_REGULAR;
  if (!inode.xattrBytes) return;
  const header = addressOf(inode.xattrAt());
  const end = header + inode.xattrBytes;
  const references = header + XATTR_HEADER_BYTES;
  const count = <u32>load<u8>(header, 4);
  for (let entry = references + (count << 2); entry < end; ) {
    visit(entry);
    entry += (XATTR_ENTRY_BYTES + suffixLen(entry) + valueLen(entry) + 3) & ~3;
  }
  for (let i: u32 = 0; i < count; i++) {
    visit(addressOf(xattrBase + ((<u64>load<u32>(references + (i << 2))) << 2)));
  }
}

function readEntry(entry: usize): void {
  const action = classify(entry);
  if (action == WHITEOUT) {
    isWhiteout = true;
    isFile = false;
  } else if (action == REDIRECT && isFile) {
    const skip = valueLen(entry) > 1 && load<u8>(value(entry)) == 0x2f ? 1 : 0;
    payload = value(entry) + skip;
    payloadLen = valueLen(entry) - skip;
  } else if (action == METACOPY && isFile) {
    digestLen = valueLen(entry) - METACOPY_HEADER_BYTES;
    digest = digestLen == 32 || digestLen == 64 ? value(entry) + METACOPY_HEADER_BYTES : 0;
  }
}

function printEntry(entry: usize): void {
  const action = classify(entry);
  if (action == WHITEOUT) isFile = false;
  if (action != KEEP && action != UNESCAPE) return;
  let rest = key;
  let restLen = keyLen;
  out = writeByte(SPACE, out);
  if (action == UNESCAPE) {
    out = writeEscaped(key, OVERLAY_PREFIX_LEN, out, ESCAPE_EQUALS);
    rest += OVERLAY_PREFIX_LEN + INSERTED_LEN;
    restLen -= OVERLAY_PREFIX_LEN + INSERTED_LEN;
  }
  out = writeEscaped(rest, restLen, out, ESCAPE_EQUALS);
  out = writeByte(EQUALS, out);
  out = writeEscaped(value(entry), valueLen(entry), out, ESCAPE_EQUALS);
}

/** Finds out what the xattrs of the inode that `readInode` read say of it. */
export function readOverlay(): void {
  payload = 0;
  digest = 0;
  isWhiteout = false;
  eachEntry(readEntry);
}

/** Writes the xattrs that C shows, each with a space before it. @returns the address after them */
export function printXattrs(to: usize): usize {
  out = to;
  eachEntry(printEntry);
  return out;
}
