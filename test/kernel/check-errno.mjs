/** Every failure of the table that needs no signature, brought about. */

import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { ioctlEnable, ioctlMeasure } from "../../build/src/linux/ioctl.node.js";
import { runCommandLine } from "../../build/src/linux/shell.node.js";
import { verityEnable, verityMeasure } from "../../build/src/linux/verity.node.js";
import { verityError } from "../../build/src/linux/verity-errno.node.js";
import { DATA, expectCode, expectErrno, TMP } from "./guest-tools.mjs";

const EPERM = 1;
const EACCES = 13;
const EEXIST = 17;
const EISDIR = 21;
const EINVAL = 22;
const ENOTTY = 25;
const ETXTBSY = 26;
const EROFS = 30;
const ENODATA = 61;
const EOVERFLOW = 75;
const EMSGSIZE = 90;
const EOPNOTSUPP = 95;

/** Fields of fsverity_enable_arg that the kernel does not take. */
const BAD_FIELDS = {
  "version 2": { version: 2, hashAlgorithm: 1, blockSize: 4096 },
  "hash 3": { hashAlgorithm: 3, blockSize: 4096 },
  reserved: { hashAlgorithm: 1, blockSize: 4096, reserved: 1 },
};

export async function run(list) {
  const plain = `${DATA}/plain`;
  const sealed = `${DATA}/sealed`;
  writeFileSync(plain, "plain\n");
  writeFileSync(sealed, "sealed\n");
  writeFileSync(`${TMP}/file`, "in memory\n");
  mkdirSync(`${DATA}/directory`);
  verityEnable(sealed);

  const refuse = (title, call, errno, act) =>
    list.check(`${call}: ${title} is refused with errno ${errno}`, () => expectErrno(call, errno, act));
  await refuse("an ext4 without fs-verity", "measure", EOPNOTSUPP, () => verityMeasure("/usr/bin/node"));
  await refuse("a file in tmpfs", "measure", ENOTTY, () => verityMeasure(`${TMP}/file`));
  await refuse("a file in tmpfs", "enable", ENOTTY, () => verityEnable(`${TMP}/file`));
  await refuse("a file in proc", "enable", ENOTTY, () => verityEnable("/proc/version"));
  await refuse("a file without fs-verity", "measure", ENODATA, () => verityMeasure(plain));
  await refuse("a directory", "measure", ENODATA, () => verityMeasure(`${DATA}/directory`));
  await refuse("a buffer of 31 bytes", "measure", EOVERFLOW, () => {
    const fd = openSync(sealed);
    const { errno } = ioctlMeasure(fd, 31);
    closeSync(fd);
    throw verityError("measure", errno, sealed);
  });
  await refuse("a sealed file", "enable", EEXIST, () => verityEnable(sealed));
  await refuse("a file that is open for writing", "enable", ETXTBSY, () => {
    const fd = openSync(plain, "r+");
    try {
      verityEnable(plain);
    } finally {
      closeSync(fd);
    }
  });
  await refuse("a directory", "enable", EISDIR, () => verityEnable(`${DATA}/directory`));
  for (const blockSize of [0, 512, 3000, 8192, 65536]) {
    await refuse(`a block size of ${blockSize}`, "enable", EINVAL, () => verityEnable(plain, { blockSize }));
  }
  for (const [title, fields] of Object.entries(BAD_FIELDS)) {
    await refuse(title, "enable", EINVAL, () => {
      const fd = openSync(plain);
      const errno = ioctlEnable(fd, fields);
      closeSync(fd);
      throw verityError("enable", errno, plain);
    });
  }
  await refuse("a salt of 33 bytes", "enable", EMSGSIZE, () => verityEnable(plain, { salt: new Uint8Array(33) }));
  const signature = new Uint8Array(16_129);
  await refuse("a signature of 16129 bytes", "enable", EMSGSIZE, () => verityEnable(plain, { signature }));
  await refuse("a file of somebody else", "enable", EACCES, () => {
    process.seteuid(1000);
    try {
      verityEnable(plain);
    } finally {
      process.seteuid(0);
    }
  });
  await remount("ro");
  await refuse("a file system mounted read-only", "enable", EROFS, () => verityEnable(plain));
  await remount("rw");
  await refuse("an ext4 without fs-verity", "enable", EOPNOTSUPP, () => verityEnable("/usr/bin/node"));
  await list.check("enable: a file by its descriptor", () => {
    const fd = openSync(plain);
    verityEnable(fd);
    assert.equal(verityMeasure(fd).hash, "sha256");
    closeSync(fd);
  });
  await list.check("a sealed file cannot be opened for writing, nor cut", () => {
    expectCode("EPERM", () => closeSync(openSync(sealed, "r+")));
    expectCode("EPERM", () => writeFileSync(sealed, ""));
    assert.equal(verityError("open", EPERM, sealed).code, "VERITY_PERMISSION");
  });
  for (const file of [plain, sealed]) unlinkSync(file);
  rmSync(`${DATA}/directory`, { recursive: true });
}

async function remount(mode) {
  const { status, errors } = await runCommandLine(["mount", "-o", `remount,${mode}`, DATA]);
  assert.equal(status, 0, errors);
}
