/** What refers to an image: by the API in all its ways, and by the fallback tag. */
import { afterEach, describe, expect, test } from "vitest";
import { referrerOf } from "../../../src/registry/descriptor.ts";
import { fallbackTag } from "../../../src/registry/referrers.ts";
import { Registry } from "../../../src/registry/registry.ts";
import {
  artifactOf,
  FAST,
  type ServerOptions,
  sha256,
  startServer,
  type TestServer,
} from "../../support/registry/server.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const SUBJECT = { digest: sha256(Buffer.from("image")), size: 5 };
const SEALS = Array.from({ length: 7 }, (_, i) => artifactOf(SUBJECT, `seal ${i}`));
const OTHER = artifactOf(SUBJECT, "other", "application/x.other");

let server: TestServer;
let registry: Registry;
async function start(options: ServerOptions = {}, limits = {}): Promise<void> {
  server = await startServer(options);
  registry = new Registry(server.host, { limits: { ...FAST, ...limits } });
}
afterEach(() => server?.close());
const push = (bytes: Buffer) => registry.pushManifest("a", sha256(bytes), bytes, TYPE);
const digests = async (artifactType?: string) =>
  (await registry.referrers("a", SUBJECT.digest, { artifactType })).referrers.map(({ digest }) => digest);
const tag = `a:${SUBJECT.digest.replace(":", "-")}`;
const listed = () => JSON.parse(server.manifests.get(tag)!.bytes.toString()).manifests;

test("the fallback tag", () => {
  expect(fallbackTag(`sha256:${"a".repeat(64)}`)).toBe(`sha256-${"a".repeat(64)}`);
  expect(fallbackTag(`${"x".repeat(40)}:${"b".repeat(128)}`)).toBe(`${"x".repeat(32)}-${"b".repeat(64)}`);
});

describe("the API", () => {
  test.each([
    ["that filters", { filters: true }],
    ["that does not filter", {}],
    ["in pages", { perPage: 2 }],
    ["in pages that are filtered", { perPage: 3, filters: true }],
    ["that does not say what it did", { saysSubject: false }],
  ])("%s", async (_, referrers) => {
    await start({ referrers });
    for (const seal of [...SEALS, OTHER]) expect((await push(seal)).listedBy).toBe("api");
    expect(server.manifests.has(tag)).toBe(false);
    expect(await digests()).toEqual([...SEALS, OTHER].map(sha256));
    expect(await digests("application/x.seal")).toEqual(SEALS.map(sha256));
    expect(await digests("application/x.none")).toEqual([]);
  });

  const reply = (body: unknown, headers = {}, status = 200) => {
    server.hook = (request, response) => {
      if (!request.url!.includes("/referrers/")) return false;
      return response.writeHead(status, { "content-type": INDEX, ...headers }).end(JSON.stringify(body));
    };
  };

  test("pages in a circle, elsewhere, without end, and pages that are missing", async () => {
    await start();
    reply({ manifests: [] }, { link: `</v2/a/referrers/${SUBJECT.digest}>; rel="next"` });
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
    reply({ manifests: [] }, { link: '<http://127.0.0.1:1/x>; rel="next"' });
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
    let page = 0;
    server.hook = (_, response) => {
      const link = `</v2/a/referrers/${SUBJECT.digest}?page=${page++}>; rel=next`;
      return response.writeHead(200, { "content-type": INDEX, link }).end('{"manifests":[]}');
    };
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_LIMIT" });
    expect(page).toBe(100);
    page = 0;
    server.hook = (_, response) => {
      const link = '</v2/a/referrers/more>; rel="next"';
      return response.writeHead(page++ === 0 ? 200 : 404, { link }).end('{"manifests":[]}');
    };
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
    reply({ manifests: [] }, { link: '<http://127.0.0.1:1/x>; rel="prev"' });
    expect(await digests()).toEqual([]);
  });

  test("too many referrers", async () => {
    await start({ referrers: {} }, { referrers: SEALS.length });
    for (const seal of SEALS) await push(seal);
    expect(await digests()).toHaveLength(SEALS.length);
    await push(OTHER);
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_LIMIT", data: { limit: SEALS.length } });
  });

  test("what is no descriptor is left out", async () => {
    await start();
    const good = { mediaType: TYPE, digest: SUBJECT.digest, size: 1 };
    const bad = [
      null,
      1,
      "x",
      [],
      {},
      { ...good, size: -1 },
      { ...good, size: 0.5 },
      { ...good, digest: "sha256:../x" },
    ];
    reply({ manifests: [...bad, good, { ...good, annotations: { a: 1, b: "c" } }] });
    expect((await registry.referrers("a", SUBJECT.digest)).referrers).toEqual([{ ...good, annotations: { b: "c" } }]);
  });

  test("of which the list does not say what they are are read", async () => {
    await start({}, { referrersRead: 3 });
    const bytes = [SEALS[0]!, OTHER, SEALS[1]!];
    for (const one of bytes) server.manifests.set(`a@${sha256(one)}`, { bytes: one, type: TYPE });
    const entry = (one: Buffer) => ({ mediaType: TYPE, digest: sha256(one), size: one.length });
    const [first, second, third] = bytes.map(entry);
    const empty = "application/vnd.oci.empty.v1+json";
    reply({ manifests: [first, { ...second, artifactType: empty }, { ...third, artifactType: empty }] });
    const { referrers } = await registry.referrers("a", SUBJECT.digest, { artifactType: "application/x.seal" });
    expect(referrers).toEqual([SEALS[0]!, SEALS[1]!].map((one) => referrerOf(one, sha256(one)).referrer));
    reply({ manifests: [first, second, third, entry(SEALS[2]!)] });
    await expect(digests("application/x.seal")).rejects.toMatchObject({ code: "REGISTRY_LIMIT", data: { limit: 3 } });
    expect(await digests()).toHaveLength(4);
  });

  test("404 and what is no index mean that there is none; other failures are failures", async () => {
    await start();
    for (const body of ["no", [], {}, { manifests: {} }]) {
      reply(body);
      expect((await registry.referrers("a", SUBJECT.digest)).by).toBe("tag");
    }
    reply({}, {}, 403);
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
    reply({}, {}, 500);
    await expect(digests()).rejects.toMatchObject({ code: "REGISTRY_BUSY" });
  });
});

describe("the fallback tag", () => {
  test("lists what was pushed, once each, with type and annotations", async () => {
    await start();
    expect(await digests()).toEqual([]);
    for (const seal of [SEALS[0]!, SEALS[1]!, SEALS[0]!, OTHER]) expect((await push(seal)).listedBy).toBe("tag");
    expect(listed()).toEqual([SEALS[0]!, SEALS[1]!, OTHER].map((bytes) => referrerOf(bytes, sha256(bytes)).referrer));
    expect(await digests("application/x.other")).toEqual([sha256(OTHER)]);
  });

  test("keeps what other clients wrote", async () => {
    await start();
    const foreign = { mediaType: TYPE, digest: sha256(OTHER), size: 1, platform: { os: "linux" }, data: "eA==" };
    const index = {
      schemaVersion: 2,
      mediaType: INDEX,
      annotations: { of: "others" },
      manifests: [foreign, { odd: 1 }],
    };
    server.manifests.set(tag, { bytes: Buffer.from(JSON.stringify(index)), type: INDEX });
    await push(SEALS[0]!);
    const written = JSON.parse(server.manifests.get(tag)!.bytes.toString());
    expect(written).toMatchObject({ ...index, manifests: [foreign, { odd: 1 }, { digest: sha256(SEALS[0]!) }] });
  });

  test("an entry that another writer undid is written again, and by the next run", async () => {
    await start();
    let undone = 0;
    server.hook = (request) => {
      // Another writer, who had looked before, writes after us.
      if (request.method === "GET" && request.url!.endsWith(tag.slice(2)) && undone < 2 && server.manifests.has(tag)) {
        server.manifests.delete(tag);
        undone++;
      }
      return false;
    };
    await push(SEALS[0]!);
    expect(undone).toBe(2);
    expect(listed()).toHaveLength(1);
    server.manifests.delete(tag);
    const added = await registry.reconcileReferrers("a", SUBJECT.digest, [sha256(SEALS[0]!)]);
    expect(added.map(({ digest }) => digest)).toEqual([sha256(SEALS[0]!)]);
    expect(await digests()).toEqual([sha256(SEALS[0]!)]);
  });

  test("that is undone for ever is given up", async () => {
    await start({}, { fallbackWrites: 3 });
    let writes = 0;
    server.hook = (request, response) => {
      if (request.method !== "PUT" || !request.url!.endsWith(tag.slice(2))) return false;
      writes++;
      return response.writeHead(201).end();
    };
    await expect(push(SEALS[0]!)).rejects.toMatchObject({ code: "REGISTRY_FALLBACK" });
    expect(writes).toBe(3);
  });

  test("that is no index, or grows too large, is not written over", async () => {
    await start({}, { referrers: 2 });
    await push(SEALS[0]!);
    await push(SEALS[1]!);
    await expect(push(SEALS[2]!)).rejects.toMatchObject({ code: "REGISTRY_LIMIT", data: { limit: 2 } });
    expect(listed()).toHaveLength(2);
    server.manifests.set(tag, { bytes: Buffer.from('{"layers":[]}'), type: TYPE });
    await expect(push(SEALS[0]!)).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
  });

  test("takes only what refers to the image", async () => {
    await start();
    const elsewhere = artifactOf({ digest: sha256(Buffer.from("x")), size: 1 }, "elsewhere");
    await push(elsewhere);
    const run = registry.reconcileReferrers("a", SUBJECT.digest, [sha256(elsewhere)]);
    await expect(run).rejects.toMatchObject({ code: "REGISTRY_RESPONSE" });
    expect(server.manifests.has(tag)).toBe(false);
  });
});
