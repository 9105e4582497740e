/**
 * What a running composefs mount enforces, told by the kernel's list of mounts.
 *
 * A mount is of composefs when it is an overlay with a data-only layer. Its image is mounted below it at the same place
 * (mount-plan.node.ts), or elsewhere, or nowhere that can be seen, as other tools do.
 *
 * The kernel names the file that an image was mounted from and does not say which file that was. So what is said of the
 * image is said of the file that has the name now.
 */

import { readFileSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import type { VerityMode } from "./mount-plan.node.ts";
import { type Mount, readMountinfo, topMount } from "./mountinfo.node.ts";
import { type Path, realPath, showPath } from "./path.node.ts";
import { type MeasuredDigest, verityState } from "./verity.node.ts";

/** A composefs mount. */
export interface ComposefsMount {
  overlay: Mount;
  /** The mount of the image; null where another tool has hidden it. */
  image: Mount | null;
  /** Whether the image is mounted at the same place, below the overlay. */
  isStacked: boolean;
  lower: readonly Buffer[];
  data: readonly Buffer[];
}

/** What is known about a mount. */
export interface MountReport {
  target: Buffer;
  verity: VerityMode;
  metacopy: boolean;
  redirect: boolean;
  isReadOnly: boolean;
  lower: readonly Buffer[];
  /** Data-only layers: directories of objects. */
  data: readonly Buffer[];
  upper: Buffer | null;
  work: Buffer | null;
  /** The file that the image was mounted from, null when it is not known; and whether through a loop device. */
  image: Buffer | null;
  isLoop: boolean;
  /** The fs-verity digest of that file as the kernel reports it; `off`: not enabled; `unknown`: not to be found out. */
  imageVerity: MeasuredDigest | "off" | "unknown";
  /** What nobody can get around without changing the mount, and what somebody could, in words. */
  enforced: readonly string[];
  notEnforced: readonly string[];
}

const COLON = 0x3a;
const BACKSLASH = 0x5c;
/** Major number of loop devices (Documentation/admin-guide/devices.txt). */
const LOOP_MAJOR = /^7:/;

/**
 * The composefs mount at a mount point.
 *
 * @param target as the kernel shows it
 * @throws {ComposefsError} LINUX_NOT_COMPOSEFS
 */
export function findComposefs(mounts: readonly Mount[], target: Uint8Array): ComposefsMount {
  const overlay = topMount(mounts, target);
  const refuse = (reason: string) => {
    const path = Buffer.from(target).toString();
    return new ComposefsError("LINUX_NOT_COMPOSEFS", `${showPath(target)}: ${reason}`, { path });
  };
  if (overlay === undefined) throw refuse("nothing is mounted there");
  if (overlay.type !== "overlay") {
    throw refuse(`expected an overlay over an EROFS image, found a mount of type ${overlay.type}`);
  }
  const { lower, data } = layersOf(overlay);
  if (data.length === 0) throw refuse("expected an overlay with a data-only layer, found one without");
  const below = mounts.findLast(({ id }) => id === overlay.parent);
  const isStacked = below?.type === "erofs" && below.target.equals(overlay.target);
  const image = isStacked
    ? below
    : lower.map((path) => topMount(mounts, path)).find((mount) => mount?.type === "erofs");
  return { overlay, image: image ?? null, isStacked, lower, data };
}

/**
 * Says what a mount enforces.
 *
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_NOT_COMPOSEFS, IO_OPEN
 */
export function checkMount(target: Path): MountReport {
  const found = findComposefs(readMountinfo(), realPath(target));
  const image = found.image === null ? null : imageFile(found.image);
  return reportOf(found, image, image === null ? "unknown" : stateOf(image));
}

/** The report, from what was found. @param imageVerity state of the file `image` */
export function reportOf(
  found: ComposefsMount,
  image: Buffer | null,
  imageVerity: MountReport["imageVerity"],
): MountReport {
  const { overlay, lower, data } = found;
  const value = (name: string) => overlay.fileSystemOptions.findLast(([key]) => key === name)?.[1] ?? null;
  const facts = {
    target: overlay.target,
    verity: (value("verity")?.toString() ?? "off") as VerityMode,
    metacopy: value("metacopy")?.toString() === "on",
    redirect: value("redirect_dir")?.toString() === "on",
    isReadOnly: overlay.options.includes("ro") || overlay.fileSystemOptions.some(([name]) => name === "ro"),
    ...{ lower, data, upper: value("upperdir"), work: value("workdir"), image },
    isLoop: LOOP_MAJOR.test(found.image?.device ?? ""),
    imageVerity,
  };
  return { ...facts, ...claimsOf(facts) };
}

function claimsOf(facts: Omit<MountReport, "enforced" | "notEnforced">) {
  const enforced: string[] = [];
  const notEnforced: string[] = [];
  const { verity, imageVerity, upper } = facts;
  if (verity === "require") {
    enforced.push(
      "content: a file outside the image opens only if its object has the digest that the image has for it",
    );
  } else if (verity === "on") {
    enforced.push("content: an object is held against its digest where the image has one");
    notEnforced.push("content: a file for which the image has no digest is read as it is");
  } else {
    notEnforced.push("content: objects are read as they are, whatever their digests");
  }
  if (typeof imageVerity === "object") {
    const digest = `${imageVerity.hash}:${imageVerity.digest}`;
    enforced.push(`image: the kernel checks every block of the file of that name against ${digest}`);
  } else if (imageVerity === "off") {
    notEnforced.push(
      "image: the file of that name has no fs-verity, so that names, metadata and digests can be changed below the mount",
    );
  } else {
    notEnforced.push("image: whether the file has fs-verity could not be found out");
  }
  if (upper !== null) notEnforced.push("changes: whatever is in the upper layer covers the image, and is not checked");
  else enforced.push("changes: there is no upper layer");
  return { enforced, notEnforced };
}

/** Lower and data-only layers: `lowerdir=A:B::DATA::DATA`, or options lowerdir+ and datadir+ with one path each. */
function layersOf(overlay: Mount): { lower: Buffer[]; data: Buffer[] } {
  const lower: Buffer[] = [];
  const data: Buffer[] = [];
  for (const [name, value] of overlay.fileSystemOptions) {
    if (value === null) continue;
    if (name === "lowerdir+") lower.push(value);
    if (name === "datadir+") data.push(value);
    if (name !== "lowerdir") continue;
    // An empty part stands between the two colons before a data-only layer.
    let isData = false;
    for (const part of splitLayers(value)) {
      if (part.length === 0) isData = true;
      else (isData ? data : lower).push(part);
    }
  }
  return { lower, data };
}

/** Splits at colons; a backslash takes the meaning from the byte behind it. */
function splitLayers(value: Uint8Array): Buffer[] {
  const parts: number[][] = [[]];
  for (let i = 0; i < value.length; i++) {
    const byte = value[i]!;
    if (byte === COLON) parts.push([]);
    else parts.at(-1)!.push(byte === BACKSLASH && i + 1 < value.length ? value[++i]! : byte);
  }
  return parts.map((part) => Buffer.from(part));
}

/** The file that an image was mounted from; null when the system does not say. */
function imageFile(image: Mount): Buffer | null {
  if (!LOOP_MAJOR.test(image.device)) return image.source[0] === 0x2f ? image.source : null;
  try {
    const path = readFileSync(`/sys/dev/block/${image.device}/loop/backing_file`);
    return path.subarray(0, path.length - 1);
  } catch {
    return null;
  }
}

/** State of the file that has the name of the image now. */
function stateOf(image: Buffer): MountReport["imageVerity"] {
  try {
    return verityState(image);
  } catch (error) {
    if (error instanceof ComposefsError) return "unknown";
    throw error;
  }
}
