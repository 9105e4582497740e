/** A repository and a mount point whose names are any bytes, and commas, colons and backslashes, which overlay reads. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmdirSync } from "node:fs";
import { checkMount } from "../../build/src/linux/mount-check.node.js";
import { mountPlan } from "../../build/src/linux/mount-plan.node.js";
import { runPlan, unmount } from "../../build/src/linux/mount-run.node.js";
import { joinPath } from "../../build/src/linux/path.node.js";
import { IMAGES, REPO, TMP } from "./guest-tools.mjs";

/** Long, too: two of these are more than an option of fsconfig(2) can hold. */
const AWKWARD = `-o a,b:c\\d 'e' $(f) \xff\xfe\n\t:${"x".repeat(200)}`;

export async function run(list) {
  const repo = Buffer.from(`/data/${AWKWARD}`, "latin1");
  const target = Buffer.from(`${TMP}/${AWKWARD}`, "latin1");
  renameSync(REPO, repo);
  mkdirSync(target);
  await list.check("paths of any bytes: mounts, reads, tells the paths, unmounts", async () => {
    const image = joinPath(repo, `images/${IMAGES[0].digest}`);
    await runPlan(mountPlan({ image, repo, target }));
    assert.equal(readFileSync(joinPath(target, "files/external")).length, 65);
    const report = checkMount(target);
    assert.deepEqual(report.target, target);
    assert.deepEqual(report.image, image);
    assert.deepEqual(report.data, [joinPath(repo, "objects")]);
    assert.deepEqual(report.lower, [target]);
    assert.equal(report.imageVerity.digest, IMAGES[0].digest);
    await unmount(target);
  });
  rmdirSync(target);
  renameSync(repo, REPO);
}
