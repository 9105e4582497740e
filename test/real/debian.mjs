/**
 * A real image: Debian by debootstrap, in three layers by umoci, in every form that skopeo copies it to; its digests
 * against those that the reference mkcomposefs makes of the unpacked directory.
 *
 *     node test/real/debian.mjs [ROOT]        ROOT: a directory that debootstrap made before
 *
 * Needs root, and debootstrap, umoci, skopeo, getfattr, setcap and fsverity.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { directoryDump } from "./directory-dump.mjs";
import { bootstrap, composefs, run, scratch } from "./tools.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const mkcomposefs = at("../../.oracles/bin/mkcomposefs");
/** Three layers: the base, what a package adds, what a cleanup removes. Returns the layout. */
function makeImage(base) {
  const layout = join(scratch, "layout");
  const bundle = join(scratch, "bundle");
  run("umoci", "init", "--layout", layout);
  run("umoci", "new", "--image", `${layout}:debian`);
  run("umoci", "unpack", "--image", `${layout}:debian`, bundle);
  const root = join(bundle, "rootfs");
  run("cp", "-a", `${base}/.`, root);
  run("umoci", "repack", "--refresh-bundle", "--image", `${layout}:debian`, bundle);
  const local = join(root, "usr/local/share/café-Ⅷ");
  mkdirSync(local);
  writeFileSync(join(local, "naïve file"), "a line with umlauts: äöü\n".repeat(10));
  linkSync(join(root, "usr/bin/dpkg"), join(root, "usr/local/bin/dpkg-link"));
  linkSync(join(local, "naïve file"), join(local, "one more name"));
  symlinkSync("../share/café-Ⅷ", join(root, "usr/local/lib/café"));
  run("cp", join(root, "usr/bin/ls"), join(root, "usr/local/bin/list"));
  run("setcap", "cap_net_raw+ep", join(root, "usr/local/bin/list"));
  run("umoci", "repack", "--refresh-bundle", "--image", `${layout}:debian`, bundle);
  rmSync(join(root, "usr/share/doc"), { recursive: true });
  rmSync(join(root, "usr/bin/diff"), { force: true });
  appendFileSync(join(root, "etc/issue"), "one more line\n");
  run("umoci", "repack", "--refresh-bundle", "--image", `${layout}:debian`, bundle);
  return layout;
}

/** The same image in every form. */
function makeForms(layout) {
  const docker = `docker-archive:${join(scratch, "debian.docker.tar")}`;
  const copy = (from, to, ...options) => run("skopeo", "copy", "--insecure-policy", "-q", ...options, from, to);
  copy(`oci:${layout}:debian`, `oci-archive:${join(scratch, "debian.oci.tar")}:debian`);
  copy(`oci:${layout}:debian`, `${docker}:debian:latest`);
  copy(docker, `oci:${join(scratch, "zstd")}:debian`, "--dest-compress", "--dest-compress-format", "zstd");
  run("gzip", "-k", join(scratch, "debian.docker.tar"));
  return {
    "OCI layout": `oci:${layout}:debian`,
    "OCI archive": `oci-archive:${join(scratch, "debian.oci.tar")}`,
    "docker archive": `docker-archive:${join(scratch, "debian.docker.tar")}`,
    "docker archive, gzip": join(scratch, "debian.docker.tar.gz"),
    "OCI layout, zstd": join(scratch, "zstd"),
  };
}

/** What the reference says of the unpacked directory. */
function referenceDigest(layout) {
  const bundle = join(scratch, "unpacked");
  run("umoci", "unpack", "--image", `${layout}:debian`, bundle);
  const dump = join(scratch, "directory.dump");
  writeFileSync(dump, directoryDump(join(bundle, "rootfs")));
  const digest = run(mkcomposefs, "--from-file", "--min-version=1", "--print-digest-only", dump).trim();
  return { digest, dump, root: join(bundle, "rootfs") };
}

const layout = makeImage(process.argv[2] ?? bootstrap());
const { digest: reference, dump, root } = referenceDigest(layout);
console.log(`reference        v1-sha256-12:${reference}`);
let failures = 0;
const seen = new Set();
for (const [form, operand] of Object.entries({ ...makeForms(layout), "directory by umoci": `dir:${root}` })) {
  const profiles = ["-p", "v1-sha256-12", "-p", "v1-sha512-12", "-p", "v2-sha512-12"];
  const { images } = JSON.parse(
    run(process.execPath, composefs, "digest", operand, "--json", "--no-cache", ...profiles),
  );
  const digests = images.map(({ digest }) => digest);
  seen.add(digests.join(" "));
  const isSame = digests[0] === reference;
  console.log(`${form.padEnd(22)} ${digests[0].slice(0, 16)}… ${isSame ? "the same" : "DIFFERS"}`);
  if (isSame) continue;
  failures++;
  const { stdout } = spawnSync(process.execPath, [
    composefs,
    "diff",
    `dump:${dump}`,
    operand,
    "--hash",
    "sha256",
    "--no-cache",
  ]);
  console.log(stdout.toString());
}
if (seen.size !== 1) console.log("the forms give different digests");
process.exit(failures > 0 || seen.size !== 1 ? 1 : 0);
