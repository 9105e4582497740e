/** The layer cache in a bucket: of a real server, and of one that fails in every way a test wants. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { cacheKey, findCached, keepCached } from "../../../src/image/layer-cache.ts";
import { openCache } from "../../../src/image/layer-cache-open.node.ts";
import { S3Cache, type S3CacheOptions } from "../../../src/image/layer-cache-s3.ts";
import type { LayerRecords } from "../../../src/image/layer-records.ts";
import { hasProgram } from "../../support/registry/real.mjs";
import { S3_SERVER, startS3Server } from "../../support/service/s3.ts";

const DIFF_ID = `sha256:${"7".repeat(64)}`;
const KEY = cacheKey(DIFF_ID, ["sha512"]);
const layer: LayerRecords = {
  bytes: Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255),
  entries: 3,
  tarBytes: 1 << 20,
  hashes: ["sha512"],
  contents: [],
};
const ENVIRONMENT = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/very/secret" };

/** A store that answers as the test says. */
async function startStore(listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => listener(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A cache that does not wait long, and what it told. */
function impatient(endpoint: string, options: S3CacheOptions = {}) {
  const told: string[] = [];
  const bucket = { address: `${endpoint}/layers`, region: "us-east-1", accessKeyId: "A", secretAccessKey: "TOPSECRET" };
  const limits = { requestMs: 300, backoffMs: 1, ...options.limits };
  const cache = new S3Cache(bucket, { ...options, limits, onFailure: (reason) => told.push(reason) });
  return { cache, told };
}

describe.runIf(hasProgram(S3_SERVER, "test/oracle/install-python-oracle.sh s3"))("a real store", () => {
  test("keeps entries; what is damaged is as if it were not there", async () => {
    const { endpoint, child } = await startS3Server("layers");
    onTestFinished(() => void child.kill());
    const told: string[] = [];
    const options = { environment: ENVIRONMENT, onFailure: (reason: string) => told.push(reason) };
    const cache = await openCache(`s3://layers/a/b?endpoint=${endpoint}`, options);
    expect(await findCached(cache, DIFF_ID, ["sha512"], null)).toBeUndefined();
    await keepCached(cache, DIFF_ID, layer, null);
    const other = await openCache(`s3://layers/a/b?region=eu-west-1&endpoint=${endpoint}`, options);
    const found = await findCached(other, DIFF_ID, ["sha512"], null);
    expect(Buffer.from(found!.bytes).equals(layer.bytes)).toBe(true);
    expect({ ...found, bytes: 0 }).toEqual({ ...layer, bytes: 0 });
    // Another prefix is another cache.
    expect(await (await openCache(`s3://layers/a?endpoint=${endpoint}`, options)).get(KEY)).toBeUndefined();

    const entry = (await cache.get(KEY))!;
    entry[100]! ^= 1;
    await cache.put(KEY, entry);
    expect(await findCached(cache, DIFF_ID, ["sha512"], null)).toBeUndefined();
    await keepCached(cache, DIFF_ID, layer, null);
    expect(await findCached(cache, DIFF_ID, ["sha512"], null)).toBeDefined();
    expect(told).toEqual([]);

    const missing = await openCache(`s3://no-such-bucket?endpoint=${endpoint}`, options);
    await missing.put(KEY, entry);
    expect(await missing.get(KEY)).toBeUndefined();
  });
});

describe("a store that fails", () => {
  test.each([500, 503, 429])("with %i is asked three times", async (status) => {
    let count = 0;
    const endpoint = await startStore((_, response) => {
      count++;
      response.writeHead(status).end("TOPSECRET");
    });
    const { cache, told } = impatient(endpoint);
    expect(await cache.get(KEY)).toBeUndefined();
    expect(count).toBe(3);
    expect(told).toEqual([`GET of a layer's records: the store answered with ${status}`]);
  });

  test("and recovers does as well", async () => {
    let count = 0;
    const endpoint = await startStore((_, response) => void response.writeHead(count++ < 2 ? 503 : 200).end("abc"));
    const { cache, told } = impatient(endpoint);
    expect(Buffer.from((await cache.get(KEY))!).toString()).toBe("abc");
    expect([count, told]).toEqual([3, []]);
  });

  test("for good is asked once, and sent nowhere else", async () => {
    const seen: string[] = [];
    const endpoint = await startStore((request, response) => {
      seen.push(request.url!);
      response.writeHead(403).end("TOPSECRET");
    });
    const { cache, told } = impatient(endpoint);
    await cache.put(KEY, new Uint8Array(10));
    expect(seen).toEqual([`/layers/${KEY}`]);
    expect(told).toEqual(["PUT of a layer's records: the store answered with 403"]);

    const lured: string[] = [];
    const elsewhere = await startStore((request, response) => {
      lured.push(request.url!);
      response.end();
    });
    const luring = await startStore((_, response) => void response.writeHead(307, { location: elsewhere }).end());
    expect(await impatient(luring).cache.get(KEY)).toBeUndefined();
    expect(lured).toEqual([]);
  });

  test("by silence, by a cut, or by sending too much is left alone in time", async () => {
    const silent = impatient(await startStore(() => {}));
    expect(await silent.cache.get(KEY)).toBeUndefined();
    expect(silent.told).toEqual(["GET of a layer's records: no answer in time"]);

    const cut = impatient(
      await startStore((_, response) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write("half");
        setTimeout(() => response.destroy(), 10);
      }),
    );
    expect(await cut.cache.get(KEY)).toBeUndefined();
    expect(cut.told).toHaveLength(1);

    const long = await startStore((_, response) => void response.end(Buffer.alloc(101)));
    const within = impatient(long, { limits: { entryBytes: 101 } });
    expect((await within.cache.get(KEY))!.length).toBe(101);
    const beyond = impatient(long, { limits: { entryBytes: 100 } });
    expect(await beyond.cache.get(KEY)).toBeUndefined();
    expect(beyond.told).toEqual(["GET of a layer's records: an entry has more than 100 bytes"]);
  });

  test("tells no secret, whatever happens", async () => {
    const { cache, told } = impatient("http://user:TOPSECRET@127.0.0.1:1");
    await cache.put(KEY, new Uint8Array(1));
    expect(await cache.get(KEY)).toBeUndefined();
    expect(told).toHaveLength(2);
    expect(told.join()).not.toMatch(/TOPSECRET|user/);
  });
});

describe("the place of a cache", () => {
  const bad: Array<[string, Record<string, string>]> = [
    ["s3:", ENVIRONMENT],
    ["s3://", ENVIRONMENT],
    ["s3://AB", ENVIRONMENT],
    ["s3://key:TOPSECRET@bucket", ENVIRONMENT],
    ["s3://bucket?secret=TOPSECRET", ENVIRONMENT],
    ["s3://bucket/../other", { ...ENVIRONMENT, AWS_ENDPOINT_URL: "ftp://host" }],
    ["s3://bucket?endpoint=http://u:TOPSECRET@host", ENVIRONMENT],
    ["s3://bucket?region=a/b", ENVIRONMENT],
    ["s3://bucket", {}],
    ["s3://bucket", { AWS_ACCESS_KEY_ID: "TOPSECRET" }],
  ];
  test.each(bad)("%s is refused, and not repeated", async (location, environment) => {
    const error = await openCache(location, { environment }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "CACHE_LOCATION" });
    expect(JSON.stringify(error)).not.toContain("TOPSECRET");
  });
});
