/** A layer tar of any size, whose content takes no room on disk. */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

const BLOCK_BYTES = 512;

/** Writes a tar with one file of zeros. @param bytes of the file; a multiple of 512 */
export function writeLargeLayer(path: string, bytes: number): void {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write("large");
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const file = openSync(path, "w");
  writeSync(file, header, 0, BLOCK_BYTES, 0);
  ftruncateSync(file, BLOCK_BYTES + bytes + 2 * BLOCK_BYTES);
  closeSync(file);
}
