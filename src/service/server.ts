/**
 * What the service says over HTTP:
 *
 *   POST /events                 a registry tells of pushes; answered at once, worked on later
 *   GET  /healthz                200 while the process lives
 *   GET  /readyz                 200 when jobs are taken, 503 before and while it stops
 *   GET  /metrics                for Prometheus
 *   GET  /v1/digests?reference=HOST/NAME:TAG   what is stated of an image; artifacts by algorithm
 *   GET  /v1/quarantine          what was given up, with reasons
 *   POST /v1/quarantine/retry?key=KEY          gives it all its tries again
 *
 * All but the first three of GET want the secret, when there is one.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ComposefsError } from "../error.ts";
import { knowsSecret } from "./secret.ts";

/** An answer: JSON, or text of a type. */
export interface ServiceAnswer {
  status: number;
  body: unknown;
  contentType?: string;
}

/** What is done for each path. */
export type ServiceRoute = (url: URL, body: Buffer, request: IncomingMessage) => Promise<ServiceAnswer>;

/** Limits of a request: value, unit, reason. */
export const SERVER_LIMITS = {
  // Distribution's largest envelopes have some kilobytes for each event.
  bodyBytes: 1 << 20,
  // Whoever is slower than this holds a connection for nothing.
  requestMs: 30_000,
  headersMs: 10_000,
  connections: 512,
} as const;

/** Answered without the secret: probes and scrapers have none. */
const OPEN: ReadonlySet<string> = new Set(["GET /healthz", "GET /readyz", "GET /metrics"]);

/**
 * Starts a server.
 *
 * @param routes by `METHOD /path`
 * @param secret null for none
 * @returns the server and its `http://HOST:PORT`
 * @throws {ComposefsError} SERVICE_LISTEN
 */
export async function startServer(
  listen: string,
  routes: Readonly<Record<string, ServiceRoute>>,
  secret: string | null,
  onError: (error: unknown) => void,
): Promise<{ server: Server; origin: string }> {
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/.exec(listen) ?? [];
  const server = createServer({ requestTimeout: SERVER_LIMITS.requestMs, headersTimeout: SERVER_LIMITS.headersMs });
  server.maxConnections = SERVER_LIMITS.connections;
  server.on("request", (request, response) => {
    answer(request, response, routes, secret).catch((error) => {
      onError(error);
      send(response, { status: 500, body: { error: "an error of the service; its log says more" } });
    });
  });
  try {
    if (port === "" || Number(port) > 65535) throw new Error("expected HOST:PORT");
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(Number(port), host.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1", resolve);
    });
  } catch (cause) {
    const message = `cannot listen on ${JSON.stringify(listen)}: ${(cause as Error).message}`;
    throw new ComposefsError("SERVICE_LISTEN", message, {}, { cause });
  }
  return { server, origin: `http://${host || "127.0.0.1"}:${(server.address() as AddressInfo).port}` };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, ServiceRoute>>,
  secret: string | null,
): Promise<void> {
  const url = URL.canParse(request.url ?? "", "http://service") ? new URL(request.url!, "http://service") : null;
  const name = `${request.method} ${url?.pathname}`;
  if (url === null || !Object.hasOwn(routes, name))
    return send(response, { status: 404, body: { error: "not found" } });
  const body = await bodyOf(request);
  if (body === null) {
    response.setHeader("connection", "close");
    return send(response, { status: 413, body: { error: `a body has at most ${SERVER_LIMITS.bodyBytes} bytes` } });
  }
  const { authorization, "x-hub-signature-256": signature } = request.headers;
  const headers = { authorization, signature: typeof signature === "string" ? signature : undefined };
  if (secret !== null && !OPEN.has(name) && !knowsSecret(secret, headers, body)) {
    return send(response, { status: 401, body: { error: "the secret is wrong or missing" } });
  }
  send(response, await routes[name]!(url, body, request));
}

/** Null for one that is too long, or ends early. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > SERVER_LIMITS.bodyBytes) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, body, contentType }: ServiceAnswer): void {
  if (response.headersSent) return;
  const text = contentType === undefined ? `${JSON.stringify(body)}\n` : String(body);
  response.writeHead(status, {
    ...{ "content-type": contentType ?? "application/json", "content-length": Buffer.byteLength(text) },
    ...{ "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
  response.end(text);
}
