/**
 * The written list of intended differences: dumpfiles that C mkcomposefs takes and we refuse.
 *
 * Each row of the acceptance matrix (specification of dumpfiles, chapter 5) with "A" for C and "R" for us is one entry
 * here, under the code that we answer. `true` means that C takes whatever gets this code; a function looks at the field
 * that we name, because C takes some of it only. Codes that are not here are errors for C too.
 */

const SPACED_NUMBER = /^[\t\v\f\r]*[-+]?\d+$/;

/** What C does with a numeric field that we refuse: strtoull takes white space, signs and any size. */
function acceptsNumber(field, fields) {
  const text = fields[FIELD_INDEX[field]] ?? "";
  if (SPACED_NUMBER.test(text)) return true;
  if (field === "mode") return /^[\t\v\f\r]*[-+]?[0-7]+$/.test(text);
  // A malformed gid or rdev is noticed only when uid is 0.
  return (field === "gid" || field === "rdev") && !/^[\t\v\f\r]*[-+]?0+$/.test(fields[FIELD_INDEX.uid] ?? "");
}

const FIELD_INDEX = {
  path: 0,
  size: 1,
  mode: 2,
  nlink: 3,
  uid: 4,
  gid: 5,
  rdev: 6,
  mtime: 7,
  payload: 8,
  content: 9,
  digest: 10,
};

const TAKEN_BY_C = {
  DUMP_CR_LINE_END: true,
  DUMP_FIELD_MISSING: true,
  DUMP_LINE_TOO_LONG: true,
  DUMP_PATH_RELATIVE: true,
  DUMP_PATH_DOUBLE_SLASH: true,
  DUMP_PATH_TOO_LONG: true,
  // A hardlink target is looked up by its components: slashes at the end do not matter.
  DUMP_PATH_TRAILING_SLASH: (error) => error.field === "payload",
  DUMP_NUL_ESCAPE: true,
  DUMP_NUMBER: (error, fields) => acceptsNumber(error.field, fields),
  DUMP_NUMBER_NEGATIVE: (error, fields) => acceptsNumber(error.field, fields),
  DUMP_NUMBER_WHITE_SPACE: (error, fields) => acceptsNumber(error.field, fields),
  DUMP_NUMBER_RANGE: true,
  DUMP_MTIME: (_, fields) => {
    const [seconds, nanoseconds, ...rest] = (fields[FIELD_INDEX.mtime] ?? "").split(".");
    return rest.length === 0 && SPACED_NUMBER.test(seconds) && SPACED_NUMBER.test(nanoseconds ?? "");
  },
  DUMP_NSEC_RANGE: true,
  DUMP_RDEV_TYPE: true,
  DUMP_CONTENT_TYPE: true,
  DUMP_CONTENT_PAYLOAD: true,
  DUMP_CONTENT_DIGEST: true,
  DUMP_DIGEST_TYPE: true,
  DUMP_DIGEST: true,
  DUMP_DIGEST_ESCAPE: true,
  DUMP_DIGEST_MIXED: true,
  DUMP_PAYLOAD_EMPTY: true,
  // Above 2^64 - 2^43 the chunk count wraps to 0.
  DUMP_SIZE_TOO_LARGE: (_, fields) => BigInt(fields[FIELD_INDEX.size].replace("+", "")) > 2n ** 64n - 2n ** 43n,
  DUMP_XATTR_EMPTY_TOKEN: true,
  DUMP_LINK_TO_DIRECTORY: true,
  // An empty target is a path without components: C finds the root.
  DUMP_LINK_WITHOUT_TARGET: (_, fields) => fields[FIELD_INDEX.payload] === "",
  DUMP_WHITEOUT_LINKED: true,
};

/**
 * Whether the difference "C made an image, we refused" is on the list.
 *
 * @param {{ code: string, field: string, line: number }} error our answer
 * @param {Buffer} dump
 */
export function isIntendedRefusal(error, dump) {
  const line = dump.toString("latin1").split("\n")[error.line - 1] ?? "";
  const fields = line.split(" ");
  // C cuts a path, a payload and a key at the first zero byte; what we refuse may lie behind it.
  const refused = error.field === "xattr" ? fields.slice(11).join(" ") : (fields[FIELD_INDEX[error.field]] ?? "");
  if (refused.includes("\\x00") && error.field !== "content") return true;
  const rule = TAKEN_BY_C[error.code];
  return typeof rule === "function" ? rule(error, fields) : rule === true;
}

/** Keys that collide, after renaming, with a marker that the writer sets. */
const COLLIDING_KEY = / (?:trusted|user)\.overlay\.(?:opaque|whiteouts?)=[^ \n]/;

/**
 * Whether the difference "C failed, we made an image" is C's own defect.
 *
 * C keeps a size counter for the xattrs of a node that starts at 0 on its working copy. Replacing an xattr of the input
 * by a shorter marker makes it wrap below zero, and C answers "Numerical result out of range". That takes a whiteout and
 * a key with a value that a marker replaces.
 */
export function isReplacementDefect(stderr, dump) {
  if (!stderr.includes("Numerical result out of range")) return false;
  const unescaped = dump
    .toString("latin1")
    .replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) => (hex === "20" ? "_" : String.fromCharCode(Number.parseInt(hex, 16))));
  return COLLIDING_KEY.test(unescaped);
}
