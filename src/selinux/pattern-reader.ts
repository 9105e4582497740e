/** A place in the bytes of a pattern, and what was seen on the way there. */

import type { ComposefsError } from "../error.ts";
import { lineError, type Place, showByte } from "./fault.ts";

export class PatternReader {
  /** Offset of the next byte. */
  at = 0;
  /** Capturing groups so far. */
  groups = 0;
  /** Those that have ended. */
  readonly closedGroups = new Set<number>();
  /** Something was met that only PCRE2 knows. */
  isPcre2 = false;
  /** Offset of the first possessive quantifier. */
  possessiveAt: number | undefined;
  /** Something was met that no finite automaton can match. */
  isRegular = true;
  readonly #bytes: Uint8Array;
  readonly #place: Place;

  constructor(bytes: Uint8Array, place: Place) {
    this.#bytes = bytes;
    this.#place = place;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** The byte at an offset; -1 beyond both ends. */
  byteAt(offset: number): number {
    return this.#bytes[offset] ?? -1;
  }

  /** The byte `ahead` bytes after the next one; -1 beyond the end. */
  peek(ahead = 0): number {
    return this.byteAt(this.at + ahead);
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  /** Whether an ASCII text comes next. */
  looksAt(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.peek(i) !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Reads an ASCII text if it comes next. */
  take(text: string): boolean {
    if (!this.looksAt(text)) return false;
    this.skip(text.length);
    return true;
  }

  /** The next bytes as Latin-1, for regular expressions on the syntax. */
  ascii(most: number): string {
    return String.fromCharCode(...this.#bytes.subarray(this.at, this.at + most));
  }

  /** The next byte, for people. */
  shown(): string {
    return this.isAtEnd ? "at the end" : showByte(this.peek());
  }

  /** The error for what is `offset` bytes from here. */
  error(what: string, offset = 0): ComposefsError {
    return lineError("SELINUX_PATTERN", this.#place, what, { offset: Math.max(0, this.at + offset) });
  }

  /** The error for what goes beyond a limit. */
  limitError(what: string, actual: number, limit: number): ComposefsError {
    return lineError("SELINUX_LIMIT", this.#place, what, { offset: this.at, actual, limit });
  }
}
