/**
 * Escapes of composefs-dump(5) for byte strings: one character U+0000 to U+00FF for each byte.
 *
 * The generators of dumpfiles keep names and values in such strings, since their order is that of the bytes.
 */

const PLAIN = /^[!-[\]-~]*$/;
const PLAIN_NO_EQUALS = /^[!-<>-[\]-~]*$/;

const ESCAPED = Array.from({ length: 256 }, (_, code) => {
  if (code === 0x5c) return "\\\\";
  if (code === 0x0a) return "\\n";
  if (code === 0x0d) return "\\r";
  if (code === 0x09) return "\\t";
  if (code >= 0x21 && code <= 0x7e) return String.fromCharCode(code);
  return `\\x${code.toString(16).padStart(2, "0")}`;
});

/** `bytes` in escaped form. `equals` escapes `=` too, as xattr keys and values need it. */
export function escapeBytes(bytes, equals = false) {
  if ((equals ? PLAIN_NO_EQUALS : PLAIN).test(bytes)) return bytes;
  let out = "";
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    out += equals && code === 0x3d ? "\\x3d" : ESCAPED[code];
  }
  return out;
}

/** An optional field: `-` when absent, and a lone dash escaped. */
export function escapeOptional(bytes) {
  if (bytes === undefined) return "-";
  return bytes === "-" ? "\\x2d" : escapeBytes(bytes);
}
