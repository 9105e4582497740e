/**
 * Long output in pieces: lines are gathered until a piece is worth a system call.
 */

import type { OutputFile } from "../image/output.node.ts";
import { writePieces } from "./common.ts";

/** Characters of a piece. */
const PIECE_LENGTH = 1 << 16;

/**
 * Writes text that comes line by line, or in parts of any length.
 *
 * @param output standard output, or a file that appears when it is complete
 * @throws {ComposefsError} IO_OPEN, IO_WRITE
 */
export async function writeText(parts: Iterable<string>, output: OutputFile): Promise<void> {
  const pieces = piecesOf(parts);
  await writePieces(() => pieces.next().value ?? new Uint8Array(0), output, {});
}

function* piecesOf(parts: Iterable<string>): Generator<Uint8Array, undefined, undefined> {
  const encoder = new TextEncoder();
  let text = "";
  for (const part of parts) {
    text += part;
    if (text.length < PIECE_LENGTH) continue;
    yield encoder.encode(text);
    text = "";
  }
  if (text !== "") yield encoder.encode(text);
}
