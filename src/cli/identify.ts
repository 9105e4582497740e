/**
 * `composefs identify --expected HEX INPUT`: which profile of a tree gives a digest, or what else it is of.
 *
 *   profile  v1-sha256-12
 *   digest   fs-verity, SHA-256 over blocks of 4096 bytes, of the v1 image
 *   tree     as given
 *
 * When nothing gives it, all digests that were tried follow, so that people can compare; and for an image which image of
 * its tree is nearest. `--json` prints one object:
 *
 *   {"expected": {"digest": "9f1c…", "hash": "sha256", "label": null},
 *    "made": {"role": null, "transform": false, …},
 *    "found": {"what": "image", "variant": "given", "format": "v1", "algorithm": "sha256-12",
 *              "profile": "v1-sha256-12", "digest": "9f1c…"},
 *    "tried": [{…}, …],
 *    "refused": [{"variant": "given", "format": "v2", "code": "EROFS_V2_SYMLINK", "message": "…"}],
 *    "stored": {"format": "v1", "size": 16384, "isCanonical": true,
 *               "comparisons": [{"format": "v1", "size": 16384, "firstDifference": null, "differentBlocks": 0}],
 *               "nearest": null}}
 *
 * `what` is `image`, `image-bytes`, `canonical-dump`, `input` or `input-bytes`; `variant` is `given` or what was changed in
 * the tree; `profile` is null for what is no digest of composefs. `found` is null when nothing gives the digest, `stored`
 * when the input is a dumpfile. `nearest`, of an image that is not canonical, is one of `comparisons` with the place of
 * the first difference: {…, "place": {"kind": "superblock", "field": "uuid", "path": null}}.
 *
 * Of a container image also its other trees are tried, of all roles, xattr modes and revisions; `variant` is then
 * `allowlist-only`, `keep-user-xattrs`, `untransformed`, `bootable-allowlist-only`, `bootable-keep-user-xattrs`, each of
 * these two with `-revision-2`, or `layer-1` and so on. `made` says what `given` is.
 *
 * Exit codes: 0 the input gives the digest, by a profile or as the image that it is (a container image by its merged or its
 * bootable tree in any xattr mode, revision and untransformed, unless options ask for one of these); 1 it does not, even when the digest
 * is known to be of something else: a script that asks must not take a plain hash for a seal.
 */

import { createHash } from "node:crypto";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { type HashName, VeritySlot } from "../engine/slot.ts";
import { escapeBytes } from "../explain/display.ts";
import {
  type Candidate,
  type Expected,
  identify,
  type PlainHash,
  parseExpected,
  type TreeView,
} from "../explain/identify.ts";
import { identificationText } from "../explain/identify-text.ts";
import { allViews } from "../explain/identify-views.ts";
import { toHex } from "../image/hex.ts";
import type { View } from "../image/view.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { type ContainerInput, type InputOptions, openTree, type TreeInput } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { describeTree, treeFacts } from "./view.ts";

export interface IdentifyCommandOptions extends InputOptions {
  expected: string;
  json?: boolean;
  progress: boolean;
  accelerator: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, DUMP_*, IMAGE_*, EROFS_*, IO_*, ENGINE_* */
export async function run(input: string, options: IdentifyCommandOptions): Promise<number> {
  const expected = readExpected(options.expected);
  const accelerator = options.accelerator ? acceleratorFromEnvironment() : "off";
  const progress = startProgress(options.progress);
  const second = acquireEngineSync();
  try {
    const plain = plainHash(expected.hash);
    const verity = new VeritySlot(
      second,
      0,
      { hash: expected.hash, blockBits: 12, salt: new Uint8Array(0) },
      accelerator,
    );
    const opened = await openTree(input, options, {
      accelerator,
      progress,
      hash: expected.hash,
      takesAll: true,
      onBytes: (bytes) => {
        plain.update(bytes);
        verity.write(bytes);
      },
    });
    const { engine, tree, container } = opened;
    const digests = { plain: plain.digest(), verity: toHex(verity.close()) };
    releaseEngine(second);
    const result = await identify(engine, tree, expected, {
      accelerator,
      plainHash,
      ...(container === undefined ? { input: digests } : { views: viewsOf(container, expected.hash) }),
      onProgress: (verb, bytes, totalBytes) => progress.update(verb, bytes, totalBytes),
    });
    await opened.close();
    progress.clear();
    const stored = tree.image && { format: tree.format!, size: tree.image.size };
    if (options.json) {
      const { found, tried, refused, comparisons, nearest } = result;
      const own = comparisons.find(({ format }) => format === stored?.format);
      const isCanonical = own && own.firstDifference === undefined;
      const path = nearest?.place?.path;
      const place = nearest?.place && { ...nearest.place, path: path && escapeBytes(path) };
      const { hex, hash, label } = expected;
      const facts = {
        expected: { digest: hex, hash, label },
        made: treeFacts(container),
        found,
        tried,
        refused,
        stored: stored && { ...stored, isCanonical, comparisons, nearest: nearest && { ...nearest, place } },
      };
      print(`${JSON.stringify(facts, (_, value) => value ?? null)}\n`);
    } else {
      if (container !== undefined) print(`given    ${describeTree(container)}\n`);
      print(identificationText(expected, result, stored));
    }
    return isGiven(result.found, opened, options) ? EXIT_OK : EXIT_NO;
  } finally {
    progress.clear();
  }
}

/** Whether what was found is a digest of the input itself; of a container image in any view that options leave. */
function isGiven(found: Candidate | undefined, { tree, container }: TreeInput, options: InputOptions): boolean {
  if (found === undefined) return false;
  if (found.what === "input") return tree.image !== undefined;
  if (found.profile === undefined) return false;
  if (found.variant === "given") return true;
  const named = allViews(container?.layers.length ?? 0).find(({ id }) => id === found.variant);
  return container !== undefined && named !== undefined && isAsked(named.view, options);
}

/** The trees but the one that is given. */
export function viewsOf({ trees, view: given, layers }: ContainerInput, hash: HashName): TreeView[] {
  return allViews(layers.length)
    .filter(({ view }) => JSON.stringify(view) !== JSON.stringify(given))
    .map(({ view, ...words }) => ({ ...words, merge: (engine) => trees.tree(engine, view, hash) }));
}

/** Whether a tree is one of those that options leave; without options merged and bootable trees, not single layers. */
function isAsked(view: View, { role, layer, transformRevision, xattrs, transform }: InputOptions): boolean {
  if (view.role === "layer") return role === "layer" && (layer === undefined || view.layer === Number(layer));
  if (role !== undefined && role !== "all" && role !== view.role) return false;
  if (view.role === "bootable" && transformRevision !== undefined && view.revision !== Number(transformRevision)) {
    return false;
  }
  return transform === false ? view.transform === null : xattrs === undefined || view.transform === xattrs;
}

function readExpected(text: string): Expected {
  try {
    return parseExpected(text);
  } catch (error) {
    throw usageError(`--expected: ${(error as Error).message}`);
  }
}

function plainHash(name: string): PlainHash {
  const hash = createHash(name);
  return { update: (bytes) => hash.update(bytes), digest: () => hash.digest("hex") };
}
