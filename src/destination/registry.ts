/** A repository of a registry. */

import { ComposefsError } from "../error.ts";
import { type Reference, referenceText } from "../registry/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Destination, NewBlob, NewManifest } from "./destination.ts";

/** A repository, and the tag or digest by which something in it is named. */
export class RegistryDestination implements Destination {
  readonly name: string;
  readonly isSerial = false;
  readonly #registry: Registry;
  readonly #reference: Reference;
  readonly #from: string | undefined;
  readonly #signal: AbortSignal | undefined;
  #last: (() => Promise<void>) | undefined;

  /** @param options `from`: a repository of the same registry that has the blobs, which need not be sent then */
  constructor(
    registry: Registry,
    reference: Reference,
    { from, signal }: { from?: string | undefined; signal?: AbortSignal | undefined } = {},
  ) {
    this.name = `docker://${referenceText(reference)}`;
    this.#registry = registry;
    this.#reference = reference;
    this.#from = from;
    this.#signal = signal;
  }

  async putBlob(blob: NewBlob): Promise<boolean> {
    const options = { from: this.#from, signal: this.#signal };
    return (await this.#registry.pushBlob(this.#reference.repository, blob, options)) !== "present";
  }

  async putManifest(manifest: NewManifest): Promise<void> {
    await this.#push(manifest, manifest.digest);
  }

  /** The registry, or its client, lists it by its subject. */
  async putReferrer(manifest: NewManifest): Promise<void> {
    await this.#push(manifest, manifest.digest);
  }

  async putNamed(manifest: NewManifest): Promise<void> {
    const { tag, digest } = this.#reference;
    if (digest !== null && digest !== manifest.digest) {
      const what = `the image has the digest ${manifest.digest}, and cannot be written as ${digest}`;
      throw new ComposefsError("REGISTRY_REFERENCE", `${this.name}: ${what}`);
    }
    this.#last = () => this.#push(manifest, tag ?? manifest.digest);
  }

  async replace(replaced: ReadonlyMap<string, NewManifest>): Promise<void> {
    const { repository, tag, digest } = this.#reference;
    // What is named by its digest alone is there under its new one.
    if (tag === null) return;
    this.#last = async () => {
      const options = { signal: this.#signal, mirrors: false };
      const there = (await this.#registry.manifest(repository, tag, options)).digest;
      const after = replaced.get(digest ?? there);
      if (after === undefined || (digest !== null && digest !== there)) {
        const what = `the tag leads to ${there} by now, to which it did not when it was read`;
        throw new ComposefsError("REGISTRY_MOVED", `${this.name}: ${what}`, { text: there });
      }
      await this.#push(after, tag);
    };
  }

  async commit(): Promise<void> {
    await this.#last?.();
    this.#last = undefined;
  }

  discard(): void {
    this.#last = undefined;
  }

  async #push({ bytes, mediaType }: NewManifest, reference: string): Promise<void> {
    await this.#registry.pushManifest(this.#reference.repository, reference, bytes, mediaType, {
      signal: this.#signal,
    });
  }
}
