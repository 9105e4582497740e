/**
 * Contents of files of a container image: in the tree, among those that were kept when the layers were read, or in a layer,
 * which is then read once more.
 */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { VeritySlot } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import type { Entry } from "./cursor.ts";
import { findContent } from "./find-content.ts";
import { toHex } from "./hex.ts";
import type { ImageLayer } from "./layers.ts";

/** Objects have blocks of 4096 bytes. */
const OBJECT_BLOCK_BITS = 12;

/** Limits of {@link readContent}: kernel images are the largest files that are looked into. */
export const CONTENT_MAX_BYTES = 1 << 28;

/**
 * The content of a file, held against its fs-verity digest.
 *
 * @param layers of the image, base first
 * @param hash of the digests in the tree that the entry is of
 * @param entry a regular file
 * @throws {ComposefsError} TREE_CONTENT when it is longer than CONTENT_MAX_BYTES, IO_CHANGED when the layer is not any more
 *   what it was, and all that reading a layer gives
 */
export async function readContent(layers: readonly ImageLayer[], hash: HashName, entry: Entry): Promise<Uint8Array> {
  const { digest, content, size, origin } = entry;
  if (digest === undefined) return content ?? new Uint8Array(0);
  if (size > BigInt(CONTENT_MAX_BYTES)) {
    const what = `a content of ${size} bytes; at most ${CONTENT_MAX_BYTES} are looked into`;
    throw new ComposefsError("TREE_CONTENT", what, { actual: Number(size), limit: CONTENT_MAX_BYTES });
  }
  const wanted = toHex(digest);
  const order = [layers[origin - 1]!, ...layers];
  for (const { bytes } of order.flatMap(({ records }) => records.contents)) {
    if (bytes.length === Number(size) && (await objectDigest(hash, bytes)) === wanted) return bytes;
  }
  const bytes = await readAgain(layers, hash, entry);
  if ((await objectDigest(hash, bytes)) === wanted) return bytes;
  throw new ComposefsError("IO_CHANGED", "what the tree was read from has changed since");
}

async function objectDigest(hash: HashName, bytes: Uint8Array): Promise<string> {
  const engine = await acquireEngine();
  try {
    const parameters = { hash, blockBits: OBJECT_BLOCK_BITS, salt: new Uint8Array(0) };
    const slot = new VeritySlot(engine, 0, parameters, "off", bytes.length);
    slot.write(bytes);
    return toHex(slot.close());
  } finally {
    releaseEngine(engine);
  }
}

/** Reads a content from its layer. */
async function readAgain(
  layers: readonly ImageLayer[],
  hash: HashName,
  { digest, origin }: Entry,
): Promise<Uint8Array> {
  const records = layers.map((layer) => layer.records);
  const place = findContent(records, hash, digest!, origin - 1)!;
  const bytes = new Uint8Array(place.size);
  let at = 0;
  for await (const chunk of layers[place.layer]!.open(place)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
