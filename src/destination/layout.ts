/**
 * An OCI layout that is written to, wherever it lies: OCI image-spec, image-layout.md. Its index is edited as text, so that
 * what others wrote there stays as it is; changes are made to it as it is when they are committed.
 */

import { ComposefsError } from "../error.ts";
import { referrerOf } from "../registry/descriptor.ts";
import { parseJson } from "../source/json.ts";
import { appendElements, replaceElement, setMembers } from "../source/json-edit.ts";
import { TAG_KEY } from "../source/select.ts";
import type { Destination, NewBlob, NewManifest } from "./destination.ts";

/** The files of a layout that is written to. */
export interface LayoutStore {
  /** For people. */
  readonly name: string;
  /** Whether there is a blob, of that size. */
  hasBlob(digest: string, size: number): Promise<boolean>;
  /** Writes a blob, whole or not at all. @throws {ComposefsError} IO_*, and what the bytes give */
  writeBlob(blob: NewBlob): Promise<void>;
  /** The index as it is; null where there is none yet. @throws {ComposefsError} IO_*, SOURCE_* */
  readIndex(): Promise<Uint8Array | null>;
  /** Writes the index, and whatever else a new layout needs. @throws {ComposefsError} IO_WRITE */
  commit(index: Uint8Array): Promise<void>;
  discard(): void;
}

const NEW_INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
const WHERE = "index.json";

/** A layout. */
export class LayoutDestination implements Destination {
  readonly name: string;
  /** A disk is not faster for several, and an archive has one end. */
  readonly isSerial = true;
  readonly #store: LayoutStore;
  readonly #tag: string | null;
  /** Entries of manifests that refer to others, by digest. */
  readonly #referrers = new Map<string, object>();
  #named: NewManifest | null = null;
  #replaced: ReadonlyMap<string, NewManifest> = new Map();

  /** @param tag by which `putNamed` lists a manifest; null for none */
  constructor(store: LayoutStore, tag: string | null) {
    this.name = store.name;
    this.#store = store;
    this.#tag = tag;
  }

  async putBlob(blob: NewBlob): Promise<boolean> {
    if (await this.#store.hasBlob(blob.digest, blob.size)) return false;
    await this.#store.writeBlob(blob);
    return true;
  }

  async putManifest({ bytes, digest }: NewManifest): Promise<void> {
    await this.putBlob({ digest, size: bytes.length, open: () => bytes });
  }

  async putReferrer(manifest: NewManifest): Promise<void> {
    await this.putManifest(manifest);
    const { artifactType } = referrerOf(manifest.bytes, manifest.digest).referrer;
    this.#referrers.set(manifest.digest, {
      ...descriptorOf(manifest),
      ...(artifactType !== undefined && { artifactType }),
    });
  }

  async putNamed(manifest: NewManifest): Promise<void> {
    await this.putManifest(manifest);
    this.#named = manifest;
  }

  async replace(replaced: ReadonlyMap<string, NewManifest>): Promise<void> {
    this.#replaced = replaced;
  }

  async commit(): Promise<void> {
    const before = await this.#store.readIndex();
    const index = before ?? new TextEncoder().encode(NEW_INDEX);
    const after = this.#name(this.#list(replaceDescriptors(index, this.#replaced, WHERE)));
    // A second entry for a tag, written meanwhile, would make every reader choose for itself.
    const tags = entriesOf(after).flatMap(({ tag }) => tag ?? []);
    if (this.#tag !== null && tags.filter((tag) => tag === this.#tag).length > 1) {
      throw new ComposefsError("SOURCE_SEVERAL", `${this.name}: several manifests have the tag ${this.#tag}`);
    }
    if (after !== before) await this.#store.commit(after);
  }

  discard(): void {
    this.#store.discard();
  }

  /** Lists what refers to others, unless it is listed. */
  #list(index: Uint8Array): Uint8Array {
    const known = new Set(entriesOf(index).map(({ digest }) => digest));
    const fresh = [...this.#referrers].filter(([digest]) => !known.has(digest));
    if (fresh.length === 0) return index;
    return appendElements(
      index,
      ["manifests"],
      fresh.map(([, entry]) => JSON.stringify(entry)),
    );
  }

  #name(index: Uint8Array): Uint8Array {
    if (this.#named === null) return index;
    const { digest } = this.#named;
    const tag = this.#tag;
    const json = JSON.stringify({
      ...descriptorOf(this.#named),
      ...(tag !== null && { annotations: { [TAG_KEY]: tag } }),
    });
    const entries = entriesOf(index);
    const at = entries.findIndex((other) => other.tag === tag && (tag !== null || other.digest === digest));
    if (at < 0) return appendElements(index, ["manifests"], [json]);
    // What is said of it beside the tag stays, when it is the same manifest.
    return entries[at]!.digest === digest ? index : replaceElement(index, ["manifests", at], json);
  }
}

/**
 * An index in which descriptors of manifests were replaced by those of others; the same bytes when there was nothing to do.
 *
 * @param where for people: which index this is
 * @throws {ComposefsError} SOURCE_JSON
 */
export function replaceDescriptors(
  index: Uint8Array,
  replaced: ReadonlyMap<string, NewManifest>,
  where: string,
): Uint8Array {
  const edits = entriesOf(index, where).flatMap(({ digest }, i) => {
    const after = replaced.get(digest);
    if (after === undefined) return [];
    const path = ["manifests", i];
    return [
      { path, name: "digest", json: JSON.stringify(after.digest) },
      { path, name: "size", json: String(after.bytes.length) },
    ];
  });
  return edits.length === 0 ? index : setMembers(index, edits);
}

function entriesOf(index: Uint8Array, where = WHERE): Array<{ digest: string; tag: string | null }> {
  const nodes = parseJson(index, where).field("manifests").items();
  return nodes.map((node) => ({
    digest: node.field("digest").digest(),
    tag: node.field("annotations").texts()[TAG_KEY] ?? null,
  }));
}

function descriptorOf({ mediaType, digest, bytes }: NewManifest) {
  return { mediaType, digest, size: bytes.length };
}
