/**
 * Where the contents of objects come from when an image is stored.
 *
 * A source writes those of the wanted objects that it has. It is told by their digests, so that nothing is written, not
 * even under a temporary name, that is there already or that the tree does not name.
 */

import { closeSync } from "node:fs";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { withSystemPath } from "../linux/directory-path.node.ts";
import { joinPath, type Path } from "../linux/path.node.ts";
import { OBJECTS, objectPath } from "../linux/repo-layout.ts";
import { openObject } from "../linux/store-object.node.ts";
import type { ObjectWriter } from "../linux/store-write.node.ts";
import { openLayer } from "../source/layer-stream.ts";
import { layerContents } from "./find-content.ts";
import { toHex } from "./hex.ts";
import type { ImageLayer } from "./layers.ts";

/** Something that has contents. */
export interface ContentSource {
  /**
   * Writes objects.
   *
   * @param wanted digests in hex, and sizes in bytes; those that are written are taken out of it
   */
  write(wanted: Map<string, number>, writer: ObjectWriter): Promise<void>;
}

/** A content of a layer that is to be written. */
interface WantedContent {
  digest: string;
  offset: number;
  size: number;
}

/**
 * The layers of a container image: the records say where each content lies, so that a layer is read once more, as far as
 * its last wanted content, and not at all when nothing of it is wanted. Contents of a directory are files.
 */
export class LayerContents implements ContentSource {
  readonly #layers: readonly ImageLayer[];
  readonly #hash: HashName;
  readonly #folder: Path;
  readonly #onBytes: ((layer: number, bytes: number) => void) | undefined;

  /**
   * @param layers base first; the image that they are of is open
   * @param hash of the digests
   * @param folder where the files are, of a layer that is a directory
   * @param onBytes told of the layer, from 0, and how many bytes of its tar were read
   */
  constructor(
    layers: readonly ImageLayer[],
    hash: HashName,
    folder: Path,
    onBytes?: (layer: number, bytes: number) => void,
  ) {
    this.#layers = layers;
    this.#hash = hash;
    this.#folder = folder;
    this.#onBytes = onBytes;
  }

  async write(wanted: Map<string, number>, writer: ObjectWriter): Promise<void> {
    for (const [index, { blob, records }] of this.#layers.entries()) {
      const contents: WantedContent[] = [];
      for (const { digest, path, offset, size } of layerContents(records, this.#hash)) {
        if (wanted.size === 0) break;
        const name = toHex(digest);
        if (!wanted.delete(name)) continue;
        if (blob !== null) contents.push({ digest: name, offset, size });
        else withSystemPath(Buffer.from(this.#folder as string), path, (file) => writer.copy(file, name, size));
      }
      if (blob === null || contents.length === 0) continue;
      await writeRanges(openLayer(blob), contents, writer, (bytes) => this.#onBytes?.(index, bytes));
    }
  }
}

/**
 * Writes ranges of a stream as objects. Each of them is held against its digest, so that the end of the stream, where
 * its own digest is checked, need not be waited for.
 *
 * @param contents in the order of the stream, none of them overlapping
 * @throws {ComposefsError} IO_CHANGED for a stream that ends before them; what the writer and the stream give
 */
export async function writeRanges(
  chunks: AsyncIterable<Uint8Array>,
  contents: readonly WantedContent[],
  writer: ObjectWriter,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  let at = 0;
  let next = 0;
  let isOpen = false;
  for await (const chunk of chunks) {
    const end = at + chunk.length;
    for (; next < contents.length && contents[next]!.offset < end; next++) {
      const { digest, offset, size } = contents[next]!;
      if (!isOpen) writer.begin(digest, size);
      isOpen = true;
      writer.write(chunk.subarray(Math.max(offset - at, 0), offset + size - at));
      if (offset + size > end) break;
      writer.end();
      isOpen = false;
    }
    at = end;
    onBytes?.(at);
    if (next === contents.length) return;
  }
  const { digest } = contents[next]!;
  throw new ComposefsError("IO_CHANGED", `a layer ends before the content of object ${digest}`, { text: digest });
}

/** A directory of objects, `xx/yyyy…`: that of another repository, or one that mkcomposefs has written. */
export class FolderContents implements ContentSource {
  readonly #folder: Path;

  /** @param folder the one with the directories 00 to ff in it */
  constructor(folder: Path) {
    this.#folder = folder;
  }

  async write(wanted: Map<string, number>, writer: ObjectWriter): Promise<void> {
    for (const [digest, size] of [...wanted]) {
      const path = joinPath(this.#folder, objectPath(digest).slice(OBJECTS.length + 1));
      const opened = openObject(path);
      if (typeof opened !== "number") continue;
      closeSync(opened);
      writer.copy(path, digest, size);
      wanted.delete(digest);
    }
  }
}
