/**
 * The xattrs of a line: `key=value` tokens behind the digest (dumpfile.md 3.4, limits in 4).
 */

import {
  FIELD_XATTR,
  STATUS_DUMP_NUL_ESCAPE,
  STATUS_DUMP_STRICT_XATTR_TWICE,
  STATUS_DUMP_XATTR_BUDGET,
  STATUS_DUMP_XATTR_EMPTY_TOKEN,
  STATUS_DUMP_XATTR_EQUALS,
  STATUS_DUMP_XATTR_KEY_EMPTY,
  STATUS_DUMP_XATTR_KEY_TOO_LONG,
  STATUS_DUMP_XATTR_TEXT_TOO_LONG,
  STATUS_OK,
  XATTR_BUDGET_BYTES,
  XATTR_KEY_MAX_BYTES,
  XATTR_TEXT_MAX_BYTES,
} from "../abi";
import { failMemory } from "../mem/record";
import { internKey, internPair, keepPairs, Key, keyBytes, Pair } from "../tree/xattrs";
import { hasZero, unescape, unescapeStatus } from "./escapes";
import { fieldEnd, fieldEscaped } from "./fields";
import { beginField, failHere, line } from "./place";
import { knownToken, rememberToken } from "./tokens";

const EQUALS: u32 = 0x3d;

/** What C counts for an xattr beside its bytes, and for the first one (dumpfile.md 4). */
const BUDGET_ENTRY_BYTES: u32 = 7;
const BUDGET_FIRST_BYTES: u32 = 12;

/** The pairs of the current line; a token takes at least two bytes of text and a space. */
const current = memory.data((XATTR_TEXT_MAX_BYTES / 2 + 1) * 4, 8);
/** Unescaped key and value of a token. */
const keyText = memory.data(XATTR_TEXT_MAX_BYTES + 16, 8);
const valueText = memory.data(XATTR_TEXT_MAX_BYTES + 16, 8);

/** The list that `readXattrs` made, 0 for none. */
export let list: usize = 0;

function pairAt(index: u32): Pair {
  return changetype<Pair>(<usize>load<u32>(current + ((<usize>index) << 2)));
}

/** The pair that `readToken` found. */
let token: usize = 0;

/** Reads the token from `at` to `stop` into `token`. @returns a status */
function readToken(at: usize, stop: usize, escaped: bool): i32 {
  token = knownToken(at, <u32>(stop - at));
  if (token) return STATUS_OK;

  let split = at;
  while (split < stop && <u32>load<u8>(split) != EQUALS) split++;
  if (split == stop) return failHere(STATUS_DUMP_XATTR_EQUALS, FIELD_XATTR, 0, 0);
  let keyAt = at;
  let keyLen = <u32>(split - at);
  let valueAt = split + 1;
  let valueLen = <u32>(stop - valueAt);
  if (escaped) {
    const unescapedKey = unescape(at, split, keyText);
    const unescapedValue = unescape(split + 1, stop, valueText);
    const result = min(unescapedKey, unescapedValue);
    if (result < 0) return failHere(unescapeStatus(result), FIELD_XATTR, 0, 0);
    keyAt = keyText;
    keyLen = <u32>unescapedKey;
    valueAt = valueText;
    valueLen = <u32>unescapedValue;
    if (hasZero(keyAt, keyLen)) return failHere(STATUS_DUMP_NUL_ESCAPE, FIELD_XATTR, 0, 0);
  }
  if (!keyLen) return failHere(STATUS_DUMP_XATTR_KEY_EMPTY, FIELD_XATTR, 0, 0);
  if (keyLen > <u32>XATTR_KEY_MAX_BYTES) {
    return failHere(STATUS_DUMP_XATTR_KEY_TOO_LONG, FIELD_XATTR, keyLen, XATTR_KEY_MAX_BYTES);
  }
  const key = internKey(keyAt, keyLen);
  if (!key) return failMemory();
  token = internPair(changetype<Key>(key), valueAt, valueLen);
  if (!token) return failMemory();
  rememberToken(at, <u32>(stop - at), token);
  return STATUS_OK;
}

/**
 * Reads the xattrs of a line and sets `list`.
 *
 * @param at first byte after the space that ends the digest
 * @param end end of the line
 * @param strict whether a key given twice is refused
 * @returns a status
 */
export function readXattrs(at: usize, end: usize, strict: bool): i32 {
  list = 0;
  beginField(at);
  if (end - at > <u32>XATTR_TEXT_MAX_BYTES) {
    return failHere(STATUS_DUMP_XATTR_TEXT_TOO_LONG, FIELD_XATTR, end - at, XATTR_TEXT_MAX_BYTES);
  }
  const lineMark = <u32>line;
  let count: u32 = 0;
  let budget: u32 = 0;
  while (true) {
    beginField(at);
    const stop = fieldEnd(at);
    if (stop == at) return failHere(STATUS_DUMP_XATTR_EMPTY_TOKEN, FIELD_XATTR, 0, 0);
    const status = readToken(at, stop, fieldEscaped);
    if (status != STATUS_OK) return status;
    const pair = changetype<Pair>(token);
    const key = pair.key;

    const cost = BUDGET_ENTRY_BYTES + keyBytes(key);
    const twice = count > 0 && key.seenLine == lineMark && key.seenAt < count && pairAt(key.seenAt).key == key;
    if (twice) {
      // C removes the old value and adds the new one; what it counted goes with it.
      if (strict) return failHere(STATUS_DUMP_STRICT_XATTR_TWICE, FIELD_XATTR, 0, 0);
      if (count == 1) budget = 0;
      else budget -= cost + <u32>pairAt(key.seenAt).valueLen;
    }
    const others = twice ? count - 1 : count;
    budget += cost + <u32>pair.valueLen + (others ? 0 : BUDGET_FIRST_BYTES);
    if (budget > <u32>XATTR_BUDGET_BYTES) {
      return failHere(STATUS_DUMP_XATTR_BUDGET, FIELD_XATTR, budget, XATTR_BUDGET_BYTES);
    }

    if (twice) {
      store<u32>(current + ((<usize>key.seenAt) << 2), <u32>token);
    } else {
      store<u32>(current + ((<usize>count) << 2), <u32>token);
      key.seenLine = lineMark;
      key.seenAt = count;
      count++;
    }
    if (stop == end) break;
    at = stop + 1;
  }
  list = keepPairs(current, count);
  return list ? STATUS_OK : failMemory();
}
