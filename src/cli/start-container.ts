/**
 * `npm start` on a container image: both digests of it from one reading, without a cache, and how long that took.
 */

import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { countOf } from "../explain/words.ts";
import { digestImage as digestContainer, hashesOf } from "../image/container-digests.ts";
import { XATTR_MODES } from "../image/merge.ts";
import type { Profile } from "../image/profile.ts";
import { readContainer, sourceFacts } from "../image/read-container.node.ts";
import { LayeredImage } from "../image/view.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK } from "./common.ts";
import { formatBytes, print, printable } from "./text.ts";
import { describeTree } from "./view.ts";

const GOLDEN = new URL("../../../test/fixtures/oci/oci-golden.json", import.meta.url);
const PROFILES: readonly Profile[] = ["v1-sha512-12", "v1-sha256-12"];

interface Golden {
  images: Array<{ image: string; seed: number; scale: number; "allowlist-only"?: Record<string, string> }>;
}

/** @param isBundled the image is the one of test/fixtures, whose digests are pinned @returns the exit code */
export async function digestImage(input: string, isBundled: boolean): Promise<number> {
  const accelerator = acceleratorFromEnvironment();
  const began = performance.now();
  const read = await readContainer(input, { hashes: hashesOf(PROFILES) });
  await read.image.close();
  const merging = performance.now();
  const view = { role: "merged", transform: XATTR_MODES[0]! } as const;
  const trees = new LayeredImage(read.layers, accelerator);
  const wanted = { profiles: PROFILES, roles: [view.role], transform: view.transform, revision: 1 } as const;
  const { images, counts } = await digestContainer(trees, wanted);
  const done = performance.now();

  const { name, kind, platform } = sourceFacts(read);
  const bytes = read.layers.reduce((sum, { records }) => sum + records.tarBytes, 0);
  const shown = isBundled ? relative(process.cwd(), name) : name;
  print(`Image     ${printable(shown)}: ${kind}${platform === null ? "" : `, ${printable(platform)}`}\n`);
  print(`Tree      ${describeTree({ trees, view })}; `);
  print(`${countOf(counts!.entries, "entry", "entries")}, layers of ${formatBytes(bytes)}\n`);
  for (const { profile, digest } of images) print(`Digest    ${profile}:${digest}\n`);
  print(`Time      ${(done - began).toFixed(0)} ms: ${(merging - began).toFixed(0)} ms to read and check the layers, `);
  print(`${(done - merging).toFixed(0)} ms to merge, write and hash\n`);
  if (!isBundled) return EXIT_OK;

  const { images: pins } = JSON.parse(readFileSync(GOLDEN, "utf8")) as Golden;
  const pinned = pins.find(({ image, seed, scale }) => image === "base" && seed === 1 && scale === 1)![
    "allowlist-only"
  ]!;
  const isSame = images.every(({ format, hash, digest }) => pinned[`${format}-${hash}`] === digest);
  print(`Reference ${isSame ? "the same digests" : "other digests"} (test/fixtures/oci/oci-golden.json)\n`);
  return isSame ? EXIT_OK : EXIT_NO;
}
