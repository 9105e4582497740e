/** The tree, mounted from images of every format, against its own fields: all that stat, readlink, xattrs and reads show. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { checkImageDigest } from "../../build/src/linux/image-digest.node.js";
import { checkMount } from "../../build/src/linux/mount-check.node.js";
import { mountPlan } from "../../build/src/linux/mount-plan.node.js";
import { runPlan, unmount } from "../../build/src/linux/mount-run.node.js";
import { readMountinfo } from "../../build/src/linux/mountinfo.node.js";
import { verityEnable, verityMeasure } from "../../build/src/linux/verity.node.js";
import { compareTree } from "./compare-tree.mjs";
import { expectErrno, IMAGES, REPO, TMP } from "./guest-tools.mjs";

export const TARGET = `${TMP}/mount`;
const ENOTTY = 25;

export const imageOf = ({ digest }) => `${REPO}/images/${digest}`;

export async function run(list) {
  mkdirSync(TARGET);
  await list.check("all objects and images get fs-verity, and the kernel measures their names", enableAll);
  for (const image of IMAGES) {
    const name = `${image.format} with ${image.hash}`;
    const plan = mountPlan({ image: imageOf(image), repo: REPO, target: TARGET });
    await list.check(`${name}: the kernel measures the digest that the image was made with`, () => {
      assert.equal(checkImageDigest(imageOf(image), { ...image, blockBits: 12 }), "measured");
    });
    await list.check(`${name}: mounts with verity=require`, () => runPlan(plan));
    await list.check(`${name}: the tree is the one that the image was made of`, () =>
      compareTree(TARGET, image.format),
    );
    await list.check(`${name}: the mount is known for what it is`, () => {
      const report = checkMount(TARGET);
      assert.equal(report.verity, "require");
      const { metacopy, redirect, isReadOnly, isLoop } = report;
      assert.deepEqual(
        { metacopy, redirect, isReadOnly, isLoop },
        { metacopy: true, redirect: true, isReadOnly: true, isLoop: false },
      );
      assert.equal(String(report.image), imageOf(image));
      assert.deepEqual(report.imageVerity, { hash: image.hash, digest: image.digest });
      assert.deepEqual(report.data.map(String), [`${REPO}/objects`]);
      assert.deepEqual(report.notEnforced, []);
    });
    await list.check(`${name}: unmounts without a trace`, unmountAll);
  }
  await list.check("an image that has another digest is refused, also when that is of another hash", () => {
    const [image] = IMAGES;
    const refused = [
      { hash: "sha256", digest: IMAGES[1].digest },
      { hash: "sha512", digest: IMAGES.find(({ hash }) => hash === "sha512").digest },
    ];
    for (const expected of refused) {
      const check = () => checkImageDigest(imageOf(image), { ...expected, blockBits: 12 });
      assert.throws(check, { code: "LINUX_IMAGE_DIGEST" });
    }
  });
  await list.check("measure: a file in a composefs mount is refused with errno 25, and one in the image", async () => {
    await runPlan(mountPlan({ image: imageOf(IMAGES[0]), repo: REPO, target: TARGET }));
    expectErrno("measure", ENOTTY, () => verityMeasure(`${TARGET}/files/external`));
    expectErrno("measure", ENOTTY, () => verityMeasure(`${TARGET}/files/inline`));
    await unmountAll();
  });
  await list.check("the second form of the plan mounts through a loop device", async () => {
    const [image] = IMAGES;
    const [erofs, overlay] = mountPlan({ image: imageOf(image), repo: REPO, target: TARGET });
    await runPlan([{ ...erofs, run: ["false"] }, overlay]);
    compareTree(TARGET, image.format);
    const report = checkMount(TARGET);
    assert.ok(report.isLoop);
    assert.equal(String(report.image), imageOf(image));
    assert.equal(report.imageVerity.digest, image.digest);
    await unmountAll();
  });
  await list.check("with an upper layer the tree can be changed, and the report says so", async () => {
    for (const name of ["upper", "work"]) mkdirSync(`${REPO}/${name}`);
    const layers = { upper: `${REPO}/upper`, work: `${REPO}/work` };
    await runPlan(mountPlan({ image: imageOf(IMAGES[0]), repo: REPO, target: TARGET, ...layers }));
    mkdirSync(`${TARGET}/new`);
    const report = checkMount(TARGET);
    assert.deepEqual(
      [String(report.upper), String(report.work), report.isReadOnly],
      [layers.upper, layers.work, false],
    );
    assert.equal(report.notEnforced.length, 1);
    await unmountAll();
    assert.deepEqual(readdirSync(layers.upper), ["new"]);
  });
  await list.check("a plan that fails half-way leaves nothing mounted", async () => {
    const plan = mountPlan({ image: imageOf(IMAGES[0]), repo: `${REPO}/nowhere`, target: TARGET });
    await assert.rejects(runPlan(plan), { code: "LINUX_MOUNT" });
    assert.ok(!isMounted());
  });
}

function enableAll() {
  for (const folder of readdirSync(`${REPO}/objects`)) {
    for (const name of readdirSync(`${REPO}/objects/${folder}`))
      enable(join(REPO, "objects", folder, name), folder + name);
  }
  for (const { digest } of IMAGES) enable(`${REPO}/images/${digest}`, digest);
}

function enable(file, digest) {
  const hash = digest.length === 128 ? "sha512" : "sha256";
  verityEnable(file, { hash });
  assert.deepEqual(verityMeasure(file), { hash, digest });
}

const isMounted = () => readMountinfo().some(({ target }) => target.equals(Buffer.from(TARGET)));

/** Unmounts, and makes sure that neither mount nor loop device is left. */
export async function unmountAll() {
  await unmount(TARGET);
  assert.ok(!isMounted());
  const loops = readdirSync("/sys/block").filter((name) => name.startsWith("loop"));
  const used = loops.filter((name) => readdirSync(`/sys/block/${name}`).includes("loop"));
  assert.deepEqual(used, []);
}
