/** Images in real registries get their digests, once, with each layer read once; and what is wrong with one is its own. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import {
  hasProgram,
  NATIVE_REGISTRY,
  type RealRegistry,
  startDebianRegistry,
  startNativeRegistry,
} from "../../support/registry/real.mjs";
import { type CountingProxy, startProxy } from "../../support/service/counting-proxy.ts";
import { imageOfTars, makeImage, pushImage } from "../../support/service/push-images.ts";
import { writeRobotKey } from "../../support/service/robot-key.ts";
import { composefs, start } from "./run.ts";

const REGISTRIES = [
  {
    ...{ name: "docker-registry", start: startDebianRegistry },
    isThere: hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry"),
  },
  {
    ...{ name: "go-containerregistry", start: startNativeRegistry },
    isThere: hasProgram(NATIVE_REGISTRY, "test/oracle/build-native-registry.sh"),
  },
].filter(({ isThere }) => isThere);
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
const IMAGES = 12;

/** Runs a command beside the proxy, which lives in this process. */
async function precompute(args: readonly string[], cwd: string) {
  const { child, ended } = start("composefs", ["precompute", ...args], cwd);
  let stdout = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  const { exitCode, stderr } = await ended;
  return { exitCode, stderr, lines: stdout.trim().split("\n") };
}

describe.each(REGISTRIES)("$name", ({ start: startRegistry }) => {
  const home = mkdtempSync(join(tmpdir(), "composefs-precompute-"));
  const images = Array.from({ length: IMAGES }, (_, i) => makeImage(i));
  const cache = ["--cache", join(home, "cache")];
  const state = ["--state", join(home, "state")];
  let server: RealRegistry;
  let proxy: CountingProxy;
  const artifacts = async (digest: string, host = server.host) =>
    (await new Registry(host).referrers("team/app", digest, { artifactType: SEAL_TYPE })).referrers;

  beforeAll(async () => {
    server = await startRegistry();
    proxy = await startProxy(server.host);
    for (const [i, image] of images.entries()) await pushImage(server.host, "team/app", `v${i}`, image);
    writeRobotKey(home);
  });
  afterAll(() => {
    proxy.close();
    server.close();
    rmSync(home, { recursive: true });
  });

  test("a dry run says what would be sealed, and writes nothing", async () => {
    const { exitCode, lines } = await precompute([`docker://${proxy.host}/team/app`, "--dry-run", ...cache], home);
    expect([exitCode, lines.at(-1)]).toEqual([0, "12 images: 12 to seal, 0 current; 0 failed"]);
    expect(proxy.requests.filter((request) => !/^(GET|HEAD) /.test(request))).toEqual([]);
  });

  test("a whole registry is sealed, each distinct layer is read once", async () => {
    const { exitCode, lines } = await precompute([`docker://${proxy.host}`, "--json", ...cache, ...state], home);
    const layers = new Set(images.flatMap((image) => image.layers));
    expect([exitCode, JSON.parse(lines.at(-1)!)]).toMatchObject([
      0,
      { images: IMAGES, sealed: IMAGES, current: 0, failed: 0, layersRead: layers.size },
    ]);
    for (const image of images) {
      for (const digest of image.layers) expect(proxy.blobBytes.get(digest)).toBe(image.blobs.get(digest)!.length);
      expect((await artifacts(image.digest)).length).toBe(1);
    }
  });

  test("every image verifies", () => {
    for (let i = 0; i < IMAGES; i += 5) {
      const verified = composefs(["verify", `docker://${server.host}/team/app:v${i}`, "--no-cache"]);
      expect([verified.exitCode, verified.stderr]).toEqual([0, ""]);
    }
  });

  test("what is sealed costs one request for its manifest and one for its referrers", async () => {
    proxy.requests.length = 0;
    const { exitCode, lines } = await precompute([`docker://${proxy.host}/team/app`, ...cache, ...state], home);
    expect([exitCode, lines.at(-1)]).toEqual([0, "12 images: 0 sealed, 12 current; 0 failed"]);
    const kinds = { manifests: 0, referrers: 0, tags: 0, fallback: 0, other: 0 };
    for (const request of proxy.requests) {
      const [, kind = "other", last = ""] = /\/(manifests|referrers|tags)\/([^?]*)/.exec(request) ?? [];
      kinds[last.startsWith("sha256-") ? "fallback" : (kind as "other")]++;
    }
    // A registry without the API for referrers is asked for the list that clients keep, too.
    expect(kinds).toEqual({ manifests: 12, referrers: 12, tags: 1, fallback: kinds.fallback, other: 0 });
    expect([0, 12]).toContain(kinds.fallback);
  });

  test("two fleets that race leave one artifact of their certificate, and none of others is touched", async () => {
    const signed = ["--key", "key.pem", "--cert", "cert.pem"];
    const args = (name: string) => [
      `docker://${server.host}/team/app`,
      ...signed,
      "--cache",
      join(home, name),
      "--parallel",
      "8",
    ];
    await Promise.all([precompute(args("one"), home), precompute(args("two"), home)]);
    const { exitCode, lines } = await precompute([...args("one"), "--json"], home);
    expect([exitCode, JSON.parse(lines.at(-1)!)]).toMatchObject([0, { images: IMAGES, current: IMAGES }]);
    for (const image of images) expect((await artifacts(image.digest)).length).toBe(2);
    const verified = composefs(["verify", `docker://${server.host}/team/app:v3`, "--cert", join(home, "cert.pem")]);
    expect([verified.exitCode, verified.stderr]).toEqual([0, ""]);
  });

  test("a hostile image is named with its reason, and the rest proceeds", async () => {
    const bad = imageOfTars([new TextEncoder().encode("no tar at all".repeat(100))]);
    await pushImage(server.host, "team/hostile", "bad", bad);
    await pushImage(server.host, "team/hostile", "good", makeImage(1000));
    const { exitCode, lines } = await precompute([`docker://${server.host}/team/hostile`, "--json", ...cache], home);
    const objects = lines.map((line) => JSON.parse(line));
    expect([exitCode, objects.at(-1)]).toMatchObject([1, { images: 1, sealed: 1, failed: 1 }]);
    expect(objects.find(({ state }) => state === "failed").code).toMatch(/^TAR_/);
  });

  test("a file selects by globs and versions", async () => {
    for (const tag of ["v2.1.0", "v1.9.9", "v2.2.0-debug"])
      await pushImage(server.host, "team/other", tag, makeImage(50));
    const sources = `- registry: ${server.host}\n  repositories: {allow: ["team/*"], deny: ["*/app", "*/hostile"]}`;
    writeFileSync(join(home, "config.yaml"), `sources:\n${sources}\n  tags: {semver: ">=2", deny: ["*-debug"]}\n`);
    const { exitCode, lines } = await precompute(["--config", "config.yaml", ...cache], home);
    expect([exitCode, lines.length, lines[0]]).toEqual([0, 2, expect.stringContaining("team/other:v2.1.0")]);
  });
});
