/**
 * A repository with the tree in it: objects and images as plain files, made by the package from a dumpfile.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildImage, verityDigest } from "../../build/src/index.js";
import { imagePath, objectPath } from "../../build/src/linux/repo-layout.js";
import { dumpOf, isExternal, treeEntries } from "./tree.mjs";

/**
 * Adds an image of the tree, and its objects.
 *
 * @param repo directory of the repository
 * @param format `v0`, `v1` or `v2`
 * @param hash `sha256` or `sha512`
 * @returns format, hash and digest of the image
 */
export async function addImage(repo, format, hash) {
  const write = (path, content) => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), content);
  };
  const entries = treeEntries(format);
  const digests = new Map();
  for (const { content } of entries.filter(isExternal)) {
    const bytes = Buffer.from(content, "latin1");
    const digest = await verityDigest(bytes, { hash });
    digests.set(content, digest);
    write(objectPath(digest), bytes);
  }
  const dump = dumpOf(entries, (content) => digests.get(content));
  const pieces = [];
  const image = await buildImage(dump, {
    format,
    algorithms: [`${hash}-12`],
    // A piece lies in the memory of the engine, which goes on using it.
    sink: (piece) => void pieces.push(Buffer.from(piece)),
  });
  const digest = image.digests[`${hash}-12`];
  write(imagePath(digest), Buffer.concat(pieces));
  return { format, hash, digest };
}
