/**
 * Where images go, with what refers to them: one form for OCI layouts in directories and archives, and for repositories of
 * registries. The counterpart of `source/`.
 *
 * Blobs come before the manifests that name them, and nothing leads to any of it before `commit`: who reads at the same time
 * sees what was there before, or all that is new. In a registry that holds for tags.
 */

/** A blob to be written. */
export interface NewBlob {
  /** `sha256:` and hex. */
  digest: string;
  /** Bytes. */
  size: number;
  /** The bytes, as often as they are asked for; what comes in pieces is checked by whoever gives it. */
  open(): Uint8Array | AsyncIterable<Uint8Array>;
}

/** A manifest or an index to be written. */
export interface NewManifest {
  bytes: Uint8Array;
  mediaType: string;
  /** `sha256:` and hex of `bytes`. */
  digest: string;
}

/** Where images are written. */
export interface Destination {
  /** For people. */
  readonly name: string;
  /** Whether blobs have to come one after the other. */
  readonly isSerial: boolean;
  /**
   * Sees to it that a blob is there.
   *
   * @returns whether it had to be written
   * @throws {ComposefsError} IO_*, REGISTRY_*, and what the bytes give
   */
  putBlob(blob: NewBlob): Promise<boolean>;
  /** Writes a manifest that something else names. @throws {ComposefsError} IO_*, REGISTRY_* */
  putManifest(manifest: NewManifest): Promise<void>;
  /** Writes a manifest that refers to another one, and is found by that. @throws {ComposefsError} IO_*, REGISTRY_*, SOURCE_JSON */
  putReferrer(manifest: NewManifest): Promise<void>;
  /** Lets the name of this destination lead to a manifest: a tag, or the place in a layout without one. */
  putNamed(manifest: NewManifest): Promise<void>;
  /**
   * Lets what leads to a manifest lead to another one, which was written.
   *
   * @param replaced by the digest of the one that goes
   * @throws {ComposefsError} REGISTRY_MOVED when the tag leads elsewhere by now; SOURCE_JSON, IO_*, REGISTRY_* now or by `commit`
   */
  replace(replaced: ReadonlyMap<string, NewManifest>): Promise<void>;
  /** Lets all of it appear. @throws {ComposefsError} IO_WRITE, SOURCE_JSON, REGISTRY_* */
  commit(): Promise<void>;
  /** Gives up what was not committed; does nothing afterwards. */
  discard(): void;
}
