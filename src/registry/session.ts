/**
 * A registry as plain data: what a thread needs to go on reading where another one began. It holds credentials and tokens,
 * and never leaves memory.
 */

import type { Authorization } from "./authorize.ts";
import type { Credentials } from "./credentials.ts";
import type { RegistryLimits } from "./limits.ts";

/** A host, for one repository. */
export interface EndpointSession {
  host: string;
  repository: string;
  isPlainHttp: boolean;
  credentials: Credentials | null;
  authorization: Authorization;
}

/** The hosts that have a repository, in the order in which they are asked. */
export interface RegistrySession {
  endpoints: EndpointSession[];
  limits: RegistryLimits;
}

/** A blob in a registry, or the beginning of one. */
export interface RemoteBlob {
  session: RegistrySession;
  /** `sha256:` and hex. */
  digest: string;
  /** Bytes of the whole blob. */
  size: number;
  /** Bytes that are meant, from the beginning on. */
  length: number;
}
