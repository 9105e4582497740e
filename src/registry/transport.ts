/**
 * One request and its answer, on `fetch`: redirects followed by hand, so that no credential goes to another origin; every
 * wait bounded; every body of an expected size.
 *
 * Messages name origin and path alone: a query may hold a signature that is as good as a password.
 */

import { ComposefsError } from "../error.ts";
import type { RegistryLimits } from "./limits.ts";
import { show } from "./text.ts";

/** `fetch`, as far as it is used: that of the platform, or one with certificates and proxies of its own. */
export type Fetch = (url: string, init: RequestInit & { duplex?: "half" }) => Promise<Response>;

/** A body that can be sent again. */
export interface RequestBody {
  /** Bytes. */
  size: number;
  /** The bytes; those that come in pieces need a `fetch` that streams. Called once for each time that the body is sent. */
  open(): Uint8Array | AsyncIterable<Uint8Array>;
}

/** What is asked. */
export interface Question {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: URL;
  headers?: Readonly<Record<string, string>> | undefined;
  /** The header Authorization; goes to the origin of `url` only. */
  authorization?: string | null | undefined;
  body?: RequestBody | undefined;
  /** Whether the body may be sent to where the server redirects. Default true. */
  followsWithBody?: boolean | undefined;
}

/** What a transport needs beside the question. */
export interface Transport {
  fetch: Fetch;
  limits: RegistryLimits;
  signal?: AbortSignal | undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Of every window of so many bytes the waiting is counted anew; a server that is slower than that stalls. */
const WINDOW_BYTES = 1 << 20;

/** Origin and path of an address, for messages. */
export function addressOf({ origin, pathname }: URL): string {
  return show(`${origin}${pathname}`);
}

/**
 * The address of the next page of a list: the header Link with rel=next, RFC 8288. Null on the last one.
 *
 * @param origin of the registry, where the next page has to be
 * @throws {ComposefsError} REGISTRY_RESPONSE
 */
export function nextPage(answer: Answer, origin: string): URL | null {
  const link = answer.header("link");
  if (link === null) return null;
  for (const [, target, parameters] of link.matchAll(/<([^<>]*)>([^<,]*)/g)) {
    if (!/;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(parameters!)) continue;
    let url: URL | null = null;
    try {
      url = new URL(target!, answer.url);
    } catch {
      // Said below.
    }
    if (url?.origin === origin) return url;
    const what = `the next page is at ${show(target!)}, not at the registry`;
    throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(answer.url)}: ${what}`);
  }
  return null;
}

/**
 * Asks, and waits until the answer begins.
 *
 * @returns the answer, whatever its status; its body has to be read or discarded
 * @throws {ComposefsError} REGISTRY_CONNECT, REGISTRY_TIMEOUT, REGISTRY_REDIRECT
 */
export async function ask(question: Question, transport: Transport): Promise<Answer> {
  let { url } = question;
  for (let redirects = 0; ; redirects++) {
    const isHome = url.origin === question.url.origin;
    const answer = await askOnce(
      { ...question, url, authorization: isHome ? question.authorization : null },
      transport,
    );
    if (!REDIRECTS.has(answer.status)) return answer;
    await answer.discard();
    if (redirects >= transport.limits.redirects) {
      throw redirectError(question.url, `redirects more than ${transport.limits.redirects} times`);
    }
    const hasBody = question.method !== "GET" && question.method !== "HEAD";
    const mayFollow = question.followsWithBody !== false && (answer.status === 307 || answer.status === 308);
    if (hasBody && !mayFollow) throw redirectError(url, `redirects a ${question.method} with status ${answer.status}`);
    url = locationOf(answer, transport.limits);
  }
}

/**
 * Where an answer says that one has to go on: its header Location.
 *
 * @throws {ComposefsError} REGISTRY_REDIRECT when that is nothing, no address, or less protected than where it came from
 */
export function locationOf(answer: Answer, limits: RegistryLimits): URL {
  const text = answer.headers.get("location") ?? "";
  if (text === "") throw redirectError(answer.url, "does not say where to go on");
  if (text.length > limits.headerBytes) throw redirectError(answer.url, "redirects to a very long address");
  let url: URL;
  try {
    url = new URL(text, answer.url);
  } catch {
    throw redirectError(answer.url, "redirects to something that is no address");
  }
  const isWeb = url.protocol === "https:" || (url.protocol === "http:" && answer.url.protocol === "http:");
  if (!isWeb) throw redirectError(answer.url, `redirects from ${answer.url.protocol} to ${show(url.protocol)}`);
  if (url.username !== "" || url.password !== "")
    throw redirectError(answer.url, "redirects to an address with a password");
  url.hash = "";
  return url;
}

function redirectError(url: URL, what: string): ComposefsError {
  return new ComposefsError("REGISTRY_REDIRECT", `${addressOf(url)}: the server ${what}`);
}

async function askOnce(question: Question, { fetch, limits, signal }: Transport): Promise<Answer> {
  const { method, url, authorization, body } = question;
  signal?.throwIfAborted();
  const headers = new Headers({ ...question.headers });
  // Nothing is sent compressed: sizes and digests are those of the bytes as they are. Browsers decide that by themselves.
  headers.set("accept-encoding", "identity");
  if (authorization) headers.set("authorization", authorization);
  const control = new AbortController();
  const init: RequestInit & { duplex?: "half" } = { method, headers, redirect: "manual", signal: control.signal };
  init.credentials = "omit";
  init.cache = "no-store";
  init.referrerPolicy = "no-referrer";
  if (body !== undefined) setBody(init, headers, body);
  const wait = new Wait(url, control, signal);
  // While a body goes out no answer can begin: the larger it is, the longer that may take.
  const windows = Math.ceil((body?.size ?? 0) / WINDOW_BYTES);
  try {
    let response = await wait.for(async () => fetch(url.href, init), limits.idleMs + windows * limits.answerMs);
    // Browsers do not show a redirect. They follow it themselves, and take Authorization away at another origin (Fetch
    // standard, HTTP-redirect fetch, step 13).
    if (response.type === "opaqueredirect" && body === undefined) {
      response = await wait.for(async () => fetch(url.href, { ...init, redirect: "follow" }), limits.idleMs);
    }
    return new Answer(response, url, wait, limits);
  } catch (error) {
    wait.end();
    throw error;
  }
}

function setBody(init: RequestInit & { duplex?: "half" }, headers: Headers, body: RequestBody): void {
  const bytes = body.open();
  if (bytes instanceof Uint8Array) {
    init.body = bytes as Uint8Array<ArrayBuffer>;
    return;
  }
  const iterator = bytes[Symbol.asyncIterator]();
  init.body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  init.duplex = "half";
  // Without it the body goes out in chunks, which object stores behind registries do not take.
  headers.set("content-length", String(body.size));
}

/** Waits for parts of one exchange, each for a bounded time. */
class Wait {
  readonly #url: URL;
  readonly #control: AbortController;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#control.abort();

  constructor(url: URL, control: AbortController, signal: AbortSignal | undefined) {
    this.#url = url;
    this.#control = control;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort);
  }

  /** @param ms milliseconds @throws {ComposefsError} REGISTRY_CONNECT, REGISTRY_TIMEOUT @throws the reason of the signal */
  for<T>(begin: () => Promise<T>, ms: number): Promise<T> {
    // Each chunk of a blob is waited for: so there is one promise, and no race.
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(this.#signal?.aborted ? this.#signal.reason : error);
      const timer = setTimeout(() => {
        this.#control.abort();
        // Whoever does not hear the signal is left alone.
        const what = `no answer within ${Math.round(ms)} milliseconds`;
        fail(new ComposefsError("REGISTRY_TIMEOUT", `${addressOf(this.#url)}: ${what}`, { limit: ms }));
      }, ms);
      begin().then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (cause) => {
          clearTimeout(timer);
          fail(cause instanceof ComposefsError ? cause : connectError(this.#url, cause));
        },
      );
    });
  }

  /** Nothing more is waited for; what still comes is dropped. */
  end(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#control.abort();
  }
}

/** What people call the errors of the network. */
const CONNECT_TEXTS: Readonly<Record<string, string>> = {
  EAI_AGAIN: "the name of the host cannot be resolved now",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network cannot be reached",
  ENOTFOUND: "there is no host of this name",
  ETIMEDOUT: "the connection timed out",
};

/** What `fetch` says is "fetch failed"; why is in its cause, and the cause of that. */
function connectError(url: URL, cause: unknown): ComposefsError {
  let inner = cause as Error & { code?: string; cause?: unknown };
  for (let depth = 0; depth < 5 && inner?.cause instanceof Error; depth++) inner = inner.cause as typeof inner;
  // A failure at the body's own source is not one of the connection.
  if (inner instanceof ComposefsError) return inner;
  const text = `${inner?.code ?? inner?.message ?? cause}`;
  const words = CONNECT_TEXTS[text];
  const what = words === undefined ? show(text).slice(1, -1) : `${words} (${text})`;
  return new ComposefsError("REGISTRY_CONNECT", `${addressOf(url)}: ${what}`, { text }, { cause });
}

/** An answer whose body has not been read. */
export class Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly #body: ReadableStream<Uint8Array> | null;
  readonly #wait: Wait;
  readonly #limits: RegistryLimits;

  constructor(response: Response, url: URL, wait: Wait, limits: RegistryLimits) {
    this.status = response.status;
    this.headers = response.headers;
    this.url = url;
    this.#body = response.body;
    this.#wait = wait;
    this.#limits = limits;
  }

  /** A header that is not too long to be read; null for none. @throws {ComposefsError} REGISTRY_LIMIT */
  header(name: string): string | null {
    const value = this.headers.get(name);
    const limit = this.#limits.headerBytes;
    if (value === null || value.length <= limit) return value;
    throw limitError(this.url, `the header ${name} has ${value.length} bytes`, "headerBytes", limit);
  }

  /**
   * The body in pieces; the time that its taker needs does not count.
   *
   * @throws {ComposefsError} REGISTRY_CONNECT, REGISTRY_TIMEOUT
   */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#body === null) {
      this.#wait.end();
      return;
    }
    const { idleMs, answerMs } = this.#limits;
    const reader = this.#body.getReader();
    let waitedMs = 0;
    let bytes = 0;
    try {
      while (true) {
        const began = performance.now();
        const ms = Math.min(idleMs, Math.max(answerMs - waitedMs, 0));
        const { done, value } = await this.#wait.for(() => reader.read(), ms);
        if (done) return;
        waitedMs += performance.now() - began;
        bytes += value.length;
        if (bytes >= WINDOW_BYTES) [bytes, waitedMs] = [0, 0];
        yield value;
      }
    } finally {
      this.#wait.end();
      reader.cancel().catch(() => {});
    }
  }

  /** The whole body. @param name the limit, which `limits` has @throws {ComposefsError} REGISTRY_LIMIT and those of `chunks` */
  async bytes(
    name: "manifestBytes" | "tokenBytes" | "referrersPageBytes" | "listPageBytes",
  ): Promise<Uint8Array<ArrayBuffer>> {
    const limit = this.#limits[name];
    const length = Number(this.headers.get("content-length") ?? 0);
    const error = (bytes: number) => limitError(this.url, `the answer has ${bytes} bytes or more`, name, limit);
    if (length > limit) {
      await this.discard();
      throw error(length);
    }
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of this.chunks()) {
      total += chunk.length;
      if (total > limit) throw error(total);
      chunks.push(chunk);
    }
    return joined(chunks, total);
  }

  /** The beginning of the body, as far as it comes without trouble. */
  async start(): Promise<Uint8Array> {
    const limit = this.#limits.errorBytes;
    const chunks: Uint8Array[] = [];
    let total = 0;
    try {
      for await (const chunk of this.chunks()) {
        chunks.push(chunk);
        total += chunk.length;
        if (total >= limit) break;
      }
    } catch (error) {
      if (!(error instanceof ComposefsError)) throw error;
    }
    return joined(chunks, total).subarray(0, limit);
  }

  /** Drops the body. A small one is read to its end, so that the connection can be used again. */
  async discard(): Promise<void> {
    await this.start();
  }

  /** Drops a body that may be large, and the connection with it. */
  async abandon(): Promise<void> {
    this.#wait.end();
    await this.#body?.cancel().catch(() => {});
  }
}

function joined(chunks: readonly Uint8Array[], total: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(total);
  let filled = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes;
}

function limitError(url: URL, what: string, name: keyof RegistryLimits, limit: number): ComposefsError {
  const message = `${addressOf(url)}: ${what}, at most ${limit} are allowed (${name})`;
  return new ComposefsError("REGISTRY_LIMIT", message, { limit });
}
