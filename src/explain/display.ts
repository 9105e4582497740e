/**
 * Bytes of a tree as text: for people, and for programs.
 */

const BACKSLASH = 0x5c;
/** Backslash, LF, CR and TAB have escapes of their own. */
const SHORT = new Map([..."\\\n\r\t"].map((c, i) => [c.charCodeAt(0), `\\${"\\nrt"[i]}`]));

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes with the escapes of a dumpfile (composefs-dump(5)): printable ASCII as it is, `\n`, `\r`, `\t`, `\\`, all other
 * bytes and the space `\xHH`. Nothing is lost, and no two byte strings look alike. JSON output has paths in this form.
 */
export function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x20 && byte < 0x7f && byte !== BACKSLASH) text += String.fromCharCode(byte);
    else text += SHORT.get(byte) ?? `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

const encoder = new TextEncoder();
const ESCAPES: Readonly<Record<string, string>> = { "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\" };

/** The bytes of a text with escapes; undefined when a backslash begins none of composefs-dump(5). */
export function unescapeBytes(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const [part] of text.matchAll(/\\x[0-9a-fA-F]{2}|\\?./gsu)) {
    if (part.length > 2 && part.startsWith("\\x")) bytes.push(Number.parseInt(part.slice(2), 16));
    else if (!part.startsWith("\\")) bytes.push(...encoder.encode(part));
    else if (ESCAPES[part] === undefined) return undefined;
    else bytes.push(...encoder.encode(ESCAPES[part]));
  }
  return Uint8Array.from(bytes);
}

/** The same for people: what is UTF-8 and cannot steer a terminal is shown as it reads, spaces included. */
export function displayBytes(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return escapeBytes(bytes).replaceAll("\\x20", " ");
  }
  // Controls, format characters (bidirectional ones among them), separators other than the space, unassigned.
  return text.replace(/[\\\p{C}\u2028\u2029]/gu, (c) => escapeBytes(new TextEncoder().encode(c)));
}
