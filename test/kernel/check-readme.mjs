/** The lines of README, "From digest to mount", as they stand there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DATA } from "./guest-tools.mjs";

const README = new URL("../../README.md", import.meta.url);
const COMPOSEFS = fileURLToPath(new URL("../../build/src/cli/composefs.js", import.meta.url));
const CHAPTER = "## From digest to mount";
/** Where a file system with fs-verity is, in place of the one that README has. */
const PLACES = { "/var/lib/composefs": `${DATA}/readme-repo`, "/mnt/web": "/tmp/web" };

/** The first block of shell lines behind a heading. */
function linesOf(text, heading) {
  const [, block] = /```sh\n([^`]*)```/.exec(text.slice(text.indexOf(heading)));
  return block.trimEnd();
}

export async function run(list) {
  await list.check("the commands of README, From digest to mount", () => {
    let script = linesOf(readFileSync(README, "utf8"), CHAPTER);
    assert.match(script, /mount --check/);
    for (const [place, ours] of Object.entries(PLACES)) script = script.replaceAll(place, ours);
    // What is mounted is the tree of the image: looked at before it is unmounted.
    script = script.replace("composefs umount", "busybox cat /tmp/web/etc/app.conf >/dev/null\ncomposefs umount");
    const input = `set -e\ncomposefs() { ${process.execPath} ${COMPOSEFS} "$@"; }\nmkdir() { busybox mkdir "$@"; }\n${script}\n`;
    const env = { ...process.env, XDG_CACHE_HOME: "/tmp/cache" };
    const { status, stdout, stderr } = spawnSync("/bin/sh", { input, cwd: DATA, env, encoding: "utf8" });
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^v1-sha512-12:[0-9a-f]{128}$/m);
  });
}
