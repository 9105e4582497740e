/** `etc/selinux/config`: which policy is in force. boot-transform.md 3.1. */

import { checkText, linesOf, trimmed } from "./lines.ts";

const EQUALS = 0x3d;
const KEY = "selinuxtype";

/**
 * Name of the policy, that of its directory below `etc/selinux`.
 *
 * The value of the first line whose key, without white space around it and in any case, is SELINUXTYPE. Quotes and
 * trailing comments are part of it; it may be empty.
 *
 * @param config content of `etc/selinux/config`
 * @returns the bytes of the name; null when no line gives one, which means that there is no policy
 * @throws ComposefsError SELINUX_UTF8 with the line, SELINUX_LIMIT
 */
export function policyName(config: Uint8Array): Uint8Array | null {
  checkText("config", config);
  for (const { start, end } of linesOf(config)) {
    const equals = config.subarray(start, end).indexOf(EQUALS);
    if (equals < 0) continue;
    if (isKey(trimmed(config, start, start + equals))) return trimmed(config, start + equals + 1, end);
  }
  return null;
}

function isKey(bytes: Uint8Array): boolean {
  return bytes.length === KEY.length && bytes.every((byte, i) => lowerCase(byte) === KEY.charCodeAt(i));
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
