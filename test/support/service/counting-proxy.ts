/** A proxy before a registry that counts what is read of each blob, and can break what passes. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface CountingProxy {
  host: string;
  /** Bytes of answers to GET, by the digest of the blob. */
  blobBytes: Map<string, number>;
  /** Method and path of each request. */
  requests: string[];
  /** Answers in the place of the registry; gives false for those that it leaves to it. */
  hook: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Milliseconds for which a request is kept back. */
  delay: (request: IncomingMessage) => number;
  close(): void;
}

/** Starts a proxy. @param target `HOST:PORT` */
export async function startProxy(target: string): Promise<CountingProxy> {
  const [hostname, port] = target.split(":");
  const server = createServer(async (incoming, response) => {
    const { method, url } = incoming;
    const ms = proxy.delay(incoming);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    proxy.requests.push(`${method} ${url}`);
    if (proxy.hook(incoming, response)) return;
    const [, blob] = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url!) ?? [];
    // The Host header stays, so that the registry sends to this proxy.
    const onward = request({ hostname, port, method, path: url, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.on("data", (chunk: Buffer) => {
        if (blob !== undefined && method === "GET") {
          proxy.blobBytes.set(blob, (proxy.blobBytes.get(blob) ?? 0) + chunk.length);
        }
      });
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: CountingProxy = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobBytes: new Map(),
    requests: [],
    hook: () => false,
    delay: () => 0,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return proxy;
}
