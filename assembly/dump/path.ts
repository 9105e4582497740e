/**
 * Paths of a dumpfile: their rules, and the way from a path to its directory.
 *
 * Lines of one directory come together as a rule, so the previous line's path is kept with the directories along it:
 * what the new path shares with it is neither checked nor looked up again. The worst case looks up every component in
 * a hash table, which is linear in the bytes of the path.
 */

import {
  FIELD_PATH,
  FIELD_PAYLOAD,
  NAME_MAX_BYTES,
  PATH_MAX_BYTES,
  STATUS_DUMP_NAME_TOO_LONG,
  STATUS_DUMP_NUL_ESCAPE,
  STATUS_DUMP_PARENT_MISSING,
  STATUS_DUMP_PARENT_TYPE,
  STATUS_DUMP_PATH_DOT,
  STATUS_DUMP_PATH_DOUBLE_SLASH,
  STATUS_DUMP_PATH_EMPTY,
  STATUS_DUMP_PATH_RELATIVE,
  STATUS_DUMP_PATH_TOO_LONG,
  STATUS_DUMP_PATH_TRAILING_SLASH,
  STATUS_OK,
} from "../abi";
import { Node } from "../tree/node";
import { findDirectory, hasChild, rootNode } from "../tree/tree";
import { failHere } from "./place";

const SLASH: u32 = 0x2f;
const DOT: u32 = 0x2e;

/** The previous path, with room for whole words after it. */
const previous = memory.data(PATH_MAX_BYTES + 16, 16);
let previousLen: u32 = 0;

/** Directories along the previous path: (end of their path, address); a path has at most PATH_MAX_BYTES / 2. */
const along = memory.data((PATH_MAX_BYTES / 2 + 1) * 8, 8);
let alongCount: u32 = 0;

/** What `locate` found: the directory, and where the name begins in the path. */
export let parent: usize = 0;
export let nameAt: u32 = 0;

/** Forgets the previous path. */
export function resetPath(): void {
  previousLen = 0;
  alongCount = 0;
  parent = 0;
}

/**
 * Checks the rules of a path from byte `at` on, which is the first byte after a slash.
 *
 * @param field the `FIELD_*` number for the error
 * @returns a status
 */
function checkComponents(path: usize, len: u32, at: u32, field: u32): i32 {
  let start = at;
  let i = at;
  while (true) {
    const byte = i < len ? <u32>load<u8>(path + i) : SLASH;
    if (!byte) return failHere(STATUS_DUMP_NUL_ESCAPE, field, 0, 0);
    if (byte != SLASH) {
      i++;
      continue;
    }
    const size = i - start;
    if (size == 0) {
      return failHere(i == len ? STATUS_DUMP_PATH_TRAILING_SLASH : STATUS_DUMP_PATH_DOUBLE_SLASH, field, 0, 0);
    }
    if (size > <u32>NAME_MAX_BYTES) return failHere(STATUS_DUMP_NAME_TOO_LONG, field, size, NAME_MAX_BYTES);
    if (size <= 2 && <u32>load<u8>(path + start) == DOT && (size == 1 || <u32>load<u8>(path + start + 1) == DOT)) {
      return failHere(STATUS_DUMP_PATH_DOT, field, 0, 0);
    }
    if (i == len) return STATUS_OK;
    i++;
    start = i;
  }
}

/** Checks what is to be said of a path as a whole; `/` alone passes. */
function checkWhole(path: usize, len: u32, field: u32): i32 {
  if (!len) return failHere(STATUS_DUMP_PATH_EMPTY, field, 0, 0);
  if (<u32>load<u8>(path) != SLASH) return failHere(STATUS_DUMP_PATH_RELATIVE, field, 0, 0);
  if (len > <u32>PATH_MAX_BYTES) return failHere(STATUS_DUMP_PATH_TOO_LONG, field, len, PATH_MAX_BYTES);
  return STATUS_OK;
}

/** Checks the target path of a hardlink. @returns a status */
export function checkTarget(path: usize, len: u32): i32 {
  const status = checkWhole(path, len, FIELD_PAYLOAD);
  if (status != STATUS_OK || len == 1) return status;
  return checkComponents(path, len, 1, FIELD_PAYLOAD);
}

/** Bytes at the beginning that two strings share; reads whole words of both. */
function shared(a: usize, b: usize, len: u32): u32 {
  for (let at: u32 = 0; at < len; at += 8) {
    const differ = load<u64>(a + at) ^ load<u64>(b + at);
    if (differ) return min<u32>(at + <u32>(ctz(differ) >> 3), len);
  }
  return len;
}

/**
 * Checks a path and finds the directory it lies in; sets `parent` and `nameAt`.
 * The root must exist, and `/` itself is not for here.
 *
 * @param path unescaped, with 8 readable bytes after it
 * @returns a status
 */
export function locate(path: usize, len: u32): i32 {
  const status = checkWhole(path, len, FIELD_PATH);
  if (status != STATUS_OK) return status;

  // Leave the directories that the new path does not lie in. The root, whose path ends at 0, always stays.
  const common = shared(path, previous, min(len, previousLen));
  while (alongCount) {
    const end = load<u32>(along + ((alongCount - 1) << 3));
    if (end <= common && end < len && <u32>load<u8>(path + end) == SLASH) break;
    alongCount--;
  }
  let end: u32 = 0;
  let directory = changetype<usize>(rootNode());
  if (alongCount) {
    end = load<u32>(along + ((alongCount - 1) << 3));
    directory = <usize>load<u32>(along + ((alongCount - 1) << 3), 4);
  }

  const rules = checkComponents(path, len, end + 1, FIELD_PATH);
  if (rules != STATUS_OK) return rules;

  // Enter the ones between there and the last component.
  for (;;) {
    const start = end + 1;
    let stop = start;
    while (stop < len && <u32>load<u8>(path + stop) != SLASH) stop++;
    if (stop == len) {
      nameAt = start;
      break;
    }
    const inner = findDirectory(directory, path + start, stop - start);
    if (!inner) {
      const isOther = hasChild(changetype<Node>(directory), path + start, stop - start);
      return failHere(isOther ? STATUS_DUMP_PARENT_TYPE : STATUS_DUMP_PARENT_MISSING, FIELD_PATH, 0, 0);
    }
    directory = inner;
    end = stop;
    enter(end, directory);
  }
  parent = directory;
  // In words: most lines share all but a name, and a bulk copy costs a call.
  for (let at = common; at < len; at += 8) store<u64>(previous + at, load<u64>(path + at));
  previousLen = len;
  return STATUS_OK;
}

/**
 * Puts a directory on the way: one that a path passes, or the one whose line was just read.
 *
 * @param end length of its path
 */
export function enter(end: u32, directory: usize): void {
  store<u32>(along + (alongCount << 3), end);
  store<u32>(along + (alongCount << 3), directory, 4);
  alongCount++;
}
