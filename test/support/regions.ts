/** Reads the engine's list of regions: records as assembly/abi.ts lays them out. */

import * as abi from "../../assembly/abi.ts";
import type { Region } from "./naive/erofs-regions.ts";
import type { RawEngine } from "./raw-engine.mjs";

/** The regions of the image that was scanned last, and how many calls gave them. */
export function readRegions(engine: RawEngine): { regions: Region[]; calls: number } {
  engine.check(engine.exports.regionOpen());
  const regions: Region[] = [];
  for (let calls = 0; ; calls++) {
    const length = engine.exports.regionRead();
    if (length < 0) engine.check(-length);
    if (length === 0) return { regions, calls };
    const page = Buffer.from(engine.view(engine.exports.outputPtr(), length));
    for (let at = 0; at < length; at += abi.REGION_RECORD_BYTES) {
      regions.push({
        offset: page.readUInt32LE(at + abi.REGION_OFFSET),
        bytes: page.readUInt32LE(at + abi.REGION_BYTES),
        kind: page.readUInt32LE(at + abi.REGION_KIND),
        entry: page.readUInt32LE(at + abi.REGION_ENTRY),
      });
    }
  }
}
