/**
 * How much of a registry's answers is taken before it is refused, and how long one is waited for: value, unit, reason.
 * What is beyond a limit of size is an error with the code REGISTRY_LIMIT that names it.
 */

/** Limits of a client. Plain numbers, so that they can be posted to a worker. */
export interface RegistryLimits {
  /** Bytes of a manifest or an index. */
  manifestBytes: number;
  /** Bytes of the answer of a token service. */
  tokenBytes: number;
  /** Bytes of one page of referrers. */
  referrersPageBytes: number;
  /** Pages of one list of referrers. */
  referrersPages: number;
  /** Referrers of one image. */
  referrers: number;
  /** Referrers whose manifests are read because the list does not say what they are. */
  referrersRead: number;
  /** Names that are asked for on one page of repositories or tags. */
  listPageNames: number;
  /** Bytes of such a page. */
  listPageBytes: number;
  /** Pages of one list. */
  listPages: number;
  /** Names of one list. */
  listNames: number;
  /** Bytes of the body of a refusal, of which messages show a little. */
  errorBytes: number;
  /** Bytes of one header that is read: WWW-Authenticate, Link, Location. */
  headerBytes: number;
  /** Redirects of one request. */
  redirects: number;
  /** Milliseconds until an answer begins, and between two pieces of it. */
  idleMs: number;
  /** Milliseconds for one whole small answer: everything but blobs. */
  answerMs: number;
  /** Times that a request is sent, the first included, when it fails in a way that may pass. */
  attempts: number;
  /** Milliseconds before the first repetition; they double with each one. */
  backoffMs: number;
  /** Milliseconds that a registry may ask to wait before one repetition. */
  retryAfterMs: number;
  /** Times that a blob is taken up again without a new byte in between. */
  resumes: number;
  /** Times that a fallback tag is written anew when other writers meet. */
  fallbackWrites: number;
}

export const REGISTRY_LIMITS: Readonly<RegistryLimits> = {
  // distribution-spec, "Pushing Manifests": registries should take 4 MiB; containerd and containers/image read no more.
  manifestBytes: 4 * 1024 * 1024,
  // Tokens travel in a header afterwards, of which servers take some 8 to 64 KiB.
  tokenBytes: 256 * 1024,
  referrersPageBytes: 4 * 1024 * 1024,
  // Registries give fifty to a thousand referrers on a page. A thousand pages of 4 MiB are not worth waiting for.
  referrersPages: 100,
  // Images have a handful; those that a robot signs every day some hundreds a year.
  referrers: 10_000,
  // One request for each; go-containerregistry and old clients say nothing about any.
  referrersRead: 256,
  // What registries give at the most, as a rule.
  listPageNames: 1000,
  // A name has up to 255 bytes; some registries give all of them on one page.
  listPageBytes: 16 * 1024 * 1024,
  // Docker Hub has some ten million repositories; who has a million does not list them in one go.
  listPages: 10_000,
  listNames: 2_000_000,
  errorBytes: 16 * 1024,
  // What nginx and Node take as a default: 8 and 16 KiB.
  headerBytes: 8 * 1024,
  // As many as Go's HTTP client follows.
  redirects: 10,
  idleMs: 60_000,
  answerMs: 120_000,
  attempts: 5,
  backoffMs: 500,
  // Docker Hub counts in windows of hours: whoever is told to wait longer than a minute had better be told so.
  retryAfterMs: 60_000,
  resumes: 5,
  fallbackWrites: 12,
};

/**
 * The limits in force: those given, and the defaults for the others.
 *
 * @throws {RangeError} when a limit is not a number from 0 on @throws {TypeError} for an unknown name
 */
export function registryLimits(given: Partial<RegistryLimits> = {}): RegistryLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(REGISTRY_LIMITS, name)) throw new TypeError(`limits: ${name} is unknown`);
    if (!(typeof value === "number" && value >= 0)) {
      throw new RangeError(`limits.${name}: expected a number from 0 on, got ${value}`);
    }
  }
  return { ...REGISTRY_LIMITS, ...given };
}
