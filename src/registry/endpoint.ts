/**
 * One host that speaks the distribution protocol: requests to it with authorization, repeated when a failure may pass.
 */

import { ComposefsError, type ComposefsErrorCode } from "../error.ts";
import { type Authorization, Authorizer } from "./authorize.ts";
import type { CredentialLookup, Credentials } from "./credentials.ts";
import type { RegistryLimits } from "./limits.ts";
import { isObject, jsonObject, show, textOf } from "./text.ts";
import { type Answer, addressOf, ask, type Fetch, type Question } from "./transport.ts";

/** A request to an endpoint. */
export interface EndpointQuestion extends Omit<Question, "authorization" | "url"> {
  /** Behind `/v2/`, or an address that the registry gave. */
  to: string | URL;
  /** What a token has to be good for. */
  scopes: readonly string[];
  /** Statuses that are an answer, not a failure. */
  expects: readonly number[];
  signal?: AbortSignal | undefined;
}

/** How an endpoint is reached. */
export interface EndpointOptions {
  /** As in a reference. */
  host: string;
  isPlainHttp: boolean;
  fetch: Fetch;
  credentials: CredentialLookup;
  limits: RegistryLimits;
  /** What is known from before. */
  authorization?: Authorization | undefined;
}

/** The host that serves what is named docker.io. */
const DOCKER_HUB = "registry-1.docker.io";
/** Statuses that may be others a moment later. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Failures to connect that will be the same a moment later. */
const LASTING =
  /^(?:ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|ERR_INVALID)/;

/** Whether a host is this very machine, to which nobody listens in. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

export class Endpoint {
  readonly host: string;
  readonly isPlainHttp: boolean;
  readonly limits: RegistryLimits;
  readonly #base: URL;
  readonly #fetch: Fetch;
  readonly #lookup: CredentialLookup;
  readonly #authorizers = new Map<string, Authorizer>();
  readonly #known: Authorization | undefined;

  constructor({ host, isPlainHttp, fetch, credentials, limits, authorization }: EndpointOptions) {
    this.host = host;
    this.isPlainHttp = isPlainHttp;
    this.limits = limits;
    this.#base = new URL(`${isPlainHttp ? "http" : "https"}://${host === "docker.io" ? DOCKER_HUB : host}/v2/`);
    this.#fetch = fetch;
    this.#lookup = credentials;
    this.#known = authorization;
  }

  /** The address of something behind `/v2/`. */
  url(path: string): URL {
    return new URL(path, this.#base);
  }

  /** What is known about the authorization for a repository, as plain data. */
  authorizationOf(repository: string): Authorization {
    return structuredClone(this.#authorizer(repository).state);
  }

  /** The credentials for a repository. @throws {ComposefsError} REGISTRY_CREDENTIALS */
  credentialsFor(repository: string): Promise<Credentials | null> {
    return this.#authorizer(repository).credentials();
  }

  /**
   * Asks until there is an answer that counts.
   *
   * @param repository whose credentials are used
   * @returns an answer with one of the statuses that are expected
   * @throws {ComposefsError} REGISTRY_CONNECT, REGISTRY_TIMEOUT, REGISTRY_REDIRECT, REGISTRY_AUTH, REGISTRY_DENIED,
   *   REGISTRY_MISSING, REGISTRY_BUSY, REGISTRY_STATUS, REGISTRY_RESPONSE, REGISTRY_LIMIT, REGISTRY_CREDENTIALS
   */
  async ask(repository: string, question: EndpointQuestion): Promise<Answer> {
    const { attempts, backoffMs, retryAfterMs } = this.limits;
    for (let attempt = 1; ; attempt++) {
      let failure: ComposefsError;
      let askedMs: number | null = null;
      try {
        const answer = await this.#askAuthorized(repository, question);
        if (question.expects.includes(answer.status)) return answer;
        askedMs = retryAfter(answer.headers.get("retry-after"));
        failure = await statusError(answer);
        if (!PASSING.has(answer.status)) throw failure;
      } catch (error) {
        if (!(error instanceof ComposefsError) || !mayPass(error)) throw error;
        failure = error;
      }
      if (attempt >= attempts) throw failure;
      if (askedMs !== null && askedMs > retryAfterMs) {
        const what = `it asks to wait ${Math.ceil(askedMs / 1000)} seconds`;
        throw new ComposefsError(failure.code, `${failure.message}; ${what}`, failure.data);
      }
      const backoff = backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      await sleep(Math.max(askedMs ?? 0, backoff), question.signal);
    }
  }

  /** Asks, and once more when the registry wants another authorization. */
  async #askAuthorized(repository: string, question: EndpointQuestion): Promise<Answer> {
    const { to, scopes, signal, expects: _, ...rest } = question;
    const url = typeof to === "string" ? this.url(to) : to;
    const transport = { fetch: this.#fetch, limits: this.limits, signal };
    // An address that the registry gave may be anywhere: what it wants there is in the address.
    if (url.origin !== this.#base.origin) return ask({ ...rest, url }, transport);
    const authorizer = this.#authorizer(repository);
    const sent = await authorizer.header(scopes, transport);
    const answer = await ask({ ...rest, url, authorization: sent }, transport);
    if (answer.status !== 401 || answer.url.origin !== url.origin) return answer;
    authorizer.learn(answer, sent);
    const authorization = await authorizer.header(scopes, transport);
    if (authorization === null || authorization === sent) return answer;
    await answer.discard();
    return ask({ ...rest, url, authorization }, transport);
  }

  #authorizer(repository: string): Authorizer {
    let authorizer = this.#authorizers.get(repository);
    if (authorizer === undefined) {
      const lookup = () => this.#lookup(this.host, repository);
      authorizer = new Authorizer(lookup, this.isPlainHttp, this.#known);
      this.#authorizers.set(repository, authorizer);
    }
    return authorizer;
  }
}

/** Milliseconds that a header Retry-After asks to wait: seconds or a date (RFC 9110, 10.2.3); null for none. */
export function retryAfter(header: string | null, nowMs = Date.now()): number | null {
  if (header === null) return null;
  if (/^\d{1,10}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(date - nowMs, 0);
}

/** Whether a failure, of the connection or of a token service, may be gone a moment later. */
function mayPass({ code, data }: ComposefsError): boolean {
  return code === "REGISTRY_BUSY" || (code === "REGISTRY_CONNECT" && !LASTING.test(data.text ?? ""));
}

/** The error that a status stands for, with the first words of the registry's own (distribution-spec, "Error Codes"). */
async function statusError(answer: Answer): Promise<ComposefsError> {
  const { status, url } = answer;
  const errors = jsonObject(await answer.start())?.["errors"];
  const first: unknown = Array.isArray(errors) ? errors[0] : null;
  const said = isObject(first) ? [textOf(first, "code"), textOf(first, "message")].filter((text) => text !== null) : [];
  const what = said.length === 0 ? "" : `: ${show(said.join(": "))}`;
  const message = `${addressOf(url)}: status ${status}${what}`;
  return new ComposefsError(codeOf(status), message, { actual: status });
}

function codeOf(status: number): ComposefsErrorCode {
  if (PASSING.has(status)) return "REGISTRY_BUSY";
  if (status === 401) return "REGISTRY_AUTH";
  if (status === 403) return "REGISTRY_DENIED";
  return status === 404 ? "REGISTRY_MISSING" : "REGISTRY_STATUS";
}

/** Waits. @throws the reason of the signal, at once */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      end();
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      end();
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort);
  });
}
