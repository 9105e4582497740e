/**
 * A real image in real registries: Debian in two layers by umoci, put into Debian's docker-registry, sealed and signed there,
 * found through its referrers, copied with its seal to a registry of another kind and verified there; by the lines that README
 * shows, as they stand there. Then the lines that sign elsewhere.
 *
 *     node test/real/seal.mjs [ROOT]        ROOT: a directory that debootstrap made before; else it is made, as root
 *
 * Needs root, and debootstrap, umoci, openssl, docker-registry and .oracles/bin/native-registry.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startDebianRegistry, startNativeRegistry } from "../support/registry/real.mjs";
import { bootstrap, check, composefs, finish, run, scratch } from "./tools.mjs";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const CHAPTER = README.slice(README.indexOf("## Seals"));
const layout = join(scratch, "debian");
const bundle = join(scratch, "bundle");

function makeImage(root) {
  const image = `${layout}:latest`;
  run("umoci", "init", "--layout", layout);
  run("umoci", "new", "--image", image);
  run("umoci", "unpack", "--image", image, bundle);
  run("cp", "-a", `${root}/.`, join(bundle, "rootfs"));
  run("umoci", "repack", "--refresh-bundle", "--image", image, bundle);
  rmSync(join(bundle, "rootfs/usr/share/doc"), { recursive: true });
  run("umoci", "repack", "--image", image, bundle);
}

/** Runs lines of README; the first that fails ends them. */
function runLines(lines) {
  const input = `set -e\ncomposefs() { ${process.execPath} ${composefs} "$@"; }\n${lines}`;
  const env = { ...process.env, XDG_CACHE_HOME: join(scratch, "cache") };
  return spawnSync("/bin/sh", { input, cwd: scratch, env, encoding: "utf8" });
}

const [first, second] = [...CHAPTER.matchAll(/```sh\n([^`]*)```/g)].map(([, block]) => block);
makeImage(process.argv[2] ?? bootstrap());
const registries = [await startDebianRegistry(), await startNativeRegistry()];
try {
  const [from, to] = registries.map(({ host }) => host);
  const lines = first.replaceAll("localhost:5000", from).replaceAll("localhost:5001", to);
  const { status, stdout, stderr } = runLines(lines);
  check("README: sealed, signed, found, copied to another registry, verified there", status === 0, stdout + stderr);
  check(
    "the referrers show the seal",
    /└─ sha256:.* manifest, config, merged of fsverity-sha512-12, signed/.test(stdout),
    stdout,
  );
  check("who signed is said", /merged .*right; signed by CN=release/.test(stdout), stdout);
  check("nothing is left unchecked", /verdict +verified/.test(stdout) && !/^nobody/m.test(stdout), stdout);
  const digest = runLines("composefs digest oci:debian:latest -p v1-sha512-12 --quiet").stdout.trim().split(":").at(-1);
  check("the digest is that of the layout", stdout.includes(digest) && digest.length === 128, digest);

  const elsewhere = runLines(`${second}composefs verify oci:debian --cert cert.pem\n`);
  const isSigned = /merged .*signed by CN=release/.test(elsewhere.stdout);
  check("README: signed elsewhere", elsewhere.status === 0 && isSigned, elsewhere.stdout + elsewhere.stderr);
} finally {
  for (const registry of registries) registry.close();
}
finish();
