/** Platforms, as image indexes name them: os/architecture[/variant], in the words of Go (GOOS, GOARCH). */

/** What an image runs on. */
export interface Platform {
  os: string;
  architecture: string;
  /** Null for none, or for whichever. */
  variant: string | null;
}

/** Variants that are the same as none: containerd/platforms, database.go, normalizeArch. */
const PLAIN_VARIANTS: Readonly<Record<string, string>> = { amd64: "v1", arm64: "v8", arm: "v7" };

/**
 * Reads `os/architecture` or `os/architecture/variant`.
 *
 * @throws {TypeError | RangeError} when it is anything else
 */
export function parsePlatform(text: string): Platform {
  if (typeof text !== "string") throw new TypeError(`platform: expected a string, got ${typeof text}`);
  const parts = text.split("/");
  const isPlain = parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part));
  if (!isPlain || parts.length < 2 || parts.length > 3) {
    throw new RangeError(`platform: expected os/architecture or os/architecture/variant, got ${JSON.stringify(text)}`);
  }
  return { os: parts[0]!, architecture: parts[1]!, variant: parts[2] ?? null };
}

/** os/architecture[/variant] */
export function platformText({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === null ? "" : `/${variant}`}`;
}

/**
 * Whether an image is for the platform that is wanted. A variant is compared only when one is wanted (oci-to-tree.md 8.3
 * compares os and architecture).
 */
export function platformMatches(actual: Platform, wanted: Platform): boolean {
  if (actual.os !== wanted.os || actual.architecture !== wanted.architecture) return false;
  const plain = PLAIN_VARIANTS[wanted.architecture] ?? null;
  return wanted.variant === null || (actual.variant ?? plain) === wanted.variant;
}
