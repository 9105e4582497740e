/**
 * The lock file: the digests that a team holds its images to. It is small and is read by people in a review, so that one
 * change of an image is one changed line; `composefs.lock.schema.json` of this package describes it for programs.
 *
 *   {
 *     "lockfileVersion": 1,
 *     "inputs": [
 *       {
 *         "input": "oci:layout:web",             as in a command, relative to the folder of the lock file
 *         "platform": "linux/amd64",             what was asked for; null: nothing
 *         "image": {                             null for dumpfiles and EROFS images
 *           "xattrs": "allowlist-only",          mode of the OCI transform; null: no transform
 *           "transformRevision": null,           of the boot transform; null without a bootable tree
 *           "manifest": "sha256:…",              null where there is none, as is config
 *           "config": "sha256:…",
 *           "diffIds": ["sha256:…"],
 *           "unseen": []                         what of a directory was not seen
 *         },
 *         "digests": ["v1-sha512-12:…"]          lines of `composefs digest`
 *       }
 *     ]
 *   }
 *
 * Inputs are sorted by name and platform. A line of `digests` may begin with `bootable:`, `layer-N:` or `stored:`, which
 * is an EROFS image as it is.
 */

import { ComposefsError } from "../error.ts";
import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "../image/merge.ts";
import { type JsonNode, parseJson } from "../source/json.ts";
import { parsePlatform } from "../source/platform.ts";
import { quote, quoteStart } from "../source/quote.ts";
import { type LockedDigest, parseDigestLine, sortDigests } from "./digest-line.ts";

/** Name of the file where nobody says another. */
export const LOCKFILE_NAME = "composefs.lock.json";

/** Version of the form that is written, and the only one that is read. */
const LOCKFILE_VERSION = 1;

/** Bytes of a lock file: more than a thousand images of a hundred layers. No review would read one of that size. */
export const LOCKFILE_BYTES_MAX = 16 << 20;

/** What of a directory can stay unseen: `Unseen` of src/image/layers.ts. */
const UNSEEN = ["owners", "permissions", "xattrs"] as const;

/** What the digests of a container image are bound to. */
export interface ImageBinding {
  /** Mode of the OCI transform; null: none. */
  xattrs: XattrMode | null;
  /** Revision of the boot transform; null: no bootable tree is locked. */
  transformRevision: TransformRevision | null;
  /** `sha256:` and hex; null where there is none. */
  manifest: string | null;
  config: string | null;
  /** Of the uncompressed layers, base first; none for a directory. */
  diffIds: string[];
  /** What of a directory was not seen. */
  unseen: Array<(typeof UNSEEN)[number]>;
}

/** An input with its digests. */
export interface LockedInput {
  /** Operand, relative to the folder of the lock file. */
  input: string;
  platform: string | null;
  /** Null for dumpfiles and EROFS images. */
  image: ImageBinding | null;
  digests: LockedDigest[];
}

/** What a lock file says. */
export interface Lockfile {
  /** `$schema`, which editors read; kept as it is. */
  schema: string | null;
  inputs: LockedInput[];
}

/** A lock file with inputs put in the place of those of their name, or added. */
export function withInputs(lockfile: Lockfile, inputs: readonly LockedInput[]): Lockfile {
  const byName = new Map([...lockfile.inputs, ...inputs].map((one) => [keyOf(one), one]));
  return { ...lockfile, inputs: [...byName.values()] };
}

function keyOf({ input, platform }: LockedInput): string {
  return JSON.stringify([input, platform]);
}

/** The text of a lock file: the same for the same inputs, in whatever order they are. */
export function formatLockfile({ schema, inputs }: Lockfile): string {
  const sorted = [...inputs].sort((a, b) => compareTexts(a.input, b.input) || compareTexts(a.platform, b.platform));
  const plain = sorted.map(({ input, platform, image, digests }) => ({
    ...{ input, platform },
    image: image && {
      ...{ xattrs: image.xattrs, transformRevision: image.transformRevision },
      ...{ manifest: image.manifest, config: image.config, diffIds: image.diffIds, unseen: image.unseen },
    },
    digests: sortDigests(digests).map(({ label, digest }) => `${label}:${digest}`),
  }));
  const whole = { ...(schema && { $schema: schema }), lockfileVersion: LOCKFILE_VERSION, inputs: plain };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** By code units, so that no locale has a say; null comes first. */
function compareTexts(a: string | null, b: string | null): number {
  const [x, y] = [a ?? "", b ?? ""];
  return x < y ? -1 : Number(x > y);
}

/**
 * Reads a lock file. Line ends may be those of Windows, members may stand in any order and `$schema` beside them; what is
 * unknown is refused, since whoever wrote it meant something.
 *
 * @param name of the file, for messages
 * @throws {ComposefsError} LOCK_FORM, LOCK_VERSION, LOCK_TWICE, LOCK_LIMIT
 */
export function parseLockfile(bytes: Uint8Array, name: string): Lockfile {
  if (bytes.length > LOCKFILE_BYTES_MAX) {
    const data = { actual: bytes.length, limit: LOCKFILE_BYTES_MAX };
    const message = `${quote(name)}: ${data.actual} bytes, at most ${data.limit} are read`;
    throw new ComposefsError("LOCK_LIMIT", message, data);
  }
  try {
    const node = parseJson(bytes, quote(name));
    checkVersion(node.field("lockfileVersion"));
    checkMembers(node, ["$schema", "lockfileVersion", "inputs"]);
    const inputs = node.field("inputs").items().map(readInput);
    checkTwice(inputs, name);
    return { schema: node.field("$schema").optionalText(), inputs };
  } catch (error) {
    if (!(error instanceof ComposefsError) || !/^SOURCE_(JSON|DIGEST|PLATFORM)$/.test(error.code)) throw error;
    throw new ComposefsError("LOCK_FORM", error.message, error.data, { cause: error });
  }
}

function checkVersion(node: JsonNode): void {
  const version = node.size();
  if (version === LOCKFILE_VERSION) return;
  const data = { actual: version, limit: LOCKFILE_VERSION };
  throw new ComposefsError("LOCK_VERSION", `${node.where}: expected ${LOCKFILE_VERSION}, got ${version}`, data);
}

function checkTwice(inputs: readonly LockedInput[], name: string): void {
  const seen = new Set<string>();
  for (const one of inputs) {
    if (seen.has(keyOf(one))) {
      const platform = one.platform === null ? "" : ` for ${one.platform}`;
      throw new ComposefsError("LOCK_TWICE", `${quote(name)}: ${quoteStart(one.input)}${platform} is there twice`);
    }
    seen.add(keyOf(one));
  }
}

function readInput(node: JsonNode): LockedInput {
  checkMembers(node, ["input", "platform", "image", "digests"]);
  const input = node.field("input").text();
  if (input === "" || /^(?:[a-z-]+:)?-$/.test(input)) {
    throw formError(node.field("input"), `expected an input that can be read again, got ${quoteStart(input)}`);
  }
  const platform = node.field("platform").optionalText();
  if (platform !== null) readPlatform(node.field("platform"), platform);
  const image = node.field("image");
  const digests = node.field("digests").items().map(readDigest);
  if (digests.length === 0) throw formError(node.field("digests"), "expected at least one digest, got none");
  const labels = new Set(digests.map(({ label }) => label));
  if (labels.size < digests.length) throw formError(node.field("digests"), "a digest is there twice");
  return { input, platform, image: image.isPresent ? readBinding(image) : null, digests };
}

function readPlatform(node: JsonNode, platform: string): void {
  try {
    parsePlatform(platform);
  } catch (error) {
    throw formError(node, (error as Error).message);
  }
}

function readDigest(node: JsonNode): LockedDigest {
  const found = parseDigestLine(node.text());
  if (found !== undefined) return found;
  throw formError(node, `expected a line such as v1-sha512-12:HEX, got ${quoteStart(node.text())}`);
}

function readBinding(node: JsonNode): ImageBinding {
  checkMembers(node, ["xattrs", "transformRevision", "manifest", "config", "diffIds", "unseen"]);
  const digest = (field: JsonNode) => (field.isPresent ? field.digest() : null);
  return {
    xattrs: oneOf(node.field("xattrs"), XATTR_MODES),
    transformRevision: oneOf(node.field("transformRevision"), TRANSFORM_REVISIONS),
    manifest: digest(node.field("manifest")),
    config: digest(node.field("config")),
    diffIds: node
      .field("diffIds")
      .items()
      .map((item) => item.digest()),
    unseen: node
      .field("unseen")
      .items()
      .map((item) => oneOf(item, UNSEEN) ?? UNSEEN[0]),
  };
}

/** One of several values; null where there is none. */
function oneOf<T extends string | number>(node: JsonNode, values: readonly T[]): T | null {
  if (!node.isPresent) return null;
  const found = values.find((value) => value === node.value);
  if (found === undefined) throw formError(node, `expected ${values.join(" or ")}`);
  return found;
}

/** Refuses members that have no meaning: a misspelt one would otherwise lock nothing. */
function checkMembers(node: JsonNode, names: readonly string[]): void {
  node.field(names[0]!);
  const unknown = Object.keys(node.value as object).find((name) => !names.includes(name));
  if (unknown !== undefined) throw formError(node, `expected ${names.join(", ")}, got ${quoteStart(unknown)}`);
}

function formError(node: JsonNode, what: string): ComposefsError {
  return new ComposefsError("LOCK_FORM", `${node.where}: ${what}`);
}
