/**
 * The floor of everything that reads a compressed image: inflates all layers of a layout, one after the other, and drops
 * what comes out. With `--checked` blob and content go through SHA-256 on the way, as they must before they are believed.
 *
 *     node test/bench/gunzip-floor.mjs [--checked] LAYOUT
 */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

const isChecked = process.argv[2] === "--checked";
const blobs = join(process.argv.at(-1), "blobs/sha256");
for (const name of readdirSync(blobs)) {
  const path = join(blobs, name);
  if (readFileSync(path).readUInt16BE(0) !== 0x1f8b) continue;
  const [stored, plain] = [createHash("sha256"), createHash("sha256")];
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 18 }),
    async function* (chunks) {
      for await (const chunk of chunks) {
        if (isChecked) stored.update(chunk);
        yield chunk;
      }
    },
    createGunzip({ chunkSize: 1 << 18 }),
    async (out) => {
      for await (const chunk of out) if (isChecked) plain.update(chunk);
    },
  );
}
