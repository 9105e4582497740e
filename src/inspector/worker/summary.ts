/**
 * What the page is told of an image when it was read.
 */

import { ComposefsError } from "../../error.ts";
import { type LayerChanges, layerChanges } from "../../explain/layer-changes.ts";
import { describeTree } from "../../explain/made.ts";
import { ROLES } from "../../image/view.ts";
import { isSealable, verifyContainer } from "../../seal/container.ts";
import type { SignatureCheck, VerifyReport } from "../../seal/verify.ts";
import { type ContainerImage, placeLength } from "../../source/container.ts";
import type { Choice, DocumentSummary, LayerSummary, Opened, TreeView } from "../protocol.ts";
import { profilesOf } from "./digests.ts";
import { DEFAULT_VIEW, type OpenImage, viewOf } from "./open-image.ts";
import type { ReadContainer } from "./read-input.ts";

/** Operands that would be taken for one with a prefix. */
const PREFIXED = /^(?:dump|erofs|oci|oci-archive|docker-archive|tar|dir):/;

/** All that is known of an open image. */
export function summaryOf(image: OpenImage): Opened {
  const { read, view, table, elapsedMs, choice } = image;
  const container = image.container?.image;
  const { report = null, reason = null } = image.seal ?? {};
  return {
    name: read.name,
    kind:
      container === undefined
        ? (read.kind as "dump" | "erofs")
        : (container.kind as Exclude<typeof container.kind, "dir">),
    operand: operandOf(read.name, container, choice),
    viewOptions: view === null ? [] : viewOptions(view),
    choiceOptions: choice.platform === undefined ? [] : ["--platform", choice.platform],
    reference: container?.reference ?? null,
    platform: container?.platform ?? null,
    format: image.tree.format ?? null,
    view,
    made: describeTree(image.container && view ? { trees: image.container.trees, view: viewOf(view) } : undefined),
    entries: table.length,
    layers: image.container === undefined ? [] : layersOf(image.container, changesOf(image.container)),
    documents: container === undefined ? [] : documentsOf(container),
    seal: report,
    sealReason: reason,
    profiles: profilesOf(image),
    roles: container === undefined ? [] : [...ROLES],
    elapsedMs,
  };
}

const known = new WeakMap<ContainerImage, LayerChanges>();

/** What the layers of an image do to each other, found out once. */
export function changesOf({ image, layers }: ReadContainer): LayerChanges {
  let changes = known.get(image);
  if (changes === undefined) {
    changes = layerChanges(layers.map(({ records }) => records));
    known.set(image, changes);
  }
  return changes;
}

/** The operand by which commands take it, when they run where the file lies. */
function operandOf(name: string, container: ContainerImage | undefined, { reference }: Choice): string {
  if (container?.kind === "registry") return name;
  if (reference !== undefined && container !== undefined) return `${container.kind}:${name}:${reference}`;
  return PREFIXED.test(name) ? `./${name}` : name;
}

/** Options that choose a tree, where it is not the default. */
function viewOptions({ role, layer, transform, revision }: TreeView): string[] {
  if (role === "layer") return ["--role", "layer", "--layer", `${layer ?? 1}`];
  const options = role === "bootable" ? ["--role", "bootable"] : [];
  if (transform === null) options.push("--no-transform");
  else if (transform !== DEFAULT_VIEW.transform) options.push("--xattrs", transform);
  if (role === "bootable" && revision !== DEFAULT_VIEW.revision) options.push("--transform-revision", `${revision}`);
  return options;
}

function layersOf({ image, layers }: ReadContainer, changes: LayerChanges): LayerSummary[] {
  const steps = historyOf(image.config?.json, layers.length);
  return layers.map(({ blob, records, diffId }, i) => {
    const { contentBytes, hiddenBytes, whiteouts } = changes.layers[i]!;
    return {
      layer: i + 1,
      diffId,
      digest: blob?.digest ?? null,
      mediaType: blob?.mediaType ?? "",
      storedBytes: blob === null ? 0 : placeLength(blob.place),
      tarBytes: records.tarBytes,
      entries: records.entries,
      contentBytes,
      wastedBytes: hiddenBytes,
      whiteouts,
      createdBy: steps[i] ?? null,
    };
  });
}

/** The steps of the build that made layers (OCI image-spec, config.md, history); none when they are not as many as layers. */
function historyOf(config: unknown, layers: number): Array<string | null> {
  const history = (config as { history?: unknown } | null | undefined)?.history;
  if (!Array.isArray(history)) return [];
  const steps = history.filter((step) => typeof step === "object" && step !== null && step.empty_layer !== true);
  if (steps.length !== layers) return [];
  return steps.map(({ created_by: text }) => (typeof text === "string" ? text : null));
}

function documentsOf({ manifest, config }: ContainerImage): DocumentSummary[] {
  const documents: DocumentSummary[] = [];
  if (manifest !== null) {
    const { digest, mediaType, bytes, json } = manifest;
    documents.push({ id: "manifest", title: "Manifest", digest, mediaType, bytes: bytes.length, json });
  }
  if (config !== null) {
    const { digest, bytes, json } = config;
    const mediaType = manifest === null ? "" : mediaTypeOf(manifest.json);
    documents.push({ id: "config", title: "Config", digest, mediaType, bytes: bytes.length, json });
  }
  return documents;
}

function mediaTypeOf(manifest: unknown): string {
  const type = (manifest as { config?: { mediaType?: unknown } }).config?.mediaType;
  return typeof type === "string" ? type : "";
}

/**
 * Checks the seals.
 *
 * @param checkSignature null without certificates
 * @returns the report; or why there is none, in a sentence
 * @throws {ComposefsError} ENGINE_*
 */
export async function checkSeals(
  { container }: OpenImage,
  checkSignature: SignatureCheck | null,
): Promise<{ report: VerifyReport | null; reason: string | null }> {
  const none = (reason: string) => ({ report: null, reason });
  if (container === undefined) return none("Only container images are sealed.");
  const { image, trees, seals } = container;
  if (!isSealable(image)) return none("This image has no manifest, in which or beside which a seal would stand.");
  if (seals.failure !== null) return none(`The seals cannot be read: ${seals.failure.code}: ${seals.failure.message}.`);
  const how = { artifacts: seals.artifacts, checkSignature, expectedManifest: null, roles: ["merged"] as const };
  try {
    return { report: await verifyContainer(image, trees, how), reason: null };
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.code.startsWith("ENGINE_")) throw error;
    return none(`The seals cannot be checked: ${error.code}: ${error.message}.`);
  }
}
