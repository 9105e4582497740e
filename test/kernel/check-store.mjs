/** The object store on a file system with fs-verity: what an import leaves is what the kernel measures and mounts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verifyStore } from "../../build/src/image/store-check.node.js";
import { objectDigestsOfFile } from "../../build/src/image/store-image.node.js";
import { ObjectStore } from "../../build/src/linux/store.node.js";
import { collectGarbage } from "../../build/src/linux/store-gc.node.js";
import { listImages, removeImage } from "../../build/src/linux/store-roots.node.js";
import { verityMeasure, verityState } from "../../build/src/linux/verity.node.js";
import { makeForm } from "../support/oci/forms.mjs";
import { dir, file, tarball } from "../support/oci/tar.mjs";
import { DATA, TMP } from "./guest-tools.mjs";

const COMPOSEFS = fileURLToPath(new URL("../../build/src/cli/composefs.js", import.meta.url));
const FOLDER = `${DATA}/store`;
const REPO = `${FOLDER}/repo`;
const IMAGE = `${FOLDER}/image.oci`;
const LENGTHS = [65, 4096, 4097, 600_000];

/** Runs `composefs`, without a cache: the guest has no home. */
function composefs(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMPOSEFS, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function importImage(...args) {
  const { status, stdout, stderr } = composefs("store", "import", IMAGE, "--no-cache", "--json", ...args);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** In this process: in the guest each start of another one takes seconds. */
const verify = (options) => verifyStore(ObjectStore.open(REPO), options);
const content = (i) => Buffer.alloc(LENGTHS[i], `content ${i} `);

/** Paths of the objects. */
function objects() {
  const names = readdirSync(`${REPO}/objects`, { recursive: true }).filter((name) => /^..\/[0-9a-f]{62}/.test(name));
  return names.map((name) => [name.replace("/", ""), `${REPO}/objects/${name}`]);
}

export async function run(list) {
  mkdirSync(FOLDER, { recursive: true });
  const files = LENGTHS.map((_, i) => file(`usr/f${i}`, content(i)));
  writeFileSync(IMAGE, makeForm("oci-archive", [tarball([dir("usr"), ...files])], { compression: "gzip" }));

  for (const hash of ["sha256", "sha512"]) {
    await list.check(`an import leaves objects that the kernel measures by their names, ${hash}`, () => {
      const { written, image } = importImage("--repo", REPO, "--hash", hash, "--name", hash);
      assert.equal(written, LENGTHS.length + 1);
      const found = objects().filter(([digest]) => digest.length === image.length);
      assert.equal(found.length, LENGTHS.length + 1);
      for (const [digest, path] of found) assert.deepEqual(verityMeasure(path), { hash, digest });
      assert.deepEqual(verityMeasure(`${REPO}/images/${image}`), { hash, digest: image });
      assert.deepEqual(readdirSync(`${REPO}/objects/.tmp`), []);
    });
  }
  await list.check("a second import writes nothing, and verify measures everything", async () => {
    assert.equal(importImage("--repo", REPO, "--hash", "sha256").written, 0);
    const expected = { images: 2, measured: 2 * (LENGTHS.length + 1), computed: 0, problems: [] };
    for (const recompute of [false, true]) {
      const { bytes, ...report } = await verify({ recompute });
      assert.deepEqual(report, expected);
      assert.ok(bytes > 0);
    }
  });
  await list.check("an object without fs-verity gets it from the next import; a wrong one is replaced", async () => {
    const [[first, plain], [second, wrong]] = objects().filter(([digest]) => digest.length === 64);
    copyFileSync(plain, `${FOLDER}/copy`);
    renameSync(`${FOLDER}/copy`, plain);
    assert.equal(verityState(plain), "off");
    const size = readFileSync(wrong).length;
    unlinkSync(wrong);
    writeFileSync(wrong, Buffer.alloc(size, "x"));
    assert.deepEqual(
      (await verify()).problems.map(({ digest, kind }) => [digest, kind]),
      [[second, "damaged"]],
    );
    const { written, repaired } = importImage("--repo", REPO, "--hash", "sha256");
    assert.deepEqual({ written, repaired }, { written: 1, repaired: 1 });
    assert.equal(verityMeasure(plain).digest, first);
    assert.equal(verityMeasure(wrong).digest, second);
    assert.deepEqual((await verify()).problems, []);
  });
  await list.check("what was imported mounts, and reads as it was written, with every digest required", () => {
    const { image } = importImage("--repo", REPO, "--hash", "sha256");
    const target = `${TMP}/store`;
    mkdirSync(target, { recursive: true });
    const mounted = composefs("mount", image, target, "--repo", REPO);
    assert.equal(mounted.status, 0, mounted.stderr);
    try {
      for (const i of LENGTHS.keys()) assert.ok(readFileSync(`${target}/usr/f${i}`).equals(content(i)));
    } finally {
      assert.equal(composefs("umount", target).status, 0);
    }
  });
  await list.check("a file system without fs-verity is refused, and --no-verity takes it", () => {
    const { status, stderr } = composefs("store", "import", IMAGE, "--no-cache", "--repo", `${TMP}/repo`);
    assert.equal(status, 2);
    assert.match(stderr, /^VERITY_UNSUPPORTED: .*--no-verity/);
    assert.equal(importImage("--repo", `${TMP}/repo`, "--no-verity").written, LENGTHS.length + 1);
  });
  await list.check("gc removes objects with fs-verity", async () => {
    const store = ObjectStore.open(REPO);
    const { digest } = listImages(store).find((image) => image.digest.length === 128);
    await removeImage(store, Buffer.from(digest));
    const { removed, kept } = await collectGarbage(store, objectDigestsOfFile);
    assert.deepEqual({ removed, kept }, { removed: LENGTHS.length + 1, kept: LENGTHS.length + 1 });
    assert.deepEqual((await verify()).problems, []);
  });
}
