/** Proxies, certificates, and what the environment says about registries. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proxyFor } from "../../../src/registry/proxy.node.ts";
import { machineRegistry } from "../../../src/registry/registry.node.ts";
import { startServer } from "../../support/registry/server.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";

describe("which proxy", () => {
  const P = "http://p:1";
  test.each([
    ["http://h.io/", { HTTP_PROXY: P }, "http://p:1/"],
    ["https://h.io/", { HTTP_PROXY: P }, null],
    ["https://h.io/", { HTTPS_PROXY: "p:1" }, "http://p:1/"],
    ["https://h.io/", { https_proxy: "http://q:2", HTTPS_PROXY: P }, "http://q:2/"],
    ["https://h.io/", { HTTPS_PROXY: "" }, null],
    ["https://localhost:5000/", { HTTPS_PROXY: P }, null],
    ["https://127.1.2.3/", { HTTPS_PROXY: P }, null],
    ["https://[::1]/", { HTTPS_PROXY: P }, null],
    ["https://h.io/", { HTTPS_PROXY: P, NO_PROXY: "x.io, H.io" }, null],
    ["https://a.h.io/", { HTTPS_PROXY: P, NO_PROXY: "h.io" }, null],
    ["https://a.h.io/", { HTTPS_PROXY: P, no_proxy: ".h.io" }, null],
    ["https://a.h.io/", { HTTPS_PROXY: P, no_proxy: "*.h.io" }, null],
    ["https://h.io/", { HTTPS_PROXY: P, NO_PROXY: ".h.io" }, "http://p:1/"],
    ["https://ah.io/", { HTTPS_PROXY: P, NO_PROXY: "h.io" }, "http://p:1/"],
    ["https://h.io:8443/", { HTTPS_PROXY: P, NO_PROXY: "h.io:8443" }, null],
    ["https://h.io/", { HTTPS_PROXY: P, NO_PROXY: "h.io:8443" }, "http://p:1/"],
    ["https://h.io/", { HTTPS_PROXY: P, NO_PROXY: "h.io:443" }, null],
    ["https://10.0.0.1/", { HTTPS_PROXY: P, NO_PROXY: "10.0.0.1" }, null],
    ["https://h.io/", { HTTPS_PROXY: P, NO_PROXY: "*" }, null],
  ])("%s %j", (url, environment, expected) => {
    expect(proxyFor(new URL(url), environment)?.href ?? null).toBe(expected);
  });

  test("a variable that holds none is refused, and not shown", () => {
    for (const text of ["socks5://u:secret@p:1", "http://", "u:secret@:x"]) {
      const ask = () => proxyFor(new URL("https://h.io"), { HTTPS_PROXY: text });
      expect(ask).toThrow(expect.objectContaining({ code: "REGISTRY_NETWORK" }));
      expect(ask).not.toThrow(/secret/);
    }
  });
});

describe("TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "network-test-"));
  const file = (name: string) => join(folder, name);
  const server = createServer();
  const proxy = createHttpServer();
  const connects: Array<[string | undefined, string | undefined]> = [];
  let host: string;
  beforeAll(async () => {
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry.test"];
    const names = ["-addext", "subjectAltName=DNS:registry.test,IP:127.0.0.1"];
    const { status } = spawnSync("openssl", [...args, ...names, "-keyout", file("key"), "-out", file("crt")]);
    expect(status).toBe(0);
    server.setSecureContext({ key: readFileSync(file("key")), cert: readFileSync(file("crt")) });
    server.on("request", (_, response) => response.writeHead(200, { "content-type": TYPE }).end("{}"));
    proxy.on("connect", (request, socket) => {
      connects.push([request.url, request.headers["proxy-authorization"]]);
      const upstream = connect(Number(host.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      for (const one of [socket, upstream]) one.on("error", () => {});
    });
    await Promise.all(
      [server, proxy].map((one) => new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve))),
    );
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    for (const one of [server, proxy]) {
      one.close();
      one.closeAllConnections();
    }
    rmSync(folder, { recursive: true });
  });

  const read = (host: string, certificateFolders: string[], environment = {}) => {
    const options = { certificateFolders, environment, plainHttp: false, credentials: async () => null };
    return machineRegistry(host, options).manifest("a", "b");
  };
  const trust = (host: string) => {
    mkdirSync(file(`certs/${host}`), { recursive: true });
    writeFileSync(file(`certs/${host}/ca.crt`), readFileSync(file("crt")));
    return [file("missing"), file("certs")];
  };

  test("an authority for one host", async () => {
    await expect(read(host, [])).rejects.toMatchObject({ code: "REGISTRY_CONNECT" });
    expect((await read(host, trust(host))).mediaType).toBe(TYPE);
    mkdirSync(file(`bad/${host}/ca.crt`), { recursive: true });
    await expect(read(host, [file("bad")])).rejects.toMatchObject({ code: "REGISTRY_NETWORK" });
  });

  test("through a proxy, with its own password, which nobody else gets", async () => {
    const environment = { HTTPS_PROXY: `http://u:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const name = `registry.test:${host.split(":")[1]}`;
    expect((await read(name, trust(name), environment)).mediaType).toBe(TYPE);
    expect(connects).toEqual([[name, `Basic ${Buffer.from("u:p@ss").toString("base64")}`]]);
  });
});

describe("the environment of commands", () => {
  test("mirrors and plain HTTP", async () => {
    const mirror = await startServer();
    try {
      mirror.manifests.set("copies/a:b", { bytes: Buffer.from("{}"), type: TYPE });
      const environment = { COMPOSEFS_REGISTRY_MIRRORS: `x.io=y.io, h.invalid=${mirror.host}/copies` };
      expect((await machineRegistry("h.invalid", { environment }).manifest("a", "b")).mediaType).toBe(TYPE);
      const fetch = async (url: string) => {
        expect(url).toBe("http://h.invalid/v2/a/manifests/b");
        return new Response("{}", { headers: { "content-type": TYPE } });
      };
      await machineRegistry("h.invalid", { environment: { COMPOSEFS_PLAIN_HTTP: "x.io,h.invalid" }, fetch }).manifest(
        "a",
        "b",
      );
    } finally {
      await mirror.close();
    }
  });

  test("what cannot be read is refused", () => {
    for (const text of ["x", "=y", "x=", "x=y/UP", "x=y=z", "x=u:p@y"]) {
      const make = () => machineRegistry("h.io", { environment: { COMPOSEFS_REGISTRY_MIRRORS: text } });
      expect(make, text).toThrow(expect.objectContaining({ code: "REGISTRY_NETWORK" }));
    }
  });
});
