/**
 * PEM: blocks of base64 in a text, as RFC 7468 has them. What stands outside of the blocks is passed over, as every
 * tool does.
 */

/** One block. */
export interface PemBlock {
  /** Such as `CERTIFICATE`. */
  label: string;
  /** Whether it has the header lines with which OpenSSL once said that a key is encrypted (RFC 1421, 4.6.1.1). */
  isEncrypted: boolean;
  /** What the base64 stands for; null when it is none. */
  bytes: Uint8Array<ArrayBuffer> | null;
}

const BEGIN = "-----BEGIN ";
const DASHES = "-----";
/** Such lines come before the base64 of an encrypted key. */
const HEADER_LINE = /^[A-Za-z0-9-]+:.*$/gm;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** All blocks of a text, in its order; a block that does not end is none. */
export function readPem(text: Uint8Array): PemBlock[] {
  const latin1 = new TextDecoder("latin1").decode(text);
  const blocks: PemBlock[] = [];
  for (let begin = latin1.indexOf(BEGIN); begin >= 0; ) {
    const labelStart = begin + BEGIN.length;
    const labelEnd = latin1.indexOf(DASHES, labelStart);
    if (labelEnd < 0) break;
    const label = latin1.slice(labelStart, labelEnd);
    const bodyStart = labelEnd + DASHES.length;
    const bodyEnd = latin1.indexOf(DASHES, bodyStart);
    if (bodyEnd < 0) break;
    const isBlock = latin1.startsWith(`${DASHES}END ${label}${DASHES}`, bodyEnd);
    if (isBlock) blocks.push({ label, ...readBody(latin1.slice(bodyStart, bodyEnd)) });
    begin = latin1.indexOf(BEGIN, isBlock ? bodyEnd + DASHES.length : bodyStart);
  }
  return blocks;
}

function readBody(body: string): Omit<PemBlock, "label"> {
  const isEncrypted = body.includes("4,ENCRYPTED");
  const digits = body.replace(HEADER_LINE, "").replace(/[ \t\r\n\v\f]+/g, "");
  if (digits.length % 4 !== 0 || !BASE64.test(digits)) return { isEncrypted, bytes: null };
  return { isEncrypted, bytes: Uint8Array.from(atob(digits), (character) => character.charCodeAt(0)) };
}
