/**
 * Files that the page hands out. Their bytes go into Blobs piece by piece, which a browser may keep on disk.
 */

import { type Profile, parseProfile } from "../../image/profile.ts";
import type { OpenImage } from "./open-image.ts";

/** The image of a profile; the opened EROFS image as it is, or the default, where it is null. */
export function imageBlob(image: OpenImage, profile: Profile | null): Blob {
  const { tree } = image;
  const parts: Blob[] = [];
  if (profile === null && tree.image !== undefined) {
    const { size } = tree.image;
    for (let at = 0; at < size; ) {
      const piece = tree.imageBytes(at, Math.min(1 << 20, size - at));
      parts.push(new Blob([piece]));
      at += piece.length;
    }
  } else {
    const { format, algorithm } = parseProfile(profile ?? `v1-${image.algorithm}`);
    const written = tree.openImage(format, [algorithm]);
    for (let piece = written.read(); piece.length > 0; piece = written.read()) parts.push(new Blob([piece]));
  }
  return new Blob(parts, { type: "application/octet-stream" });
}

/** The canonical dumpfile. */
export function dumpBlob(image: OpenImage): Blob {
  const parts = Array.from(image.tree.canonicalDump(), (piece) => new Blob([piece]));
  return new Blob(parts, { type: "text/plain" });
}

export function jsonBlob(value: unknown): Blob {
  return new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" });
}
