/** Digests that the kernel measures against those that the engine computes, at every edge between levels of the tree. */
import assert from "node:assert/strict";
import { unlinkSync, writeFileSync } from "node:fs";
import { verityEnable, verityMeasure, verityState } from "../../build/src/linux/verity.node.js";
import { verityDigest } from "../../build/src/node.js";
import { DATA } from "./guest-tools.mjs";

const SALT = Buffer.from("00ff10".padEnd(64, "7f"), "hex");

/** Parameters, and the numbers of blocks at which the tree gets one more level. */
const CASES = [
  { hash: "sha256", blockSize: 4096, edges: [1, 128] },
  { hash: "sha512", blockSize: 4096, edges: [1, 64] },
  { hash: "sha256", blockSize: 1024, edges: [1, 32, 32 * 32] },
  { hash: "sha512", blockSize: 1024, edges: [1, 16, 16 * 16, 16 * 16 * 16] },
  { hash: "sha256", blockSize: 2048, edges: [1, 64] },
  { hash: "sha256", blockSize: 4096, edges: [1, 128], salt: SALT },
  { hash: "sha512", blockSize: 1024, edges: [1, 16], salt: SALT.subarray(0, 1) },
  { hash: "sha512", blockSize: 4096, edges: [1], salt: SALT },
];

export async function run(list) {
  const file = `${DATA}/measured`;
  for (const { edges, ...parameters } of CASES) {
    const { hash, blockSize, salt } = parameters;
    const sizes = new Set([0, 1, ...edges.flatMap((blocks) => [-1, 0, 1].map((step) => blocks * blockSize + step))]);
    const title = `${hash}, blocks of ${blockSize}, ${salt === undefined ? "no salt" : `salt of ${salt.length} bytes`}`;
    await list.check(`the kernel measures what the engine computes: ${title}, ${sizes.size} sizes`, async () => {
      for (const size of sizes) {
        const content = Buffer.alloc(size, `${size} bytes, none of them like another\n`);
        writeFileSync(file, content);
        verityEnable(file, parameters);
        const measured = verityMeasure(Buffer.from(file));
        assert.deepEqual(measured, { hash, digest: await verityDigest(content, parameters) }, `${size} bytes`);
        unlinkSync(file);
      }
    });
  }
  await list.check("the state of a file without fs-verity is off", () => {
    writeFileSync(file, "plain");
    assert.equal(verityState(file), "off");
    unlinkSync(file);
    assert.equal(verityState("/proc/self/status"), "off");
  });
}
