/**
 * How one proves to a registry that one may: Basic (RFC 7617), or a bearer token of the service that the registry names
 * (distribution, docs/spec/auth/token.md and oauth.md).
 *
 * The first request goes out bare; what the registry answers says what it wants, and is remembered.
 */

import { ComposefsError } from "../error.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicHeader, type Credentials, isToken } from "./credentials.ts";
import { jsonObject, show, textOf } from "./text.ts";
import { type Answer, addressOf, ask, type Question, type Transport } from "./transport.ts";

/** A token, and until when it is used, in milliseconds since 1970. */
export interface CachedToken {
  token: string;
  untilMs: number;
}

/** What a registry wants, and the tokens that it took so far. Plain data, which stays in memory. */
export interface Authorization {
  wants: "nothing" | "basic" | "bearer";
  /** Of the token service, when it wants `bearer`. */
  realm: string | null;
  service: string | null;
  /** By scope; several scopes are joined by spaces. */
  tokens: Record<string, CachedToken>;
}

/** token.md: for want of a word from the service a token lives this long, and never less. */
const TOKEN_SECONDS = 60;
/** No token is used for longer than a day, whatever the service says. */
const TOKEN_SECONDS_MAX = 24 * 60 * 60;
/** Part of its life after which a token is no longer used: the clocks and the wires need the rest. */
const USED_LIFE = 0.8;
const CLIENT_ID = "composefs-wasm";

/** The scope of a repository: token.md, "Requesting a Token". */
export function repositoryScope(repository: string, actions: "pull" | "pull,push" | "pull,push,delete"): string {
  return `repository:${repository}:${actions}`;
}

/** The authorization of one registry. */
export class Authorizer {
  readonly state: Authorization;
  readonly #lookup: () => Promise<Credentials | null>;
  readonly #isPlainHttp: boolean;
  /** Requests for tokens that are under way, by scope. */
  readonly #pending = new Map<string, Promise<CachedToken>>();
  #credentials: Promise<Credentials | null> | undefined;

  /**
   * @param lookup finds the credentials, called once at most
   * @param isPlainHttp whether the registry is asked without TLS, so that its token service may be, too
   * @param state what is known from before
   */
  constructor(lookup: () => Promise<Credentials | null>, isPlainHttp: boolean, state?: Authorization) {
    this.#lookup = lookup;
    this.#isPlainHttp = isPlainHttp;
    this.state = state ?? { wants: "nothing", realm: null, service: null, tokens: {} };
  }

  /** The credentials, looked up when they are first wanted. @throws {ComposefsError} REGISTRY_CREDENTIALS */
  credentials(): Promise<Credentials | null> {
    this.#credentials ??= this.#lookup();
    return this.#credentials;
  }

  /**
   * The header Authorization for a request; null for none.
   *
   * @param scopes what the token has to be good for; sorted here
   * @throws {ComposefsError} REGISTRY_AUTH, REGISTRY_RESPONSE, REGISTRY_CREDENTIALS, and those of the transport
   */
  async header(scopes: readonly string[], transport: Transport): Promise<string | null> {
    const { wants, tokens } = this.state;
    if (wants === "nothing") return null;
    const credentials = await this.credentials();
    if (credentials?.kind === "registry-token") return `Bearer ${credentials.token}`;
    if (wants === "basic") {
      return credentials?.kind === "password" ? basicHeader(credentials.username, credentials.password) : null;
    }
    const key = [...scopes].sort().join(" ");
    const cached = tokens[key];
    if (cached !== undefined && Date.now() < cached.untilMs) return `Bearer ${cached.token}`;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#fetchToken(key.split(" "), credentials, transport).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    const token = await pending;
    tokens[key] = token;
    return `Bearer ${token.token}`;
  }

  /**
   * Learns from an answer with status 401 what the registry wants.
   *
   * @param sent the header that was sent, which the registry did not take
   * @throws {ComposefsError} REGISTRY_AUTH when that is nothing that can be done here, or an unsafe token service
   */
  learn(answer: Answer, sent: string | null): void {
    const challenges = parseChallenges(answer.header("www-authenticate") ?? "");
    const find = (scheme: string) => challenges.find((challenge) => challenge.scheme === scheme);
    const { state } = this;
    if (sent !== null) {
      for (const [key, { token }] of Object.entries(state.tokens))
        if (sent === `Bearer ${token}`) delete state.tokens[key];
    }
    const bearer = find("bearer");
    if (bearer?.parameters.has("realm")) {
      state.wants = "bearer";
      state.realm = this.#realmOf(bearer, answer.url);
      state.service = bearer.parameters.get("service") ?? null;
    } else if (find("basic") !== undefined) {
      state.wants = "basic";
    } else {
      const schemes = challenges.map(({ scheme }) => scheme).join(", ") || "nothing";
      const what = `the registry wants authorization, and offers ${show(schemes)}, not Bearer or Basic`;
      throw new ComposefsError("REGISTRY_AUTH", `${addressOf(answer.url)}: ${what}`);
    }
  }

  #realmOf({ parameters }: Challenge, from: URL): string {
    const text = parameters.get("realm")!;
    const refuse = (what: string) =>
      new ComposefsError("REGISTRY_AUTH", `${addressOf(from)}: the token service ${show(text)} ${what}`);
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      throw refuse("is no address");
    }
    if (url.username !== "" || url.password !== "") throw refuse("has a password in its address");
    // Credentials go there: a registry behind TLS must not have them sent in the clear.
    if (url.protocol === "https:" || (url.protocol === "http:" && this.#isPlainHttp)) return url.href;
    throw refuse("is not reached through TLS");
  }

  async #fetchToken(
    scopes: readonly string[],
    credentials: Credentials | null,
    transport: Transport,
  ): Promise<CachedToken> {
    const { realm, service } = this.state;
    const answer = await ask(tokenQuestion(new URL(realm!), service, scopes, credentials), transport);
    const where = `token service ${addressOf(answer.url)}`;
    if (answer.status !== 200) {
      await answer.discard();
      const who = credentials === null ? "anybody" : "these credentials";
      const code = [429, 500, 502, 503, 504].includes(answer.status) ? "REGISTRY_BUSY" : "REGISTRY_AUTH";
      throw new ComposefsError(code, `${where}: status ${answer.status}, no token for ${who}`, {
        actual: answer.status,
      });
    }
    const body = jsonObject(await answer.bytes("tokenBytes"));
    const token = body && (textOf(body, "token") ?? textOf(body, "access_token"));
    if (token === null || !isToken(token)) {
      throw new ComposefsError("REGISTRY_RESPONSE", `${where}: the answer holds no token`);
    }
    const seconds = Number(body?.["expires_in"] ?? TOKEN_SECONDS);
    const life = Math.min(Math.max(seconds || 0, TOKEN_SECONDS), TOKEN_SECONDS_MAX);
    return { token, untilMs: Date.now() + life * 1000 * USED_LIFE };
  }
}

/** What a token service is asked: token.md with a password or as anybody, oauth.md with an identity token. */
function tokenQuestion(
  url: URL,
  service: string | null,
  scopes: readonly string[],
  credentials: Credentials | null,
): Question {
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: CLIENT_ID });
    if (service !== null) form.set("service", service);
    form.set("scope", scopes.join(" "));
    form.set("refresh_token", credentials.token);
    const bytes = new TextEncoder().encode(form.toString());
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    // The body is the credential: it goes nowhere else.
    return { method: "POST", url, headers, body: { size: bytes.length, open: () => bytes }, followsWithBody: false };
  }
  if (service !== null) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials?.kind !== "password") return { method: "GET", url };
  const { username, password } = credentials;
  return { method: "GET", url, authorization: basicHeader(username, password) };
}
