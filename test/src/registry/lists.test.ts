/** Lists of repositories and tags, page by page, and referrers that are taken away. */
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { RegistryLimits } from "../../../src/registry/limits.ts";
import { fallbackTag } from "../../../src/registry/referrers.ts";
import { Registry } from "../../../src/registry/registry.ts";
import { hasProgram, NATIVE_REGISTRY, startDebianRegistry, startNativeRegistry } from "../../support/registry/real.mjs";
import {
  artifactOf,
  FAST,
  type ServerOptions,
  sendJson,
  sha256,
  startServer,
  type TestServer,
} from "../../support/registry/server.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const EMPTY = Buffer.from("{}");
const IMAGE = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, note: "image" }));
const SUBJECT = { digest: sha256(IMAGE), size: IMAGE.length };
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: ServerOptions = {}, limits: Partial<RegistryLimits> = {}) {
  const server = await startServer(options);
  servers.push(server);
  return { server, registry: new Registry(server.host, { limits: { ...FAST, ...limits } }) };
}

async function all(names: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const name of names) found.push(name);
  return found;
}

/** Answers with pages of names; the address of the next one is that of `link`. */
function pages(names: string[][], link = (page: number) => `/v2/_catalog?page=${page}`) {
  return ({ url }: { url?: string | undefined }, response: ServerResponse) => {
    if (!url!.startsWith("/v2/_catalog")) return false;
    const page = Number(new URL(url!, "http://x").searchParams.get("page") ?? 0);
    const headers = page + 1 < names.length ? { link: `<${link(page + 1)}>; rel="next"` } : {};
    return sendJson(response, 200, { repositories: names[page] }, headers);
  };
}

describe("names", () => {
  test("come from all pages, each once; what is none is left out", async () => {
    const { registry } = await start({
      hook: pages([
        ["a", "b"],
        ["b", "../c", "c/d"],
        ["E", "f"],
      ]),
    });
    expect(await all(registry.repositories())).toEqual(["a", "b", "c/d", "f"]);
  });

  test("end where a page says nothing new: a list in a circle", async () => {
    const { server, registry } = await start({ hook: pages([["a"], ["a"], ["b"]]) });
    expect(await all(registry.repositories())).toEqual(["a"]);
    expect(server.seen).toHaveLength(2);
  });

  test("are no list, empty, missing, or elsewhere", async () => {
    const { server, registry } = await start();
    await expect(all(registry.repositories())).rejects.toMatchObject({ code: "REGISTRY_MISSING" });
    server.hook = (_, response) => sendJson(response, 200, { tags: null });
    expect(await all(registry.tags("a"))).toEqual([]);
    server.hook = (_, response) => sendJson(response, 200, { tags: "a" });
    await expect(all(registry.tags("a"))).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
    server.hook = pages([["a"], ["b"]], () => "http://elsewhere.example/v2/_catalog");
    await expect(all(registry.repositories())).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
  });

  test("are refused one page and one name beyond the limits", async () => {
    const { server, registry } = await start({ hook: pages([["a", "b"], ["c"]]) }, { listPages: 2, listNames: 3 });
    expect(await all(registry.repositories())).toEqual(["a", "b", "c"]);
    server.hook = pages([["a"], ["b"], ["c"]]);
    await expect(all(registry.repositories())).rejects.toMatchObject({ code: "REGISTRY_LIMIT", message: /listPages/ });
    server.hook = pages([
      ["a", "b"],
      ["c", "d"],
    ]);
    await expect(all(registry.repositories())).rejects.toMatchObject({ code: "REGISTRY_LIMIT", message: /listNames/ });
  });
});

describe("a referrer that is taken away", () => {
  test("leaves the list that clients keep; others stay", async () => {
    const { server, registry } = await start();
    await registry.pushManifest("app", "v1", IMAGE, MANIFEST);
    const seals = ["one", "two"].map((note) => artifactOf(SUBJECT, note));
    for (const bytes of seals) await registry.pushManifest("app", sha256(bytes), bytes, MANIFEST);
    server.hook = ({ method }, response) => (method === "DELETE" ? response.writeHead(405).end() : false);
    expect(await registry.removeReferrer("app", SUBJECT.digest, sha256(seals[0]!))).toBe(true);
    const { referrers } = await registry.referrers("app", SUBJECT.digest);
    expect(referrers.map(({ digest }) => digest)).toEqual([sha256(seals[1]!)]);
    // Nothing lists it any more, and it is not deleted.
    expect(await registry.removeReferrer("app", SUBJECT.digest, sha256(seals[0]!))).toBe(false);
    expect(server.manifests.has(`app:${fallbackTag(SUBJECT.digest)}`)).toBe(true);
  });

  test("stays when others undo it for ever", async () => {
    const { server, registry } = await start({}, { fallbackWrites: 3 });
    const seal = artifactOf(SUBJECT, "one");
    await registry.pushManifest("app", sha256(seal), seal, MANIFEST);
    server.hook = ({ method }, response) => {
      if (method === "PUT") return response.writeHead(201).end();
      return method === "DELETE" ? response.writeHead(405).end() : false;
    };
    await expect(registry.removeReferrer("app", SUBJECT.digest, sha256(seal))).rejects.toMatchObject({
      code: "REGISTRY_FALLBACK",
    });
  });
});

const REGISTRIES = [
  {
    ...{ name: "docker-registry", start: startDebianRegistry, limits: { listPageNames: 2 } },
    isThere: hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry"),
  },
  {
    // Its pages end where they are full, without saying that there is more.
    ...{ name: "go-containerregistry", start: startNativeRegistry, limits: {} },
    isThere: hasProgram(NATIVE_REGISTRY, "test/oracle/build-native-registry.sh"),
  },
].filter(({ isThere }) => isThere);

test.each(REGISTRIES)("$name: lists in pages, and a referrer less", async ({ start: startRegistry, limits }) => {
  const server = await startRegistry();
  try {
    const registry = new Registry(server.host, { limits });
    for (const name of ["a", "b/c", "d", "e", "f"]) {
      for (const bytes of [EMPTY]) await registry.pushBlob(name, { digest: sha256(bytes), size: 2, open: () => bytes });
      const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256(EMPTY), size: 2 };
      const image = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: empty, layers: [empty] }),
      );
      for (const tag of ["1", "2", "3"]) await registry.pushManifest(name, tag, image, MANIFEST);
      const seal = artifactOf({ digest: sha256(image), size: image.length }, "seal");
      await registry.pushManifest(name, sha256(seal), seal, MANIFEST);
      expect((await registry.referrers(name, sha256(image))).referrers).toHaveLength(1);
      expect(await registry.removeReferrer(name, sha256(image), sha256(seal))).toBe(true);
      expect((await registry.referrers(name, sha256(image))).referrers).toEqual([]);
    }
    expect((await all(registry.repositories())).sort()).toEqual(["a", "b/c", "d", "e", "f"]);
    const tags = (await all(registry.tags("b/c"))).filter((tag) => !tag.startsWith("sha256-"));
    expect(tags.sort()).toEqual(["1", "2", "3"]);
    await expect(all(registry.tags("nothing"))).rejects.toMatchObject({ code: "REGISTRY_MISSING" });
  } finally {
    server.close();
  }
});
