/**
 * What the page asks of the session behind it (worker/session.ts), and what it is told: plain data on both sides, so that
 * it can be posted between threads.
 *
 *   const inspector = connectInspector()                      // client.ts
 *   const opened = await inspector.open("a", input, {}, show, signal)
 *   const { rows } = await inspector.list("a", NO_FILTER)
 *   const window = await inspector.rows("a", 0, 50)
 *
 * Paths, names, targets, keys and values are text with the escapes of composefs-dump(5), as in the JSON of the commands.
 * Bytes come raw only where a person looks at raw bytes. The page parses none of them.
 *
 * Every promise of {@link Inspector} is rejected with a {@link RequestError}, or with the reason of the signal.
 */

import type { JsonNumber } from "../explain/listing.ts";
import type { EntryType } from "../image/cursor.ts";
import type { TransformRevision, XattrMode } from "../image/merge.ts";
import type { Profile } from "../image/profile.ts";
import type { Role } from "../image/view.ts";
import type {
  Comparison,
  DiffRow,
  EntryDetails,
  FileRow,
  LintFacts,
  SizeNode,
  StructureDetails,
  StructureFacts,
  StructureRow,
  WastedFile,
  WhiteoutRow,
} from "./answers.ts";

export type * from "./answers.ts";

import type { VerifyReport } from "../seal/verify.ts";

/** One of the two images that can be open at once. */
export type Side = "a" | "b";

/** A file of an input, with its path below the folder that was dropped, the folder's name first; of a single file its name. */
export interface InputFile {
  path: string;
  file: File;
}

/** What is opened. */
export type Input =
  /** One file; or the files of one folder, which is an OCI layout. */
  | { kind: "files"; files: readonly InputFile[] }
  /** An image in a registry. @param reference such as `ghcr.io/org/app:latest`, with or without `docker://` */
  | { kind: "registry"; reference: string }
  /** What `composefs inspect INPUT` serves. @param url of the folder that has it, with a slash at its end: see served.ts */
  | { kind: "served"; url: string };

/** Which image of several. What there is to choose from is in `choices` of the error SOURCE_SEVERAL. */
export interface Choice {
  /** A tag of a layout, a name in a docker-save archive. */
  reference?: string;
  /** os/architecture or os/architecture/variant. */
  platform?: string;
}

/** How far the reading of an input is. Sent some ten times a second. */
export interface OpenProgress {
  /** A sentence without its stop: `Reading layers`. */
  phase: string;
  layers: LayerProgress[];
  /** Since the input was opened, in milliseconds. */
  elapsedMs: number;
}

export interface LayerProgress {
  /** From 1, base first; 0 of an input that has no layers. */
  layer: number;
  /** Name of the file; of a layer its diff_id, or what else it is called. */
  label: string;
  /** Bytes as stored that were read so far, or uncompressed bytes where `totalBytes` is of those. */
  doneBytes: number;
  /** Null when nobody knows. */
  totalBytes: number | null;
  state: "waiting" | "running" | "done";
}

export type InputKind = "oci" | "oci-archive" | "docker-archive" | "tar" | "registry" | "dump" | "erofs";

/** Which tree of a container image is shown. Others have one tree only. */
export interface TreeView {
  /** `merged` where nothing else is chosen. */
  role: Role;
  /** Of the role layer: which one, from 1. */
  layer: number | null;
  /** The OCI transform with its xattr mode; null for the tree as the layers leave it. */
  transform: XattrMode | null;
  /** Revision of the boot transform; of the role bootable. */
  revision: TransformRevision;
}

/** A layer of an image. */
export interface LayerSummary {
  /** From 1, base first. */
  layer: number;
  diffId: string | null;
  /** Of the blob as stored. */
  digest: string | null;
  mediaType: string;
  /** Bytes as stored. */
  storedBytes: number;
  /** Bytes of the tar. */
  tarBytes: number;
  /** Entries of the tar. */
  entries: number;
  /** Bytes of the contents that it brings. */
  contentBytes: number;
  /** Of those the bytes that the image does not show any more: replaced or removed. */
  wastedBytes: number;
  /** Names that it removes from lower layers: whiteouts, opaque directories included. */
  whiteouts: number;
  /** The step of the build that made it, as the history of the config says. */
  createdBy: string | null;
}

/** A document of an image. */
export interface DocumentSummary {
  /** In addresses: `manifest`, `config`. */
  id: string;
  title: string;
  digest: string;
  mediaType: string;
  bytes: number;
  json: unknown;
}

/** What is known of an input when it was read. */
export interface Opened {
  name: string;
  kind: InputKind;
  /** The operand for commands: `oci-archive:app.tar:latest`, not yet quoted for a shell. */
  operand: string;
  /** Options for commands that choose the tree which is shown, such as `["--role", "bootable"]`; empty for the default. */
  viewOptions: string[];
  /** Options for commands that choose the image, such as `["--platform", "linux/arm64"]`. */
  choiceOptions: string[];
  reference: string | null;
  platform: string | null;
  /** Format of an EROFS image: v0, v1 or v2. */
  format: string | null;
  /** Which tree is shown; null for inputs that have one only. */
  view: TreeView | null;
  /** How that tree was made, in words: `merged of 3 layers, OCI transform, xattrs allowlist-only`. */
  made: string;
  /** Entries of the tree, names of hardlinks included. */
  entries: number;
  layers: LayerSummary[];
  documents: DocumentSummary[];
  /** What the image is sealed with, and whether it is right; null for what cannot be sealed. */
  seal: VerifyReport | null;
  /** Why `seal` is null: a sentence. */
  sealReason: string | null;
  /** Profiles whose digests can be asked for without reading again; the first one is the default. */
  profiles: Profile[];
  /** Trees that can be shown; one for inputs that are no container images. */
  roles: Role[];
  /** Milliseconds that reading took. */
  elapsedMs: number;
}

/** A digest of a tree, or of an EROFS image as it is. */
export interface DigestRow {
  role: Role | null;
  profile: Profile;
  /** Lower-case hex. */
  digest: string;
  /** Bytes of the image. */
  bytes: number;
  /** Null for an image that was not written anew. */
  inodes: number | null;
  /** Whether it is the digest of the EROFS image that was opened, as it is; others are of images that the tree makes. */
  isStored: boolean;
}

/** Which entries are wanted. */
export interface Filter {
  /** A part of the path, as people read it, upper and lower case alike; empty for all. */
  path: string;
  /** Null for all; `whiteout` for those alone. */
  type: EntryType | "whiteout" | null;
  /** Null for all. */
  layer: number | null;
  /** Size of files and symlinks, both ends included; null for no bound. */
  minBytes: number | null;
  maxBytes: number | null;
  /**
   * Entries that changed: with the other side open those that differ from it or that it lacks, else those that replaced an
   * entry of a lower layer.
   */
  changed: boolean;
}

/** All entries. */
export const NO_FILTER: Filter = { path: "", type: null, layer: null, minBytes: null, maxBytes: null, changed: false };

export type DownloadKind =
  /** The EROFS image of a profile, or the one that was opened when the profile is null. */
  | "image"
  /** The canonical dumpfile. */
  | "dump"
  /** All that is known, as JSON. */
  | "report";

/** How a request failed. */
export interface RequestFailure {
  /** Of src/codes.ts; `BUG` for anything else, which is a bug of this package. */
  code: string;
  message: string;
  data: Readonly<Record<string, JsonNumber>>;
  /** Of SOURCE_SEVERAL: what to choose from. */
  choices: Choice[];
  /** Of REGISTRY_CONNECT in a browser: what the operator of the registry has to allow, sentence by sentence. */
  advice: string[];
}

/** What the promises of {@link Inspector} are rejected with. */
export class RequestError extends Error {
  readonly failure: RequestFailure;

  constructor(failure: RequestFailure) {
    super(failure.message);
    this.name = "RequestError";
    this.failure = failure;
  }
}

/** The session, as the page sees it. Answers about a side that was closed or opened anew are failures with the code `CLOSED`. */
export interface Inspector {
  /**
   * Reads an input. What the side had is closed first.
   *
   * @param signal ends the reading: the promise is rejected with its reason at once, and threads stop
   */
  open(
    side: Side,
    input: Input,
    choice: Choice,
    onProgress: (progress: OpenProgress) => void,
    signal: AbortSignal,
  ): Promise<Opened>;
  close(side: Side): Promise<void>;
  /** Shows another tree of a container image. @returns what is new; layers and documents are the same */
  show(side: Side, view: TreeView): Promise<Opened>;

  /** Digests of one role for some profiles. Profiles of another hash than those of `Opened.profiles` read the layers again. */
  digests(side: Side, profiles: readonly Profile[], role: Role): Promise<DigestRow[]>;
  /** The digests of each layer alone. */
  layerDigests(side: Side): Promise<Array<{ layer: number; digests: DigestRow[]; none: string | null }>>;
  /** Checks the seals again, signatures by certificates in PEM or DER. */
  verify(side: Side, certificates: readonly File[]): Promise<VerifyReport>;

  /**
   * Chooses what the list has. With a filter all that leads to something that fits is open; without one directories are as they
   * were left.
   *
   * @returns rows of the list, and entries that fit
   */
  list(side: Side, filter: Filter): Promise<{ rows: number; matches: number }>;
  /** Opens or closes a directory of the list. @param isDeep with all that is below it @returns rows of the list */
  toggle(side: Side, index: number, isOpen: boolean, isDeep: boolean): Promise<{ rows: number }>;
  /** Rows of the list. */
  rows(side: Side, from: number, count: number): Promise<FileRow[]>;
  /** Opens the directories above an entry. @returns its row and the new number of rows; null when list or tree lacks it */
  reveal(side: Side, path: string): Promise<{ row: number; rows: number } | null>;
  /** @throws {RequestError} TREE_PATH */
  entry(side: Side, path: string): Promise<EntryDetails>;

  /**
   * The tree below a directory by size: of the largest entries those that `maxNodes` has room for.
   *
   * @param maxNodes 1 to 2000
   */
  sizes(side: Side, path: string, maxNodes: number): Promise<SizeNode>;
  /** The largest contents that are not shown any more. @param layer 0 for all */
  wasted(side: Side, layer: number, from: number, count: number): Promise<{ total: number; rows: WastedFile[] }>;
  /** What layers remove. @param layer 0 for all */
  whiteouts(side: Side, layer: number, from: number, count: number): Promise<{ total: number; rows: WhiteoutRow[] }>;

  /** Compares both sides, as they are shown. */
  compare(): Promise<Comparison>;
  /** Differences of a class, the first 10,000 of which are kept. */
  differences(id: string, from: number, count: number): Promise<DiffRow[]>;
  lint(side: Side): Promise<LintFacts>;

  structure(side: Side): Promise<StructureFacts>;
  /** Structures of the walk. */
  structures(side: Side, from: number, count: number): Promise<StructureRow[]>;
  /** The structure that has the byte at an offset. */
  structureAt(side: Side, offset: number): Promise<StructureDetails>;
  /** Structures of an entry: its inode, xattrs, content or dirents. */
  structuresOf(side: Side, path: string): Promise<StructureRow[]>;
  /** Bytes of the image, fewer at its end. @param length at most 1 MiB */
  bytes(side: Side, offset: number, length: number): Promise<Uint8Array>;

  /** @param profile of the image; null for the opened EROFS image as it is, or the default */
  download(side: Side, kind: DownloadKind, profile: Profile | null, signal: AbortSignal): Promise<Blob>;
}
