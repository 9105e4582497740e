/** Objects and images that somebody changed: the kernel gives an error, never other bytes. Spoils the repository. */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readSync, unlinkSync, writeFileSync } from "node:fs";
import { mountPlan } from "../../build/src/linux/mount-plan.node.js";
import { runPlan } from "../../build/src/linux/mount-run.node.js";
import { objectPath } from "../../build/src/linux/repo-layout.js";
import { verityEnable } from "../../build/src/linux/verity.node.js";
import { verityDigest } from "../../build/src/node.js";
import { imageOf, TARGET, unmountAll } from "./check-tree.mjs";
import { compareTree } from "./compare-tree.mjs";
import { BLOCK_BYTES, expectCode, flipOnDisk, IMAGES, REPO } from "./guest-tools.mjs";
import { treeEntries } from "./tree.mjs";

/** The block of the large file that is damaged. */
const BLOCK = 70;

const contentOf = (path) => Buffer.from(treeEntries("v1").find((entry) => entry.path === path).content, "latin1");

/** The object of a file. */
async function objectOf(path) {
  return `${REPO}/${objectPath(await verityDigest(contentOf(path)))}`;
}

export async function run(list) {
  await damageImages(list);
  const image = IMAGES.find(({ format }) => format === "v1");
  const mount = (verity) => runPlan(mountPlan({ image: imageOf(image), repo: REPO, target: TARGET, verity }));
  const missing = "/files/size-4095";
  const unverified = "/files/size-4096";
  const other = "/files/size-4097";
  const large = "/files/size-524289";
  unlinkSync(await objectOf(missing));
  await replace(await objectOf(unverified), contentOf(unverified), false);
  await replace(await objectOf(other), Buffer.from("something else\n"), true);
  flipOnDisk(contentOf(large).subarray(BLOCK * BLOCK_BYTES, (BLOCK + 1) * BLOCK_BYTES));

  for (const verity of ["require", "on"]) {
    await mount(verity);
    const open = (path) => () => closeSync(openSync(TARGET + path));
    await list.check(`verity=${verity}: a missing object gives ENOENT at open`, () =>
      expectCode("ENOENT", open(missing)),
    );
    await list.check(`verity=${verity}: an object without fs-verity gives EIO at open`, () =>
      expectCode("EIO", open(unverified)),
    );
    await list.check(`verity=${verity}: an object with another digest gives EIO at open`, () =>
      expectCode("EIO", open(other)),
    );
    await list.check(`verity=${verity}: a bit flipped on the disk gives EIO at that block, the others read`, () => {
      const content = contentOf(large);
      const fd = openSync(TARGET + large);
      const block = Buffer.alloc(BLOCK_BYTES);
      for (const index of [0, BLOCK - 1, BLOCK + 1, 128]) {
        const length = readSync(fd, block, 0, BLOCK_BYTES, index * BLOCK_BYTES);
        const wanted = content.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
        assert.ok(block.subarray(0, length).equals(wanted), `block ${index}`);
      }
      expectCode("EIO", () => readSync(fd, block, 0, BLOCK_BYTES, BLOCK * BLOCK_BYTES));
      closeSync(fd);
    });
    await list.check(`verity=${verity}: other files read`, () => {
      assert.ok(readFileSync(`${TARGET}/files/set-id`).equals(contentOf("/files/set-id")));
    });
    await unmountAll();
  }
  await list.check("verity=off: an object without fs-verity reads, and so does one with another digest", async () => {
    await mount("off");
    assert.ok(readFileSync(TARGET + unverified).equals(contentOf(unverified)));
    assert.equal(readFileSync(TARGET + other, "latin1").slice(0, 9), "something");
    await unmountAll();
  });
}

/** Bits of two images: one that is read when it is mounted, and one that is read later. */
async function damageImages(list) {
  const [first, later] = IMAGES.filter(({ format }) => format === "v2");
  const blockOf = (image, index) =>
    readFileSync(imageOf(image)).subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
  const plan = (image) => mountPlan({ image: imageOf(image), repo: REPO, target: TARGET });
  await list.check("a bit of the superblock flipped on the disk: the image does not mount", async () => {
    flipOnDisk(blockOf(first, 0));
    await assert.rejects(runPlan(plan(first)), { code: "LINUX_MOUNT" });
  });
  await list.check("a bit of an inode flipped on the disk: the image mounts, and the walk ends with EIO", async () => {
    flipOnDisk(blockOf(later, 2));
    await runPlan(plan(later));
    assert.throws(() => compareTree(TARGET, later.format), /EIO: i\/o error, (lstat|scandir)/);
    await unmountAll();
  });
}

async function replace(path, content, isSealed) {
  unlinkSync(path);
  writeFileSync(path, content);
  if (isSealed) verityEnable(path);
}
