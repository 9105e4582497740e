/** Built-in signatures: accepted and refused, for a file and for an image, and what changes once they are required. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { checkImageDigest } from "../../build/src/linux/image-digest.node.js";
import { mountPlan } from "../../build/src/linux/mount-plan.node.js";
import { runPlan } from "../../build/src/linux/mount-run.node.js";
import { verityEnable, verityMeasure } from "../../build/src/linux/verity.node.js";
import { imageOf, TARGET, unmountAll } from "./check-tree.mjs";
import { DATA, dropCaches, expectCode, expectErrno, IMAGES, REPO } from "./guest-tools.mjs";

const EPERM = 1;
const ENOPKG = 65;
const EBADMSG = 74;
const ENOKEY = 126;
const EKEYREJECTED = 129;

const FILE = `${DATA}/signed/file`;
const signature = (name) => readFileSync(`${DATA}/signed/${name}.sig`);

function keyctl(args, input) {
  const { status, stderr } = spawnSync("keyctl", args, { input });
  assert.equal(status, 0, String(stderr));
}

export async function run(list) {
  const certificate = readFileSync(`${DATA}/signed/known.der`);
  const refuse = (title, errno, act) =>
    list.check(`signatures: ${title} is refused with errno ${errno}`, () => expectErrno("enable", errno, act));
  const enable = (name) => () => verityEnable(FILE, { signature: signature(name) });
  await refuse("any signature while the keyring is empty", ENOKEY, enable("file"));
  keyctl(["padd", "asymmetric", "", "%keyring:.fs-verity"], certificate);
  await refuse("an unknown signer", ENOKEY, enable("file-unknown"));
  await refuse("a signature that was cut", EBADMSG, enable("file-cut"));
  await refuse("a signature of other content", EKEYREJECTED, enable("image"));
  await refuse("a signature with another padding", ENOPKG, enable("file-pss"));

  const unsigned = `${DATA}/unsigned`;
  writeFileSync(unsigned, "unsigned\n");
  verityEnable(unsigned);
  writeFileSync("/proc/sys/fs/verity/require_signatures", "1");
  dropCaches();
  await list.check(`signatures: required, an unsigned file is not opened, errno ${EPERM}`, () => {
    expectErrno("open", EPERM, () => verityMeasure(unsigned));
  });
  const plain = `${DATA}/plain`;
  writeFileSync(plain, "plain\n");
  await refuse("required, enabling without one", EPERM, () => verityEnable(plain));
  await list.check("signatures: required, a signed file is enabled and measured", () => {
    verityEnable(FILE, { signature: signature("file") });
    assert.equal(verityMeasure(FILE).hash, "sha256");
  });
  await signedImage(list);
  await list.check(`signatures: a signed file whose certificate is gone is not opened, errno ${ENOKEY}`, () => {
    keyctl(["clear", "%keyring:.fs-verity"]);
    dropCaches();
    expectErrno("open", ENOKEY, () => verityMeasure(FILE));
    keyctl(["padd", "asymmetric", "", "%keyring:.fs-verity"], certificate);
  });
  writeFileSync("/proc/sys/fs/verity/require_signatures", "0");
}

/** The image of the tree, which has no signature yet: replaced by a signed copy. */
async function signedImage(list) {
  const image = IMAGES.find(({ format }) => format === "v1");
  const path = imageOf(image);
  const expected = { ...image, blockBits: 12 };
  const copy = `${REPO}/images/copy`;
  await list.check("signatures: required, an unsigned image is not opened", () => {
    expectErrno("open", EPERM, () => checkImageDigest(path, expected));
  });
  writeFileSync("/proc/sys/fs/verity/require_signatures", "0");
  copyFileSync(path, copy);
  writeFileSync("/proc/sys/fs/verity/require_signatures", "1");
  unlinkSync(path);
  await list.check("signatures: required, a signed image is enabled, measured and mounted", async () => {
    verityEnable(copy, { signature: signature("image") });
    dropCaches();
    assert.equal(checkImageDigest(copy, expected), "measured");
    await runPlan(mountPlan({ image: copy, repo: REPO, target: TARGET }));
    assert.equal(readFileSync(`${TARGET}/files/inline`).length, 64);
    // The setting is for all files with fs-verity: overlay cannot open objects that have no signature.
    expectCode("EIO", () => readFileSync(`${TARGET}/files/set-id`));
    await unmountAll();
  });
}
