/** PAX records of a tar, the slow and obvious way: oci-to-tree.md 2.4 word for word, on byte strings. */
import { refuse } from "./refusal.ts";

const XATTR_KEY_MAX = 255;
/** Of 12 for all, and 7 and key and value for each (dumpfile.md 4). */
const XATTR_BUDGET = 32767;

export const fits64 = (value: bigint) => value < 2n ** 64n;

/** What comes before the first `end`; all of it without one. */
export const upTo = (text: string, end: string) => (text.includes(end) ? text.slice(0, text.indexOf(end)) : text);

/** What PAX records say of the next entry. */
export interface PaxValues {
  path?: string;
  linkpath?: string;
  size?: bigint;
  uid?: bigint;
  gid?: bigint;
  seconds?: bigint;
  nanoseconds?: number;
  xattrs: Map<string, string>;
}

function isUtf8(bytes: string): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(bytes, "latin1"));
    return true;
  } catch {
    return false;
  }
}

function decimal(text: string): bigint {
  if (!/^\+?[0-9]+$/.test(text) || !fits64(BigInt(text.replace("+", "")))) refuse("TAR_PAX_NUMBER");
  return BigInt(text.replace("+", ""));
}

/** Digits behind the first point, to nine; 0 for anything else. */
function nanosecondsOf(mtime: string): number {
  const fraction = (mtime.includes(".") ? mtime.slice(mtime.indexOf(".") + 1) : "").slice(0, 9);
  return /^[0-9]+$/.test(fraction) ? Number(fraction.padEnd(9, "0")) : 0;
}

/** Whether a dumpfile can hold them, also those that a transform will drop. */
function checkXattrs(xattrs: Map<string, string>): void {
  let budget = 12;
  for (const [key, value] of xattrs) {
    if (key === "" || key.length > XATTR_KEY_MAX || key.includes("\0")) refuse("TAR_XATTR_KEY");
    budget += 7 + key.length + value.length;
  }
  if (budget > XATTR_BUDGET) refuse("TAR_XATTR_BUDGET");
}

/** The values of PAX records, of which the last one of a key counts. @throws Refusal TAR_PAX_*, TAR_SPARSE, TAR_XATTR_* */
export function readPax(data: string): PaxValues {
  const values: PaxValues = { xattrs: new Map() };
  for (let rest = data; rest !== ""; ) {
    const space = rest.indexOf(" ");
    const length = rest.slice(0, Math.max(space, 0));
    // What is no number of the machine's size ends the reading, as in the reference.
    if (!/^\+?[0-9]+$/.test(length) || !fits64(BigInt(length.replace("+", "")))) break;
    if (BigInt(length.replace("+", "")) > rest.length) refuse("TAR_PAX_LENGTH");
    const record = rest.slice(0, Number(length));
    rest = rest.slice(Number(length));
    if (!record.endsWith("\n")) refuse("TAR_PAX_NEWLINE");
    const pair = record.slice(space + 1, -1);
    if (!pair.includes("=")) refuse("TAR_PAX_EQUALS");
    const key = upTo(pair, "=");
    const value = pair.slice(key.length + 1);
    if (!isUtf8(key)) refuse("TAR_PAX_KEY_UTF8");
    if (key.startsWith("GNU.sparse.")) refuse("TAR_SPARSE");
    if (key === "path" || key === "linkpath") values[key] = value;
    if (key === "size" || key === "uid" || key === "gid") values[key] = decimal(value);
    if (key === "mtime") {
      if (!isUtf8(value)) refuse("TAR_PAX_NUMBER");
      values.seconds = decimal(upTo(value, "."));
      values.nanoseconds ??= nanosecondsOf(value);
    }
    if (key.startsWith("SCHILY.xattr.")) values.xattrs.set(key.slice("SCHILY.xattr.".length), value);
  }
  checkXattrs(values.xattrs);
  return values;
}
