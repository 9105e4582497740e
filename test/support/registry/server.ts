/**
 * A registry on loopback that keeps everything in memory, notes every request, and lets a test answer any of them itself.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. */
export interface Seen {
  method: string;
  /** Path and query. */
  url: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Answers a request in the place of the registry; gives false for those that it leaves to it. */
export type Hook = (request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown;

export interface ServerOptions {
  hook?: Hook;
  /** Whether there is the API for referrers, and what it does. */
  referrers?: { filters?: boolean; saysSubject?: boolean; perPage?: number };
}

export interface TestServer {
  /** `127.0.0.1:PORT` */
  host: string;
  seen: Seen[];
  /** Bytes by digest. */
  blobs: Map<string, Buffer>;
  /** Bytes and media type by `NAME:TAG` and `NAME@DIGEST`. */
  manifests: Map<string, { bytes: Buffer; type: string }>;
  hook: Hook;
  close(): Promise<void>;
}

export const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Starts a server; to be closed by whoever starts it. */
export async function startServer({ hook = () => false, referrers }: ServerOptions = {}): Promise<TestServer> {
  const seen: Seen[] = [];
  const blobs: TestServer["blobs"] = new Map();
  const manifests: TestServer["manifests"] = new Map();
  const server = createServer((request, response) => {
    seen.push({ method: request.method!, url: request.url!, headers: request.headers });
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("error", () => {});
    response.on("error", () => {});
    request.on("end", async () => {
      const body = Buffer.concat(chunks);
      if ((await test.hook(request, response, body)) !== false) return;
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const test: TestServer = { host, seen, blobs, manifests, hook, close };

  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): unknown {
    const url = new URL(request.url!, `http://${host}`);
    const end = (status: number, headers: Record<string, string> = {}, bytes: Buffer | string = "") => {
      response.writeHead(status, { "content-length": Buffer.byteLength(bytes), ...headers });
      response.end(request.method === "HEAD" ? "" : bytes);
    };
    const missing = () => end(404, {}, JSON.stringify({ errors: [{ code: "UNKNOWN", message: "not here" }] }));
    const [, name = "", kind, last = ""] =
      /^\/v2\/(.+)\/(blobs|manifests|referrers|uploads)\/([^/]*)$/.exec(url.pathname) ?? [];
    if (kind === "blobs") {
      const bytes = blobs.get(last);
      if (bytes === undefined) return missing();
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (from === 0) return end(200, {}, bytes);
      if (from >= bytes.length) return end(416);
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      return end(206, { "content-range": range }, bytes.subarray(from));
    }
    if (kind === "uploads" && request.method === "POST") {
      const mount = url.searchParams.get("mount");
      if (mount !== null && blobs.has(mount)) return end(201, { location: `/v2/${name.slice(0, -6)}/blobs/${mount}` });
      return end(202, { location: `/v2/${name}/uploads/one?state=kept` });
    }
    if (kind === "uploads" && request.method === "PUT") {
      const digest = url.searchParams.get("digest")!;
      if (sha256(body) !== digest || url.searchParams.get("state") !== "kept") return end(400);
      blobs.set(digest, body);
      return end(201);
    }
    const key = (reference: string) => `${name}${reference.includes(":") ? "@" : ":"}${reference}`;
    if (kind === "manifests" && request.method === "PUT") {
      const manifest = { bytes: body, type: request.headers["content-type"]! };
      manifests.set(key(last), manifest);
      manifests.set(key(sha256(body)), manifest);
      const subject = JSON.parse(body.toString()).subject?.digest;
      const isSaid = subject !== undefined && referrers !== undefined && referrers.saysSubject !== false;
      return end(201, isSaid ? { "oci-subject": subject } : {});
    }
    if (kind === "manifests") {
      const manifest = manifests.get(key(last));
      if (manifest === undefined) return missing();
      const headers = { "content-type": manifest.type, "docker-content-digest": sha256(manifest.bytes) };
      return end(200, headers, manifest.bytes);
    }
    if (kind === "referrers" && referrers !== undefined) return listReferrers(name, last, url, end);
    missing();
  }

  function listReferrers(
    name: string,
    digest: string,
    url: URL,
    end: (status: number, headers: Record<string, string>, body: string) => void,
  ): void {
    const type = referrers!.filters ? url.searchParams.get("artifactType") : null;
    const all = [...manifests].flatMap(([key, { bytes, type: mediaType }]) => {
      if (!key.startsWith(`${name}@`)) return [];
      const { subject, artifactType, annotations } = JSON.parse(bytes.toString());
      if (subject?.digest !== digest || (type !== null && artifactType !== type)) return [];
      return [{ mediaType, digest: sha256(bytes), size: bytes.length, artifactType, annotations }];
    });
    const from = Number(url.searchParams.get("from") ?? 0);
    const perPage = referrers!.perPage ?? all.length;
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: all.slice(from, from + perPage) };
    const headers: Record<string, string> = { "content-type": INDEX };
    if (type !== null) headers["oci-filters-applied"] = "artifactType";
    if (from + perPage < all.length) {
      url.searchParams.set("from", String(from + perPage));
      headers["link"] = `<${url.pathname}${url.search}>; rel="next"`;
    }
    end(200, headers, JSON.stringify(index));
  }
  return test;
}

const INDEX = "application/vnd.oci.image.index.v1+json";

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

/** Limits with which a test need not wait. */
export const FAST = { backoffMs: 1, idleMs: 1000, answerMs: 3000 } as const;

/** Puts an artifact together that refers to `subject`. */
export function artifactOf(
  subject: { digest: string; size: number },
  note: string,
  artifactType = "application/x.seal",
) {
  const empty = Buffer.from("{}");
  const descriptor = { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256(empty), size: 2 };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType,
      config: descriptor,
      layers: [descriptor],
      subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", ...subject },
      annotations: { note },
    }),
  );
}
