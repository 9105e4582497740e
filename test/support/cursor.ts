/** Reads the pages of the engine's cursor: records as assembly/abi.ts lays them out. */

import * as abi from "../../assembly/abi.ts";
import type { RawEngine } from "./raw-engine.mjs";

export interface CursorRecord {
  index: number;
  parent: number;
  type: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  nanoseconds: number;
  seconds: bigint;
  size: bigint;
  names: number;
  link: number;
  line: number;
  name: string;
  payload: string | undefined;
  content: string | undefined;
  digest: string | undefined;
  xattrs: Array<[string, string]>;
}

const text = (bytes: Buffer) => (bytes.length > 0 ? bytes.toString("latin1") : undefined);

/** The records of the page in the output window. */
function readPage(engine: RawEngine): CursorRecord[] {
  const count = Number(engine.control(abi.CONTROL_CURSOR_COUNT));
  const bytes = Number(engine.control(abi.CONTROL_CURSOR_BYTES));
  const page = Buffer.from(engine.view(engine.exports.outputPtr(), bytes));
  const records: CursorRecord[] = [];
  let start = 0;
  for (let i = 0; i < count; i++) {
    const u32 = (offset: number) => page.readUInt32LE(start + offset);
    let at = start + abi.CURSOR_HEADER_BYTES;
    const take = (length: number) => {
      at += length;
      return page.subarray(at - length, at);
    };
    const name = take(u32(abi.CURSOR_NAME_BYTES)).toString("latin1");
    const payload = text(take(u32(abi.CURSOR_PAYLOAD_BYTES)));
    const content = text(take(u32(abi.CURSOR_CONTENT_BYTES)));
    const digest = take(u32(abi.CURSOR_DIGEST_BYTES)).toString("hex") || undefined;
    const xattrs: Array<[string, string]> = [];
    for (let k = 0; k < u32(abi.CURSOR_XATTR_COUNT); k++) {
      const lengths = take(4);
      const key = take(lengths.readUInt16LE(0)).toString("latin1");
      xattrs.push([key, take(lengths.readUInt16LE(2)).toString("latin1")]);
    }
    records.push({
      index: u32(abi.CURSOR_INDEX),
      parent: u32(abi.CURSOR_PARENT),
      type: u32(abi.CURSOR_TYPE),
      mode: u32(abi.CURSOR_MODE),
      nlink: u32(abi.CURSOR_NLINK),
      uid: u32(abi.CURSOR_UID),
      gid: u32(abi.CURSOR_GID),
      rdev: u32(abi.CURSOR_RDEV),
      nanoseconds: u32(abi.CURSOR_NANOSECONDS),
      seconds: page.readBigInt64LE(start + abi.CURSOR_SECONDS),
      size: page.readBigUInt64LE(start + abi.CURSOR_SIZE),
      names: u32(abi.CURSOR_NAMES),
      link: u32(abi.CURSOR_LINK),
      line: u32(abi.CURSOR_ORIGIN),
      name,
      payload,
      content,
      digest,
      xattrs,
    });
    start += u32(abi.CURSOR_RECORD_BYTES);
  }
  if (start !== bytes) throw new Error(`records end at ${start}, the page at ${bytes}`);
  return records;
}

/** All entries in depth-first order, page by page. */
export function readAll(engine: RawEngine): CursorRecord[] {
  const records: CursorRecord[] = [];
  for (;;) {
    engine.check(engine.exports.cursorRead(records.length));
    const page = readPage(engine);
    if (page.length === 0) return records;
    records.push(...page);
  }
}

/** All entries of a directory, page by page. */
export function readChildren(engine: RawEngine, index: number): CursorRecord[] {
  const records: CursorRecord[] = [];
  for (;;) {
    engine.check(engine.exports.cursorChildren(index, records.length));
    const page = readPage(engine);
    if (page.length === 0) return records;
    records.push(...page);
  }
}

/** Index of the entry at a path, -1 for none. */
export function findPath(engine: RawEngine, path: string): number {
  const bytes = Buffer.from(path, "latin1");
  engine.view(engine.exports.inputPtr(), bytes.length).set(bytes);
  return engine.exports.cursorFind(bytes.length);
}
