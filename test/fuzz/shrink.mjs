/** Makes a failing dumpfile smaller: lines first, then xattrs, while it keeps failing. */

/** Most runs of the two tools that one shrinking may cost. */
const ATTEMPTS = 1500;

/**
 * @param {Buffer} dump
 * @param {(dump: Buffer) => Promise<boolean>} fails
 */
export async function shrinkDump(dump, fails) {
  let parts = dump.toString("latin1").split("\n");
  let left = ATTEMPTS;
  const attempt = async (candidate, separator) => {
    if (left-- <= 0) return false;
    return fails(Buffer.from(candidate.join(separator), "latin1"));
  };
  for (let size = Math.max(1, parts.length >> 1); size >= 1; size >>= 1) {
    for (let at = parts.length - size; at >= 1; at -= size) {
      const candidate = parts.filter((_, i) => i < at || i >= at + size);
      if (await attempt(candidate, "\n")) parts = candidate;
    }
  }
  for (let line = 0; line < parts.length; line++) {
    for (let at = parts[line].split(" ").length - 1; at >= 11; at--) {
      const fields = parts[line].split(" ");
      fields.splice(at, 1);
      const candidate = parts.with?.(line, fields.join(" ")) ?? Object.assign([...parts], { [line]: fields.join(" ") });
      if (await attempt(candidate, "\n")) parts = candidate;
    }
  }
  return Buffer.from(parts.join("\n"), "latin1");
}
