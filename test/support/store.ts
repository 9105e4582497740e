/** Repositories for tests: images to store, and what is in a repository, by plain file calls. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileDigest } from "./naive/verity.ts";
import { makeForm } from "./oci/forms.mjs";
import { dir, type Entry, file, tarball } from "./oci/tar.mjs";

/** The bytes of file number `seed`; all of another content, most of them longer than a block. */
export function contentOf(seed: number, length: number): Buffer {
  return Buffer.alloc(length, `${seed} content of a file. `);
}

/** The digest that names an object, by the naive reference. */
export function objectDigest(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha512"): string {
  return fileDigest(bytes, { algorithm, blockSize: 4096 }).toString("hex");
}

/** Lengths at the inline limit, at block ends, and of several blocks. */
export const LENGTHS = [65, 66, 4095, 4096, 4097, 20_000, 128 * 4096 + 1];

/** Entries of a layer with `count` files below `folder`, which are objects all. */
export function someFiles(folder: string, count: number, lengths: readonly number[] = LENGTHS, seed = 0): Entry[] {
  const files = Array.from({ length: count }, (_, i) =>
    file(`${folder}/f${i}`, contentOf(seed + i, lengths[i % lengths.length]!)),
  );
  return [dir("usr"), dir(folder), ...files];
}

/** Writes an OCI archive. @returns its path */
export function writeImage(folder: string, layers: readonly Entry[][], name = "image.oci"): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    makeForm(
      "oci-archive",
      layers.map((entries) => tarball(entries)),
      { compression: "gzip" },
    ),
  );
  return path;
}

/** All that is in a folder, by path: contents, `-> target` of links, null for directories. */
export function snapshot(folder: string, below = ""): Map<string, Buffer | string | null> {
  const found = new Map<string, Buffer | string | null>();
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isSymbolicLink()) found.set(path, `-> ${readlinkSync(join(folder, path))}`);
    else if (entry.isFile()) found.set(path, readFileSync(join(folder, path)));
    else {
      found.set(path, null);
      for (const [inner, value] of snapshot(folder, path)) found.set(inner, value);
    }
  }
  return found;
}

/** Inode, and times of the last change, of all in a folder: they tell a folder in which nothing was written, not even for a moment. */
export function traces(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of ["", ...snapshot(folder).keys()]) {
    const { ino, mtimeNs, ctimeNs } = lstatSync(join(folder, path), { bigint: true });
    found.set(path, `${ino} ${mtimeNs} ${ctimeNs}`);
  }
  return found;
}

/** Paths of the objects in a repository, from it on. */
export function objectsIn(repo: string): string[] {
  return [...snapshot(repo)]
    .filter(([path, value]) => path.startsWith("objects/") && value !== null)
    .map(([path]) => path);
}
