/**
 * The rows of SELinux labels: what a bootable tree costs beyond a merged one, with Debian's own policy, the whole process.
 */

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { makePolicy } from "../real/policy.mjs";
import { makeLayout, writeLayout } from "../support/oci/forms.mjs";
import { dir, dirs, file, hardlink, symlink, tarball } from "../support/oci/tar.mjs";
import { distroFile } from "./inputs.mjs";
import { inTurn, row, runSeconds, scratch } from "./measure.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const composefs = [process.execPath, at("../../build/src/cli/composefs.js")];
const CONTEXTS = "etc/selinux/default/contexts/files";

/** The entries of a dumpfile as those of a tar, files empty: labels ask for paths and types only. */
function itemsOf(dump) {
  const items = [];
  for (const line of dump.toString("latin1").trimEnd().split("\n").slice(1)) {
    const [path, , mode, , , , , , payload] = line.split(" ");
    const bytes = (text) =>
      Buffer.from(
        text.replace(/\\x(..)|\\(.)/g, (_, hex, c) => (hex ? String.fromCharCode(parseInt(hex, 16)) : c)).slice(1),
        "latin1",
      );
    if (mode.startsWith("@")) items.push(hardlink(bytes(path), bytes(payload)));
    else if (mode.startsWith("4")) items.push(dir(bytes(path)));
    else if (mode.startsWith("12")) items.push(symlink(bytes(path), "x"));
    else items.push(file(bytes(path), ""));
  }
  return items;
}

/** An image of a tree and a policy. */
function image(name, dump, policy) {
  const path = join(scratch, name);
  mkdirSync(path);
  const folders = CONTEXTS.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"));
  const contexts = readdirSync(policy)
    .filter((file) => /^file_contexts(\.(local|homedirs|subs|subs_dist))?$/.test(file))
    .map((file_) => file(`${CONTEXTS}/${file_}`, readFileSync(join(policy, file_))));
  const upper = [...dirs("usr", "boot", "sysroot", ...folders), file("etc/selinux/config", "SELINUXTYPE=default\n")];
  const layers = [tarball(itemsOf(dump)), tarball([...upper, ...contexts])];
  writeLayout(makeLayout(layers, { compression: "none" }), path);
  return `oci:${path}`;
}

/** Seconds that labels add to a digest whose layers are in the cache. */
async function labelRow(work, operand, rounds, must, aim) {
  const run = (role) => () =>
    runSeconds([...composefs, "digest", operand, "--role", role, "--cache", join(scratch, "labels-cache"), "-q"]);
  const { ours, reference } = await inTurn(run("bootable"), run("merged"), rounds);
  const added = ours - reference;
  return row(work, ours * 1000, reference * 1000, "ms", added, must, aim);
}

/** All rows of labels. */
export async function* labels(rounds) {
  const policy = makePolicy();
  const debian = gunzipSync(readFileSync(at("../fixtures/debian-minbase.dump.gz")));
  yield await labelRow(
    "labels of Debian's 6,768 entries by its policy: seconds beyond the merged tree",
    image("debian-labels", debian, policy),
    rounds,
    0.5,
    0.3,
  );
  const large = image("large-labels", readFileSync(distroFile(60_000)), policy);
  yield await labelRow("the same of 60,000 entries", large, rounds, 3, 1);
}
