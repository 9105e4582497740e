/** What the service is to do, wherever it runs: images that are pushed beside it get their digests. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { composefs, run, scratch } from "../real/tools.mjs";
import { makeLayout, writeLayout } from "../support/oci/forms.mjs";
import { makeLayers } from "../support/oci/images.mjs";

/** Between two looks, some of which start a program. */
const EVERY_MS = 300;

/** Pushes an image of its own by our client. @param seed a number for each image @returns its name in the registry */
export function push(host, seed) {
  const layout = join(scratch, `layout-${seed}`);
  mkdirSync(layout);
  writeLayout(makeLayout(makeLayers("base", { seed }), { compression: "gzip" }), layout);
  const image = `docker://${host}/team/app:v${seed}`;
  run(process.execPath, composefs, "copy", `oci:${layout}`, image);
  return image;
}

/** What `composefs verify` finds. @param options more of it */
export function verify(image, ...options) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [composefs, "verify", image, "--no-cache", ...options],
    {
      encoding: "utf8",
    },
  );
  return { status, text: stdout + stderr };
}

/** Waits for something that comes by itself. @returns whether it came */
export async function comes(isSo, ms = 30_000) {
  for (const began = performance.now(); performance.now() - began < ms; ) {
    if (await isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return false;
}

/** Waits until an image has its digests, and they are right. @param options of `composefs verify` */
export const isSealed = (image, ...options) => comes(() => verify(image, ...options).status === 0);

/** The status of an answer; 0 when there is none. */
export async function statusOf(url, headers = {}) {
  return fetch(url, { headers }).then(
    ({ status }) => status,
    () => 0,
  );
}

/** Waits until the service takes work. */
export const isReady = (origin) => comes(async () => (await statusOf(`${origin}/readyz`)) === 200);
