/** `rediss://` to Debian's redis-server, with certificates made by openssl: who is trusted, and what is said of who is not. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { redisPlace } from "../../../src/service/redis-place.ts";
import { RedisQueue } from "../../../src/service/redis-queue.ts";
import { findOracle } from "../../support/oracle.ts";
import { hasProgram } from "../../support/registry/real.mjs";
import { type RedisServer, startRedis } from "../../support/service/redis.ts";
import { startWorker, until } from "../../support/service/run-service.ts";
import { composefs } from "../cli/run.ts";

const isThere = hasProgram("redis-server", "test/oracle/install-packages.sh redis-server");
const openssl = findOracle("openssl");

describe.skipIf(!isThere || openssl === undefined)("a queue that is reached by TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "redis-tls-"));
  const file = (name: string) => join(folder, name);
  const signed = (name: string) => ({ cert: file(`${name}.crt`), key: file(`${name}.key`) });
  let redis: RedisServer;

  /** Makes a key with a certificate. @param by the authority; null for one that is an authority itself */
  function certify(name: string, by: string | null): void {
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    args.push("-subj", `/CN=${name}`, "-keyout", file(`${name}.key`), "-out", file(`${name}.crt`));
    if (by !== null) args.push("-CA", file(`${by}.crt`), "-CAkey", file(`${by}.key`));
    const extensions = by === null ? [] : ["subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE"];
    for (const extension of extensions) args.push("-addext", extension);
    const { status, stderr } = spawnSync(openssl!, args, { encoding: "utf8" });
    expect([name, status, stderr.includes("rror")]).toEqual([name, 0, false]);
  }

  beforeAll(async () => {
    for (const name of ["authority", "another"]) certify(name, null);
    for (const name of ["server", "client"]) certify(name, "authority");
    redis = await startRedis(undefined, signed("server"));
  });
  afterAll(() => {
    redis?.close();
    rmSync(folder, { recursive: true });
  });

  const list = (url: string, environment: Record<string, string>) => {
    const { exitCode, stdout, stderr } = composefs(["queue", "list", "--queue", url], { env: environment });
    return [exitCode, stdout, stderr];
  };
  const EMPTY = "images: 0 waiting, 0 worked on, 0 given up\nlayers: 0 waiting, 0 worked on, 0 given up\n";
  const good = [0, EMPTY, ""];
  const refused = (text: RegExp) => [
    2,
    "",
    expect.stringMatching(new RegExp(`^SERVICE_QUEUE: Redis .*${text.source}`)),
  ];
  const untrusted = refused(/its certificate is not trusted \([A-Z_]+\); COMPOSEFS_REDIS_CA names its authority\n$/);

  test("is one as any other when its authority is named", async () => {
    const environment = { COMPOSEFS_REDIS_CA: file("authority.crt") };
    expect(redis.url).toMatch(/^rediss:/);
    expect(list(redis.url, environment)).toEqual(good);
    const queue = await RedisQueue.open<number>(redisPlace(redis.url, environment), "images");
    onTestFinished(() => queue.close(0));
    await queue.add("a", 7);
    let data = 0;
    queue.work(async (job) => {
      ({ data } = job);
    }, 1);
    await queue.finished("a");
    expect(data).toBe(7);
  });

  test("is refused when nobody or another authority is named, at once, and with what is to be done", () => {
    for (const COMPOSEFS_REDIS_CA of ["", file("another.crt")]) {
      expect(list(redis.url, { COMPOSEFS_REDIS_CA })).toEqual(untrusted);
    }
    // Its certificate names the address alone.
    const named = list(redis.url.replace("127.0.0.1", "localhost"), { COMPOSEFS_REDIS_CA: file("authority.crt") });
    expect(named).toEqual(refused(/its certificate is for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)\n$/));
  });

  test("is named by workers in their logs, which go on trying", async () => {
    const environment = { COMPOSEFS_QUEUE: redis.url, COMPOSEFS_REDIS_CA: file("another.crt") };
    const worker = await startWorker(["--cache", "cache"], folder, environment);
    const reason = () => worker.log.find(({ message }) => message === "the queue cannot be reached")?.["reason"];
    await until("it is named", () => reason() !== undefined);
    expect(reason()).toMatch(/^its certificate is not trusted \([A-Z_]+\); COMPOSEFS_REDIS_CA names its authority$/);
    expect(await worker.end("SIGTERM")).toBe(0);
  });

  test("gets the certificate that it wants of its clients", async () => {
    const strict = await startRedis(undefined, { ...signed("server"), clientCa: file("authority.crt") });
    onTestFinished(() => strict.close());
    const ca = { COMPOSEFS_REDIS_CA: file("authority.crt") };
    const shows = (name: string) => {
      const { cert, key } = signed(name);
      return { ...ca, COMPOSEFS_REDIS_CERTIFICATE: cert, COMPOSEFS_REDIS_KEY: key };
    };
    expect(list(strict.url, shows("client"))).toEqual(good);
    // What Redis says of it may be lost with the connection, which it ends at once.
    const not = refused(
      /(it refuses our certificate \([A-Z0-9_]+\), which COMPOSEFS_REDIS_CERTIFICATE names|ECONNRESET)\n$/,
    );
    for (const environment of [ca, shows("another")]) expect(list(strict.url, environment)).toEqual(not);
  });

  test("what is no certificate, key or TLS is refused before anything is reached", () => {
    writeFileSync(file("text"), "no certificate");
    const CA = { COMPOSEFS_REDIS_CA: file("authority.crt") };
    const CERTIFICATE = { COMPOSEFS_REDIS_CERTIFICATE: file("client.crt") };
    const KEY = { COMPOSEFS_REDIS_KEY: file("client.key") };
    for (const [url, environment, code] of [
      ["redis://h", CA, "SERVICE_CONFIG"],
      ["rediss://h", { COMPOSEFS_REDIS_CA: file("text") }, "SERVICE_CONFIG"],
      ["rediss://h", { COMPOSEFS_REDIS_CA: file("authority.key") }, "SERVICE_CONFIG"],
      ["rediss://h", { COMPOSEFS_REDIS_CA: file("none") }, "IO_OPEN"],
      ["rediss://h", CERTIFICATE, "SERVICE_CONFIG"],
      ["rediss://h", KEY, "SERVICE_CONFIG"],
      ["rediss://h", { ...KEY, COMPOSEFS_REDIS_CERTIFICATE: file("text") }, "SERVICE_CONFIG"],
      ["rediss://h", { ...CERTIFICATE, COMPOSEFS_REDIS_KEY: file("server.key") }, "SERVICE_CONFIG"],
    ] as Array<[string, Record<string, string>, string]>) {
      expect(() => redisPlace(url, environment), JSON.stringify(environment)).toThrow(
        expect.objectContaining({ code }),
      );
    }
    expect(redisPlace("rediss://h", {}).connection.tls).toEqual({});
    expect(redisPlace("redis://h", {}).connection.tls).toBeUndefined();
  });
});
