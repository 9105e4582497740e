/**
 * A check: what is locked against what was computed, input by input. Plain data; the forms in which it is shown are in
 * `report-*.ts`.
 *
 * The digests decide. What they are bound to may change under them, such as a manifest that got an annotation: that is
 * said and is no failure.
 */

import type { TreeDiff } from "../explain/diff-data.ts";
import type { ImageExplanation } from "../explain/image.ts";
import type { LockedDigest } from "./digest-line.ts";
import type { ImageBinding, LockedInput } from "./lockfile.ts";

/** A digest that is locked, and what was found in its place. */
export interface CheckedDigest {
  /** Such as `bootable:v1-sha512-12`. */
  label: string;
  locked: string;
  /** Null: the input has no such digest any more. */
  actual: string | null;
}

/** What the digests are bound to, where it is not what it was. */
export interface BindingChange {
  field: keyof ImageBinding;
  /** For people. */
  locked: string;
  actual: string;
}

/** Why a digest is not the one that is locked. */
export type Explanation =
  | {
      kind: "diff";
      /** The old image, as it was named. */
      old: string;
      /** Whether the old image has the digest that is locked, so that this is the difference that counts. */
      isLocked: boolean;
      /** A is the old tree, B the new one. */
      diff: TreeDiff;
      /** Where the trees are equal and the images are not. */
      images: ImageExplanation | null;
    }
  | {
      kind: "identify";
      /** What `composefs identify` says of the locked digest. */
      text: string;
      /** Name of what gives the locked digest; null when nothing does. */
      found: string | null;
      /** Why the old image that was named could not be compared with; null when it is not that. */
      oldError: string | null;
    };

/** An input that was checked. */
export interface CheckedInput {
  input: string;
  platform: string | null;
  /** Line of the lock file, from 1, where it stands. */
  line: number;
  state: "same" | "different" | "unreadable";
  digests: CheckedDigest[];
  changes: BindingChange[];
  /** Null where there is nothing to explain, or nothing that could. */
  explanation: Explanation | null;
  /** Why it was not read. */
  error: { code: string; message: string } | null;
}

/** A check of a whole lock file. */
export interface CheckReport {
  /** Name of the lock file, with slashes, relative to where reports are read. */
  lockfile: string;
  inputs: CheckedInput[];
  /** Whether the lock file was rewritten. */
  isUpdated: boolean;
}

/** Inputs of each state. */
export function countStates({ inputs }: CheckReport): Record<CheckedInput["state"], number> {
  const counts = { same: 0, different: 0, unreadable: 0 };
  for (const { state } of inputs) counts[state]++;
  return counts;
}

/** Whether a digest is the locked one. */
export function isSame({ locked, actual }: CheckedDigest): boolean {
  return locked === actual;
}

/** Holds what was computed of an input against what is locked. */
export function compareDigests(locked: readonly LockedDigest[], actual: readonly LockedDigest[]): CheckedDigest[] {
  const found = new Map(actual.map(({ label, digest }) => [label, digest]));
  return locked.map(({ label, digest }) => ({ label, locked: digest, actual: found.get(label) ?? null }));
}

/** What of the binding is not what it was. A directory has no documents, and other inputs have no binding. */
export function compareBindings(locked: ImageBinding | null, actual: ImageBinding | null): BindingChange[] {
  if (locked === null || actual === null) return [];
  const changes: BindingChange[] = [];
  for (const field of ["manifest", "config", "unseen"] as const) {
    const [before, after] = [spell(locked[field]), spell(actual[field])];
    if (before !== after) changes.push({ field, locked: before, actual: after });
  }
  const layers = describeLayers(locked.diffIds, actual.diffIds);
  if (layers !== null) changes.push({ field: "diffIds", ...layers });
  return changes;
}

function spell(value: string | readonly string[] | null): string {
  return (typeof value === "string" ? value : value?.join(", ")) || "none";
}

/** Which layers are others: a change of a base image shows here first. */
function describeLayers(locked: readonly string[], actual: readonly string[]): Omit<BindingChange, "field"> | null {
  const length = Math.max(locked.length, actual.length);
  const changed = Array.from({ length }, (_, i) => i).filter((i) => locked[i] !== actual[i]);
  if (changed.length === 0) return null;
  const first = changed[0]!;
  const more = changed.length === 1 ? "" : ` and ${changed.length - 1} more`;
  const name = (diffIds: readonly string[]) => diffIds[first] ?? "none";
  return {
    locked: `layer ${first + 1} of ${locked.length}: ${name(locked)}${more}`,
    actual: `layer ${first + 1} of ${actual.length}: ${name(actual)}${more}`,
  };
}

/** Lines, from 1, of the inputs in the text of a lock file; 1 for all where they cannot be told. */
export function linesOfInputs(text: string, inputs: readonly LockedInput[]): number[] {
  const found: number[] = [];
  for (const [i, line] of text.split("\n").entries()) if (/^\s*"input"\s*:/.test(line)) found.push(i + 1);
  return found.length === inputs.length ? found : inputs.map(() => 1);
}
