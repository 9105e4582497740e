/** The commands as a user types them: each a process of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TARGET } from "./check-tree.mjs";
import { DATA, IMAGES } from "./guest-tools.mjs";

const COMPOSEFS = fileURLToPath(new URL("../../build/src/cli/composefs.js", import.meta.url));
const HELLO = "1e2eaa4202d750a41174ee454970b92c1bc2f925b1e35076d8c7d5f56362ba64";

/** Runs `composefs ARGUMENTS` in a shell that reads one character for each byte. */
function composefs(args) {
  const script = Buffer.from(`exec ${process.execPath} ${COMPOSEFS} ${args}\n`, "latin1");
  const { status, stdout, stderr } = spawnSync("/bin/sh", { input: script, encoding: "latin1", cwd: DATA });
  return { status, stdout, stderr };
}

export async function run(list) {
  const image = IMAGES.find(({ format }) => format === "v1");
  await list.check("composefs verity enable, measure, of a name that is not UTF-8", () => {
    const name = Buffer.from(`${DATA}/hello \xff`, "latin1");
    writeFileSync(name, "hello world");
    const enabled = { status: 0, stdout: `sha256:${HELLO} hello \\xff\n`, stderr: "" };
    assert.deepEqual(composefs("verity enable 'hello \xff'"), enabled);
    assert.deepEqual(composefs("verity measure 'hello \xff'"), enabled);
    unlinkSync(name);
  });
  await list.check("composefs mount DIGEST, --check, umount", () => {
    const nothing = { status: 0, stdout: "", stderr: "" };
    assert.deepEqual(composefs(`mount ${image.digest} ${TARGET} --repo repo`), nothing);
    assert.equal(readFileSync(`${TARGET}/files/external`).length, 65);
    const { status, stdout } = composefs(`mount --check ${TARGET} --digest v1-sha256-12:${image.digest} --json`);
    const { verity, imageVerity, isWantedDigest, notEnforced } = JSON.parse(stdout);
    assert.deepEqual(
      { status, verity, isWantedDigest, notEnforced },
      { status: 0, verity: "require", isWantedDigest: true, notEnforced: [] },
    );
    assert.deepEqual(imageVerity, { hash: "sha256", digest: image.digest });
    assert.deepEqual(composefs(`umount ${TARGET}`), nothing);
  });
}
