/** Authorization, repetition and redirects: what goes where, and what goes nowhere. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Credentials } from "../../../src/registry/credentials.ts";
import { retryAfter } from "../../../src/registry/endpoint.ts";
import { Registry, type RegistryOptions } from "../../../src/registry/registry.ts";
import { FAST, sendJson, sha256, startServer, type TestServer } from "../../support/registry/server.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const PASSWORD: Credentials = { kind: "password", username: "robot", password: "pass:wörd" };
const BASIC = `Basic ${Buffer.from("robot:pass:wörd").toString("base64")}`;
let server: TestServer;
let other: TestServer;
beforeEach(async () => {
  [server, other] = await Promise.all([startServer(), startServer()]);
  for (const one of [server, other]) one.manifests.set("a:b", { bytes: Buffer.from("{}"), type: TYPE });
});
afterEach(() => Promise.all([server.close(), other.close()]));

const get = (options: RegistryOptions = {}) =>
  new Registry(server.host, { limits: FAST, ...options }).manifest("a", "b");
const challenge = (header: string) => ({ "www-authenticate": header });

/** Wants a bearer token of the service at `realm`; takes `good`. */
function wantToken(realm = `http://${other.host}/token`, good = "good"): void {
  server.hook = (request, response) => {
    if (request.headers.authorization === `Bearer ${good}`) return false;
    return sendJson(response, 401, {}, challenge(`Bearer realm="${realm}",service="the service"`));
  };
}

/** Gives tokens. */
function giveToken(body: unknown = { token: "good" }, status = 200): void {
  other.hook = (_, response) => sendJson(response, status, body);
}

describe("authorization", () => {
  test("is not offered to whoever does not ask for it", async () => {
    await get({ credentials: PASSWORD });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("basic", async () => {
    server.hook = (request, response) =>
      request.headers.authorization === BASIC ? false : sendJson(response, 401, {}, challenge('Basic realm="x"'));
    await get({ credentials: PASSWORD });
    await expect(get()).rejects.toMatchObject({ code: "REGISTRY_AUTH" });
    const wrong = { ...PASSWORD, password: "secret" };
    const error = await get({ credentials: wrong }).catch((error) => error);
    expect(error.code).toBe("REGISTRY_AUTH");
    expect(JSON.stringify([error, error.stack, error.cause])).not.toMatch(/secret|cm9ib3Q/);
    // Asked once bare and once with the password; a refusal does not pass by waiting.
    expect(server.seen).toHaveLength(2 + 1 + 2);
  });

  test("a token for anybody, for a password, and for an identity token", async () => {
    wantToken();
    giveToken();
    await get();
    await get({ credentials: PASSWORD });
    await get({ credentials: { kind: "identity-token", token: "refresh" } });
    const query = "/token?service=the+service&scope=repository%3Aa%3Apull";
    const asked = other.seen.map(({ method, url, headers }) => [method, url, headers.authorization]);
    expect(asked).toEqual([
      ["GET", query, undefined],
      ["GET", query, BASIC],
      ["POST", "/token", undefined],
    ]);
  });

  test("an identity token goes as a form, and follows no redirect", async () => {
    wantToken();
    let form = "";
    other.hook = (_, response, body) => {
      form = body.toString();
      return sendJson(response, 200, { access_token: "good" });
    };
    const credentials: Credentials = { kind: "identity-token", token: "refresh" };
    await get({ credentials });
    expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
      grant_type: "refresh_token",
      client_id: "composefs-wasm",
      service: "the service",
      scope: "repository:a:pull",
      refresh_token: "refresh",
    });
    other.hook = (_, response) => response.writeHead(307, { location: `http://${server.host}/steal` }).end();
    await expect(get({ credentials })).rejects.toMatchObject({ code: "REGISTRY_REDIRECT" });
    expect(server.seen.some(({ url }) => url.includes("steal"))).toBe(false);
  });

  test("a registry token is taken as it is", async () => {
    wantToken();
    await get({ credentials: { kind: "registry-token", token: "good" } });
    expect(other.seen).toEqual([]);
  });

  test("a token is used for as long as it lives, and asked for once by many", async () => {
    wantToken();
    giveToken();
    const registry = new Registry(server.host, { limits: FAST });
    await registry.manifest("a", "b");
    await Promise.all(Array.from({ length: 10 }, () => registry.manifest("a", "b")));
    expect(other.seen).toHaveLength(1);
    // The registry has had enough of it: a new one is fetched, once.
    wantToken(undefined, "better");
    giveToken({ token: "better" });
    await registry.manifest("a", "b");
    expect(other.seen).toHaveLength(2);
    const real = Date.now;
    try {
      Date.now = () => real() + 60_000;
      await registry.manifest("a", "b");
    } finally {
      Date.now = real;
    }
    expect(other.seen).toHaveLength(3);
  });

  test("a registry that takes no token is asked twice, not for ever", async () => {
    wantToken(undefined, "never");
    giveToken();
    await expect(get()).rejects.toMatchObject({ code: "REGISTRY_AUTH" });
    expect(server.seen).toHaveLength(2);
  });

  test.each([
    ["no JSON", "text", "REGISTRY_RESPONSE"],
    ["no token", {}, "REGISTRY_RESPONSE"],
    ["an empty token", { token: "" }, "REGISTRY_RESPONSE"],
    ["a token that breaks the header", { token: "a\r\nx: y" }, "REGISTRY_RESPONSE"],
    ["a token of another type", { token: ["good"] }, "REGISTRY_RESPONSE"],
    ["an endless token", { token: "x".repeat(300_000) }, "REGISTRY_LIMIT"],
  ])("a token service that gives %s", async (_, body, code) => {
    wantToken();
    giveToken(body);
    await expect(get()).rejects.toMatchObject({ code });
  });

  test("a token service that refuses, and one that is busy for a moment", async () => {
    wantToken();
    giveToken({}, 401);
    await expect(get({ credentials: PASSWORD })).rejects.toMatchObject({
      code: "REGISTRY_AUTH",
      data: { actual: 401 },
    });
    expect(other.seen).toHaveLength(1);
    let times = 0;
    other.hook = (_, response) => sendJson(response, times++ === 0 ? 503 : 200, { token: "good" });
    await get();
  });

  test.each([
    ["Negotiate", "Negotiate"],
    ["nothing", ""],
    ["a realm that is no address", 'Bearer realm="token"'],
    ["a realm with a password", 'Bearer realm="http://u:p@127.0.0.1:1/"'],
    ["a realm of another kind", 'Bearer realm="file:///etc/passwd"'],
    ["a very long header", `Bearer realm="${"x".repeat(9000)}"`],
  ])("a challenge with %s", async (_, header) => {
    server.hook = (_, response) => sendJson(response, 401, {}, header === "" ? {} : challenge(header));
    const code = header.length > 8192 ? "REGISTRY_LIMIT" : "REGISTRY_AUTH";
    await expect(get({ credentials: PASSWORD })).rejects.toMatchObject({ code });
  });

  test("behind TLS a token service must be so, too", async () => {
    const fetch = async () => new Response("", { status: 401, headers: challenge('Bearer realm="http://h.io/token"') });
    await expect(get({ fetch, plainHttp: false, credentials: PASSWORD })).rejects.toMatchObject({
      code: "REGISTRY_AUTH",
    });
  });

  test("plain HTTP is for this very machine, unless somebody says so", async () => {
    const seen: string[] = [];
    const fetch = async (url: string) => {
      seen.push(url);
      return new Response("{}", { headers: { "content-type": TYPE } });
    };
    for (const host of [
      "h.io",
      "h.io:5000",
      "docker.io",
      "localhost:5000",
      "127.0.0.2",
      "[::1]:5000",
      "127.0.0.1.nip.io",
    ]) {
      await new Registry(host, { fetch }).manifest("a", "b");
    }
    await new Registry("h.io", { fetch, plainHttp: true }).manifest("a", "b");
    await new Registry("localhost", { fetch, plainHttp: false }).manifest("a", "b");
    expect(seen.map((url) => new URL(url).origin)).toEqual([
      "https://h.io",
      "https://h.io:5000",
      "https://registry-1.docker.io",
      "http://localhost:5000",
      "http://127.0.0.2",
      "http://[::1]:5000",
      "https://127.0.0.1.nip.io",
      "http://h.io",
      "https://localhost",
    ]);
  });
});

describe("redirects", () => {
  const wantBasic = (then: TestServer["hook"]) => {
    server.hook = (request, response, body) => {
      if (request.headers.authorization === BASIC) return then(request, response, body);
      return sendJson(response, 401, {}, challenge('Basic realm="x"'));
    };
  };

  test("take no credentials to another origin, and keep them at home", async () => {
    wantBasic((request, response) => {
      if (request.url === "/v2/a/manifests/b") return response.writeHead(307, { location: "/home" }).end();
      return response.writeHead(302, { location: `http://${other.host}/v2/a/manifests/b?signature=secret` }).end();
    });
    await get({ credentials: PASSWORD });
    expect(server.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/v2/a/manifests/b", undefined],
      ["/v2/a/manifests/b", BASIC],
      ["/home", BASIC],
    ]);
    expect(other.seen[0]!.headers.authorization).toBeUndefined();
    // Nor does a challenge over there get any, and no signature is shown.
    other.hook = (_, response) => sendJson(response, 401, {}, challenge('Basic realm="x"'));
    const error = await get({ credentials: PASSWORD }).catch((error) => error);
    expect(error.code).toBe("REGISTRY_AUTH");
    expect(error.message).not.toMatch(/secret|signature/);
    expect(other.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  test("uploads go where the registry says, without credentials", async () => {
    const bytes = Buffer.from("x");
    wantBasic((request, response) => {
      if (request.method === "HEAD") return response.writeHead(404).end();
      return response.writeHead(202, { location: `http://${other.host}/v2/a/blobs/uploads/one?state=kept` }).end();
    });
    const registry = new Registry(server.host, { limits: FAST, credentials: PASSWORD });
    await registry.pushBlob("a", { digest: sha256(bytes), size: 1, open: () => bytes });
    expect(other.blobs.get(sha256(bytes))).toEqual(bytes);
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test.each([
    ["nowhere", undefined],
    ["to no address", "http://"],
    ["to a file", "file:///etc/passwd"],
    ["to a password", "http://u:p@127.0.0.1:1/"],
    ["very far", `/${"x".repeat(9000)}`],
    ["in a circle", "/v2/a/manifests/b"],
  ])("%s are not followed", async (_, location) => {
    server.hook = (_, response) => response.writeHead(302, location === undefined ? {} : { location }).end();
    await expect(get()).rejects.toMatchObject({ code: "REGISTRY_REDIRECT" });
    expect(server.seen.length).toBeLessThanOrEqual(11);
  });

  test("from TLS to none are not followed", async () => {
    const fetch = async () => new Response("", { status: 302, headers: { location: "http://h.io/" } });
    await expect(get({ fetch, plainHttp: false })).rejects.toMatchObject({ code: "REGISTRY_REDIRECT" });
  });
});

describe("what may pass", () => {
  test.each([408, 429, 500, 502, 503, 504])("status %d is asked again", async (status) => {
    let times = 0;
    server.hook = (_, response) => (times++ < 2 ? response.writeHead(status).end() : false);
    await get();
    expect(server.seen).toHaveLength(3);
  });

  test("as often as the limit says, and no more", async () => {
    server.hook = (_, response) => response.writeHead(503).end();
    await expect(get({ limits: { ...FAST, attempts: 3 } })).rejects.toMatchObject({ code: "REGISTRY_BUSY" });
    expect(server.seen).toHaveLength(3);
  });

  test("a connection that breaks is made again, one that is refused is not", async () => {
    let times = 0;
    server.hook = (_, response) => (times++ < 2 ? response.destroy() : false);
    await get();
    expect(server.seen).toHaveLength(3);
    await other.close();
    const began = performance.now();
    const gone = new Registry(other.host, { limits: { backoffMs: 10_000 } });
    await expect(gone.manifest("a", "b")).rejects.toMatchObject({
      code: "REGISTRY_CONNECT",
      message: expect.stringMatching(/: the connection was refused \(ECONNREFUSED\)$/),
      data: { text: "ECONNREFUSED" },
    });
    expect(performance.now() - began).toBeLessThan(4000);
  });

  test("Retry-After is heard, up to a limit", async () => {
    let times = 0;
    server.hook = (_, response) => (times++ === 0 ? response.writeHead(429, { "retry-after": "1" }).end() : false);
    const began = performance.now();
    await get();
    expect(performance.now() - began).toBeGreaterThan(950);
    server.hook = (_, response) => response.writeHead(429, { "retry-after": "3600" }).end();
    const error = await get().catch((error) => error);
    expect([error.code, error.message]).toEqual(["REGISTRY_BUSY", expect.stringContaining("3600 seconds")]);
    expect(retryAfter("Thu, 01 Jan 1970 00:01:00 GMT", 10_000)).toBe(50_000);
    expect(retryAfter("Thu, 01 Jan 1970 00:00:00 GMT", 10_000)).toBe(0);
    expect(retryAfter("soon", 0)).toBeNull();
  });

  test.each([400, 403, 404, 405, 418, 501])("status %d is not", async (status) => {
    server.hook = (_, response) => response.writeHead(status).end();
    await expect(get()).rejects.toMatchObject({ data: { actual: status } });
    expect(server.seen).toHaveLength(1);
  });
});
