/** Real registries, without and with the API for referrers, and skopeo on their other side. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import { openContainer } from "../../../src/source/container.node.ts";
import { openLayer } from "../../../src/source/layer-stream.ts";
import { makeLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import {
  hasProgram,
  NATIVE_REGISTRY,
  type RealRegistry,
  startDebianRegistry,
  startNativeRegistry,
} from "../../support/registry/real.mjs";
import { artifactOf, sha256 } from "../../support/registry/server.ts";

const install = "test/oracle/install-packages.sh docker-registry skopeo";
const hasSkopeo = hasProgram("skopeo", install);
const REGISTRIES = [
  { name: "docker-registry", by: "tag", isThere: hasProgram("docker-registry", install), start: startDebianRegistry },
  {
    name: "go-containerregistry",
    by: "api",
    isThere: hasProgram(NATIVE_REGISTRY, "test/oracle/build-native-registry.sh"),
    start: startNativeRegistry,
  },
];
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const TARS = makeLayers("repeat");
const LAYOUT = makeLayout(TARS, { tag: "v1" });
const INDEX = JSON.parse(Buffer.from(LAYOUT.get("index.json")!).toString());
const SUBJECT: { digest: string; size: number } = INDEX.manifests[0];
const bytesOf = (digest: string) => LAYOUT.get(`blobs/${digest.replace(":", "/")}`)!;

describe.each(REGISTRIES.filter(({ isThere }) => isThere && hasSkopeo))("$name", ({ by: listedBy, start }) => {
  const folder = mkdtempSync(join(tmpdir(), "real-test-"));
  let server: RealRegistry;
  let registry: Registry;
  beforeAll(async () => {
    writeLayout(LAYOUT, join(folder, "layout"));
    server = await start();
    registry = new Registry(server.host, { limits: { backoffMs: 20 } });
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  function skopeo(...args: string[]): void {
    const { status, stderr } = spawnSync("skopeo", ["--insecure-policy", ...args], { cwd: folder, encoding: "utf8" });
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  }

  async function pushImage(repository: string, from?: string): Promise<string[]> {
    const manifest = JSON.parse(Buffer.from(bytesOf(SUBJECT.digest)).toString());
    const outcomes: string[] = [];
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      const upload = { digest, size, open: () => bytesOf(digest) };
      outcomes.push(await registry.pushBlob(repository, upload, { from }));
    }
    await registry.pushManifest(repository, "v1", bytesOf(SUBJECT.digest), MANIFEST);
    return [...new Set(outcomes)].sort();
  }

  test("what skopeo pushes is what we read", async () => {
    skopeo("copy", "--quiet", "--dest-tls-verify=false", "oci:layout:v1", `docker://${server.host}/skopeo/app:v1`);
    const image = await openContainer(`docker://${server.host}/skopeo/app:v1`);
    expect(image.manifest!.digest).toBe(SUBJECT.digest);
    for (const [i, layer] of image.layers.entries()) {
      const stream = openLayer(layer);
      for await (const _ of stream);
      expect(stream.totals!.diffId).toBe(sha256(TARS[i]!));
    }
  });

  test("what we push is what skopeo reads, and what is there is not sent again", async () => {
    // The image has one layer twice.
    const first = await pushImage("ours/app");
    expect(await pushImage("ours/app")).toEqual(["present"]);
    const mounted = await pushImage("ours/copy", "ours/app");
    // The other one keeps the blobs of all repositories in one place.
    if (listedBy === "tag")
      expect([first, mounted]).toEqual([
        ["present", "uploaded"],
        ["mounted", "present"],
      ]);
    skopeo("copy", "--quiet", "--src-tls-verify=false", `docker://${server.host}/ours/copy:v1`, "oci:copied:v1");
    expect((await openContainer(`oci:${join(folder, "copied")}:v1`)).manifest!.digest).toBe(SUBJECT.digest);
  });

  test("eight writers at once lose nothing after one run that reconciles", async () => {
    await pushImage("sealed");
    const empty = Buffer.from("{}");
    await registry.pushBlob("sealed", { digest: sha256(empty), size: 2, open: () => empty });
    const seals = Array.from({ length: 8 }, (_, i) => artifactOf(SUBJECT, `seal ${i}`));
    const pushed = await Promise.all(
      seals.map((bytes) => registry.pushManifest("sealed", sha256(bytes), bytes, MANIFEST)),
    );
    expect(new Set(pushed.map(({ listedBy }) => listedBy))).toEqual(new Set([listedBy]));
    // The registry that keeps the list itself loses nothing in the first place.
    if (listedBy === "api") {
      expect((await registry.referrers("sealed", SUBJECT.digest)).referrers).toHaveLength(seals.length);
    }
    await registry.reconcileReferrers("sealed", SUBJECT.digest, seals.map(sha256));
    const { by, referrers } = await registry.referrers("sealed", SUBJECT.digest, {
      artifactType: "application/x.seal",
    });
    expect(by).toBe(listedBy);
    expect(referrers.map(({ digest }) => digest).sort()).toEqual(seals.map(sha256).sort());
    expect(referrers[0]).toMatchObject({
      artifactType: "application/x.seal",
      annotations: { note: expect.any(String) },
    });
    // Once more changes nothing.
    expect(await registry.reconcileReferrers("sealed", SUBJECT.digest, seals.map(sha256))).toEqual([]);
    expect((await registry.referrers("sealed", SUBJECT.digest, { artifactType: "other" })).referrers).toEqual([]);
  });
});
