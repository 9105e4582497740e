/**
 * The floor of everything that reads a compressed image: inflates all layers of a layout, one after the other, and drops
 * what comes out.
 *
 *     node test/bench/gunzip-floor.mjs LAYOUT
 */
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

const blobs = join(process.argv[2], "blobs/sha256");
for (const name of readdirSync(blobs)) {
  const path = join(blobs, name);
  if (readFileSync(path).readUInt16BE(0) !== 0x1f8b) continue;
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 18 }),
    createGunzip({ chunkSize: 1 << 18 }),
    async (out) => {
      for await (const _ of out);
    },
  );
}
