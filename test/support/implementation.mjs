/**
 * An implementation of composefs with a fault: what our `mkcomposefs --from-file - -` makes of standard input, but for
 *
 *     flip=OFFSET[,OFFSET…]   bytes of the image that are inverted; from its end where negative
 *     cut=BYTES               only the beginning of the image
 *     mtime=SECONDS           of every directory but the root, before the image is made
 *
 *     node test/support/implementation.mjs FAULT OPTION… < DUMP > IMAGE
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MKCOMPOSEFS = fileURLToPath(new URL("../../build/src/cli/mkcomposefs.js", import.meta.url));
const [fault, ...options] = process.argv.slice(2);
const [name, value] = fault.split("=");

let input = readFileSync(0);
if (name === "mtime") {
  const text = input.toString("latin1").replace(/^(\/\S+ \d+ 4\d{4} \d+ \d+ \d+ \d+) \S+/gm, `$1 ${value}.0`);
  input = Buffer.from(text, "latin1");
}
const { stdout, status } = spawnSync(process.execPath, [MKCOMPOSEFS, ...options, "--from-file", "-", "-"], { input });
let image = stdout;
if (name === "flip") for (const at of value.split(",").map(Number)) image[at < 0 ? image.length + at : at] ^= 0xff;
if (name === "cut") image = image.subarray(0, Number(value));
for (let at = 0; at < image.length; ) at += writeSync(1, image, at);
process.exitCode = status;
