/** The tree, mounted from images of every format, against its own fields: all that stat, readlink, xattrs and reads show. */
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { checkImageDigest } from "../../build/src/linux/image-digest.node.js";
import { checkMount } from "../../build/src/linux/mount-check.node.js";
import { mountPlan } from "../../build/src/linux/mount-plan.node.js";
import { runPlan, unmount } from "../../build/src/linux/mount-run.node.js";
import { readMountinfo } from "../../build/src/linux/mountinfo.node.js";
import { verityEnable, verityMeasure } from "../../build/src/linux/verity.node.js";
import { expectErrno, IMAGES, REPO, TMP, xattrsOf } from "./guest-tools.mjs";
import { shownEntries, treeEntries } from "./tree.mjs";

export const TARGET = `${TMP}/mount`;
const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
const FILE = 0o100000;
const ENOTTY = 25;
/** Of a tree that is wrong everywhere, some are enough. */
const DIFFERENCES_SHOWN = 5;

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
    await list.check(`${name}: the tree is the one that the image was made of`, () => compareTree(image.format));
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
    compareTree(image.format);
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

/** Compares what is mounted with the entries that it was made of. @throws with all differences */
export function compareTree(format) {
  const differences = [];
  const inodes = new Map();
  const wanted = shownEntries(treeEntries(format), format);
  for (const entry of wanted) {
    const path = Buffer.from(TARGET + entry.path, "latin1");
    try {
      const stats = lstatSync(path, { bigint: true });
      inodes.set(entry.path, stats.ino);
      const shown = shownOf(path, stats, entry);
      const expected = expectedOf(entry);
      assert.deepEqual(shown, expected);
      if (entry.owner !== undefined) assert.equal(stats.ino, inodes.get(entry.owner), "inode number of the first name");
    } catch (error) {
      differences.push(`${JSON.stringify(entry.path.slice(0, 80))}: ${error.message}`);
    }
  }
  const found = [...namesBelow(Buffer.from(TARGET))].map((path) => path.slice(TARGET.length));
  const expected = wanted.map(({ path }) => path).filter((path) => path !== "/");
  assert.deepEqual(found.toSorted(), expected.toSorted());
  const some = differences.slice(0, DIFFERENCES_SHOWN).join("\n");
  assert.equal(differences.length, 0, `${differences.length} entries differ\n${some}`);
}

function shownOf(path, stats, entry) {
  const mode = Number(stats.mode);
  const type = mode & TYPE_MASK;
  const shown = {
    ...{ mode: mode.toString(8), uid: stats.uid, gid: stats.gid, mtimeNs: stats.mtimeNs, rdev: stats.rdev },
    xattrs: xattrsOf(path),
  };
  // Overlay counts the links of directories in its own way, and EROFS has its own sizes for them.
  if (type !== DIRECTORY) Object.assign(shown, { nlink: stats.nlink, size: stats.size });
  if (type === SYMLINK) shown.target = readlinkSync(path, { encoding: "latin1" });
  if (type === FILE) shown.isEqual = readFileSync(path).equals(Buffer.from(entry.content ?? "", "latin1"));
  return shown;
}

function expectedOf(entry) {
  const { mode, uid, gid, rdev, seconds, nanoseconds, xattrs, nlink, content, target } = entry;
  const type = mode & TYPE_MASK;
  const expected = {
    ...{ mode: mode.toString(8), uid: BigInt(uid), gid: BigInt(gid), rdev: BigInt(rdev), xattrs },
    mtimeNs: seconds * 1_000_000_000n + BigInt(nanoseconds),
  };
  if (type !== DIRECTORY)
    Object.assign(expected, { nlink: BigInt(nlink), size: BigInt((content ?? target ?? "").length) });
  if (type === SYMLINK) expected.target = target;
  if (type === FILE) expected.isEqual = true;
  return expected;
}

/** Paths of all that is below a directory, one character for each byte. */
function* namesBelow(folder) {
  for (const entry of readdirSync(folder, { encoding: "buffer", withFileTypes: true })) {
    const path = Buffer.concat([folder, Buffer.from("/"), entry.name]);
    yield path.toString("latin1");
    if (entry.isDirectory()) yield* namesBelow(path);
  }
}
