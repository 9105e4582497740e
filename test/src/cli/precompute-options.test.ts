/** What `precompute` is told: limits of an image, each at its number and one below; platforms, --recheck, --prune; and Ctrl-C. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import { hasProgram, NATIVE_REGISTRY, type RealRegistry, startNativeRegistry } from "../../support/registry/real.mjs";
import { type CountingProxy, startProxy } from "../../support/service/counting-proxy.ts";
import { imageOfTars, type MadeImage, makeImage, pushImage } from "../../support/service/push-images.ts";
import { writeRobotKey } from "../../support/service/robot-key.ts";
import { until } from "../../support/service/run-service.ts";
import { digestOf } from "../../support/source.ts";
import { pathOf } from "./run.ts";

const isThere = hasProgram(NATIVE_REGISTRY, "test/oracle/build-native-registry.sh");
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
const OCI = "application/vnd.oci.image.";
const bytesOf = (object: unknown) => new TextEncoder().encode(JSON.stringify(object));

describe.skipIf(!isThere)("precompute", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-options-"));
  const signed = ["--key", "key.pem", "--cert", "cert.pem"];
  let server: RealRegistry;
  let client: Registry;

  /** Starts it in a group of processes of its own, as a terminal does, where Ctrl-C reaches all of them. */
  function begin(args: readonly string[]) {
    const command = [pathOf("composefs"), "precompute", "--cache", "cache", "--json", ...args];
    const child = spawn(process.execPath, command, { cwd: home, detached: true });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const ended = new Promise<{ exitCode: number | null; stderr: string; objects: Record<string, unknown>[] }>(
      (resolve) =>
        child.on("close", (exitCode) => {
          const lines = stdout.split("\n").filter((line) => line !== "");
          resolve({ exitCode, stderr, objects: lines.map((line) => JSON.parse(line)) });
        }),
    );
    return { child, ended, stdout: () => stdout };
  }
  const run = (args: readonly string[]) => begin(args).ended;
  const artifactsOf = async (repository: string, digest: string) =>
    (await client.referrers(repository, digest, { artifactType: SEAL_TYPE })).referrers.map((one) => one.digest);
  const push = (repository: string, bytes: Uint8Array, mediaType = `${OCI}manifest.v1+json`) =>
    client.pushManifest(repository, digestOf(new Uint8Array(bytes)), bytes, mediaType);

  /** Pushes an index of images, each for an architecture. */
  async function pushIndex(repository: string, tag: string, images: Record<string, MadeImage>): Promise<void> {
    const manifests = [];
    for (const [architecture, image] of Object.entries(images)) {
      await pushImage(server.host, repository, architecture, image);
      const platform = { os: "linux", architecture };
      const { digest, manifest } = image;
      manifests.push({ mediaType: `${OCI}manifest.v1+json`, digest, size: manifest.length, platform });
    }
    const mediaType = `${OCI}index.v1+json`;
    await client.pushManifest(repository, tag, bytesOf({ schemaVersion: 2, mediaType, manifests }), mediaType);
  }

  /** The artifact of an image, sealed by what `args` say, as JSON to be changed. */
  async function artifactOf(repository: string, image: MadeImage, args: readonly string[]) {
    await pushImage(server.host, repository, "v1", image);
    expect((await run([`docker://${server.host}/${repository}:v1`, ...args])).exitCode).toBe(0);
    const [digest] = await artifactsOf(repository, image.digest);
    const { bytes } = await client.manifest(repository, digest!);
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  /** Copies the blobs of an artifact. */
  async function copyBlobs(from: string, to: string, artifact: { config: unknown; layers: unknown[] }): Promise<void> {
    for (const { digest, size } of [artifact.config, ...artifact.layers] as Array<{ digest: string; size: number }>) {
      const answer = await fetch(`http://${server.host}/v2/${from}/blobs/${digest}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      await client.pushBlob(to, { digest, size, open: () => bytes });
    }
  }

  beforeAll(async () => {
    server = await startNativeRegistry();
    client = new Registry(server.host);
    writeRobotKey(home);
  });
  afterAll(() => {
    server?.close();
    rmSync(home, { recursive: true });
  });

  test("every limit at its number, and one below", async () => {
    const [image, other] = [makeImage(1), makeImage(2)];
    await pushImage(server.host, "limits/image", "v1", image);
    await pushIndex("limits/index", "v1", { amd64: image, arm64: other });
    await pushImage(server.host, "limits/artifacts", "v1", image);
    for (const note of ["one", "two"]) {
      const subject = { mediaType: `${OCI}manifest.v1+json`, digest: image.digest, size: image.manifest.length };
      const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 };
      await client.pushBlob("limits/artifacts", { ...empty, open: () => new TextEncoder().encode("{}") });
      const artifact = {
        schemaVersion: 2,
        mediaType: `${OCI}manifest.v1+json`,
        artifactType: SEAL_TYPE,
        config: empty,
      };
      await push("limits/artifacts", bytesOf({ ...artifact, layers: [empty], subject, annotations: { note } }));
    }
    const stored = image.layers.reduce((sum, digest) => sum + image.blobs.get(digest)!.length, 0);
    const numbers: Array<[repository: string, name: string, number: number]> = [
      ["limits/image", "imageBytes", stored],
      ["limits/image", "imageLayers", 3],
      // Directories and files of its three layers.
      ["limits/image", "imageEntries", 5],
      ["limits/index", "indexManifests", 2],
      ["limits/artifacts", "imageArtifacts", 2],
    ];
    for (const [repository, name, number] of numbers) {
      const below = await run([`docker://${server.host}/${repository}:v1`, "--limit", `${name}=${number - 1}`]);
      expect([name, below.exitCode, below.objects[0]]).toMatchObject([
        name,
        1,
        { state: "failed", code: "SERVICE_LIMIT" },
      ]);
      expect((below.objects[0] as { reason: string }).reason).toContain(`(${name})`);
    }
    for (const [repository, name, number] of numbers) {
      // What was sealed would need no work any more; and the artifact that is made is one more.
      const limit = `${name}=${name === "imageArtifacts" ? number + 1 : number}`;
      const at = await run([`docker://${server.host}/${repository}:v1`, "--recheck", "--limit", limit]);
      expect([name, at.exitCode, at.objects.at(-1)]).toMatchObject([name, 0, { failed: 0 }]);
    }
  });

  test.each([["imageSeconds=0"], ["workerBytes=255999999"], ["nothing=1"], ["imageBytes"]])(
    "--limit %s is refused",
    async (limit) => {
      const { exitCode, stderr } = await run([`docker://${server.host}/x:v1`, "--limit", limit]);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining("--limit: ")]);
    },
  );

  test("--platform takes the images of that platform alone", async () => {
    const images = { amd64: makeImage(11), arm64: makeImage(12) };
    await pushIndex("platform/app", "v1", images);
    const source = `docker://${server.host}/platform/app:v1`;
    const { exitCode, objects } = await run([source, "--platform", "linux/arm64"]);
    expect([exitCode, objects.at(-1)]).toMatchObject([0, { images: 1, sealed: 1 }]);
    expect((await artifactsOf("platform/app", images.arm64.digest)).length).toBe(1);
    expect((await artifactsOf("platform/app", images.amd64.digest)).length).toBe(0);
    expect((await run([source])).objects.at(-1)).toMatchObject({ images: 2, sealed: 1, current: 1 });
  });

  test("an image that sources, tags and indexes name several times is one", async () => {
    const images = { amd64: makeImage(13), arm64: makeImage(14) };
    for (const tag of ["v1", "v1.2", "latest"]) await pushIndex("once/app", tag, images);
    const bad = imageOfTars([new TextEncoder().encode("no tar".repeat(200))]);
    await pushImage(server.host, "once/app", "bad", bad);
    const proxy = await startProxy(server.host);
    try {
      // When the tags come, all that was named before is done.
      proxy.delay = ({ url }) => (/\/tags\/list/.test(url!) ? 2_000 : 0);
      const source = `docker://${proxy.host}/once/app`;
      const { exitCode, objects } = await run([`${source}:bad`, `${source}:v1`, `${source}:amd64`, source, source]);
      const references = objects.slice(0, -1).map(({ reference }) => reference as string);
      const named = [":amd64", ":arm64", ":bad", `@${images.amd64.digest}`, `@${images.arm64.digest}`];
      expect(references.sort()).toEqual(named.map((name) => `${proxy.host}/once/app${name}`).sort());
      expect([exitCode, objects.at(-1)]).toMatchObject([1, { images: 4, sealed: 2, current: 2, failed: 1 }]);
    } finally {
      proxy.close();
    }
  });

  test("--recheck finds an artifact that states what the layers do not have", async () => {
    const image = makeImage(21);
    const artifact = await artifactOf("recheck/right", image, []);
    const text = JSON.stringify(artifact);
    const merged = /"([^"]*merged[^"]*)":"([0-9a-f]{128})"/.exec(text)![2]!;
    const wrong = bytesOf(
      JSON.parse(
        text.replaceAll(
          merged,
          merged.replace(/^./, (c) => (c === "0" ? "1" : "0")),
        ),
      ),
    );
    await pushImage(server.host, "recheck/wrong", "v1", image);
    await copyBlobs("recheck/right", "recheck/wrong", artifact);
    await push("recheck/wrong", wrong);
    const source = `docker://${server.host}/recheck/wrong:v1`;
    expect((await run([source])).objects[0]).toMatchObject({ state: "current", conflicting: [] });
    const rechecked = await run([source, "--recheck"]);
    const listed = await artifactsOf("recheck/wrong", image.digest);
    expect([rechecked.exitCode, rechecked.objects[0]]).toMatchObject([
      ...[0, { state: "sealed", removed: [], conflicting: [digestOf(new Uint8Array(wrong))] }],
    ]);
    expect(listed.length).toBe(2);
    expect((await run([`docker://${server.host}/recheck/right:v1`, "--recheck"])).objects[0]).toMatchObject({
      state: "current",
    });
  });

  test("--prune removes what our certificate signed and is not current, and says so before", async () => {
    const [image, other] = [makeImage(31), makeImage(32)];
    const artifact = await artifactOf("prune/other", other, signed);
    await pushImage(server.host, "prune/app", "v1", image);
    await copyBlobs("prune/other", "prune/app", artifact);
    const subject = { mediaType: `${OCI}manifest.v1+json`, digest: image.digest, size: image.manifest.length };
    const stale = bytesOf({ ...artifact, subject });
    await push("prune/app", stale);
    const digest = digestOf(new Uint8Array(stale));
    const source = `docker://${server.host}/prune/app:v1`;
    const state = (args: readonly string[]) => run([source, ...signed, ...args]).then(({ objects }) => objects[0]);
    expect(await state([])).toMatchObject({ state: "sealed", removed: [], conflicting: [digest] });
    expect(await state(["--prune", "--dry-run"])).toMatchObject({ state: "current", removed: [digest] });
    expect((await artifactsOf("prune/app", image.digest)).length).toBe(2);
    expect(await state(["--prune"])).toMatchObject({ state: "current", removed: [digest], conflicting: [] });
    expect((await artifactsOf("prune/app", image.digest)).length).toBe(1);
    expect(await state(["--prune"])).toMatchObject({ state: "current", removed: [] });
  });

  test("Ctrl-C lets running images end, and the same command goes on", async () => {
    const images = Array.from({ length: 12 }, (_, i) => makeImage(100 + i));
    for (const [i, image] of images.entries()) await pushImage(server.host, "stop/app", `v${i}`, image);
    const proxy: CountingProxy = await startProxy(server.host);
    try {
      // Artifacts come slowly, so that most images are still to be done when it is told to stop.
      proxy.delay = ({ method, url }) => (method === "PUT" && /\/manifests\//.test(url!) ? 300 : 0);
      const args = [`docker://${proxy.host}/stop/app`, "--state", "stop", "--cache", "stop-cache", "--parallel", "2"];
      const first = begin(args);
      await until("the first one is done", () => first.stdout().includes('"state":"sealed"'));
      process.kill(-first.child.pid!, "SIGINT");
      const { exitCode, stderr, objects } = await first.ended;
      const { sealed, failed } = objects.at(-1) as { sealed: number; failed: number };
      expect([exitCode, failed, stderr]).toEqual([1, 0, "interrupted; the same command goes on\n"]);
      expect(sealed).toBeGreaterThan(0);
      expect(sealed).toBeLessThan(images.length);
      proxy.delay = () => 0;
      const second = await run(args);
      // What its journal had is found by the scan once more, and yet is one image.
      const rest = { images: images.length, sealed: images.length - sealed, current: sealed, failed: 0 };
      expect(new Set(second.objects.slice(0, -1).map(({ reference }) => reference)).size).toBe(images.length);
      expect(second.objects).toHaveLength(images.length + 1);
      expect([second.exitCode, second.objects.at(-1)]).toMatchObject([0, rest]);
      for (const { digest } of images) expect((await artifactsOf("stop/app", digest)).length).toBe(1);
      const layers = new Map(
        images.flatMap((image) => image.layers.map((digest) => [digest, image.blobs.get(digest)!.length])),
      );
      expect(new Map([...proxy.blobBytes].filter(([digest]) => layers.has(digest)))).toEqual(layers);
    } finally {
      proxy.close();
    }
  });
});
