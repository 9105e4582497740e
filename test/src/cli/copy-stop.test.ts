/** A copy that is interrupted while a blob comes slowly: it ends by the signal, and what it had begun is gone. */

import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { sleep } from "../../../src/registry/endpoint.ts";
import { makeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { emptyFolder, start } from "./run.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** A registry with one image, of whose blobs it gives the first byte and no more. @returns its host */
async function startStalling(): Promise<string> {
  const files: Map<string, Uint8Array> = makeLayout(makeLayers("base"));
  const { manifests } = JSON.parse(Buffer.from(files.get("index.json")!).toString());
  const blob = (digest: string) => files.get(`blobs/${digest.replace(":", "/")}`);
  const server: Server = createServer((request, response) => {
    const [, kind, name] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url!) ?? [];
    const digest = kind === "manifests" ? manifests[0].digest : name;
    const bytes = digest === undefined ? undefined : blob(digest);
    if (request.url!.includes("/referrers/")) {
      response.setHeader("Content-Type", "application/vnd.oci.image.index.v1+json");
      response.end(JSON.stringify({ schemaVersion: 2, manifests: [] }));
    } else if (bytes === undefined) {
      response.writeHead(request.url === "/v2/" ? 200 : 404).end();
    } else if (kind === "manifests") {
      response.writeHead(200, { "Content-Type": MANIFEST, "Docker-Content-Digest": digest }).end(bytes);
    } else {
      response.writeHead(200, { "Content-Length": bytes.length });
      response.write(bytes.subarray(0, 1));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `localhost:${(server.address() as AddressInfo).port}`;
}

test.each(["oci:there", "oci-archive:there.tar"])("to %s", async (target) => {
  const cwd = emptyFolder();
  const begun = () => readdirSync(cwd, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"));
  const { child, ended } = start("composefs", ["copy", `docker://${await startStalling()}/image:latest`, target], cwd);
  while (begun().length === 0 && child.exitCode === null) await sleep(20);
  child.kill("SIGINT");
  expect(await ended).toMatchObject({ signal: "SIGINT", stderr: "" });
  expect(begun()).toEqual([]);
});
