/**
 * A bootable image from end to end: Debian with its own SELinux policy in layers by umoci, the kernel argument computed from
 * these layers, a unified kernel image with it by ukify, added as the last layer; then what the image says of itself.
 *
 *     node test/real/bootable.mjs [ROOT]        ROOT: a directory that debootstrap made before; else it is made, as root
 *
 * The labels are held against matchpathcon, path by path; the two cases in which it decides differently (selinux.mjs) do not
 * occur in this tree. Needs root, and debootstrap, umoci, python3 and apt-get.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makePolicy, matchpathcon } from "./policy.mjs";
import { bootstrap, check, composefs, finish, run, runWith, scratch } from "./tools.mjs";

const layout = join(scratch, "layout");
const image = `oci:${layout}:debian`;
const bundle = join(scratch, "bundle");
const rootfs = join(bundle, "rootfs");
const KERNEL = "boot/EFI/Linux/debian.efi";
const POLICY = "etc/selinux/default/contexts/files";

const repack = () => run("umoci", "repack", "--refresh-bundle", "--image", `${layout}:debian`, bundle);
const ours = (...args) => run(process.execPath, composefs, ...args, "--no-cache");
const exitOf = (...args) => spawnSync(process.execPath, [composefs, ...args, "--no-cache"]);

/** Two layers: the base system, and a policy with what a kernel needs. @returns the folder of the policy */
function makeImage() {
  run("umoci", "init", "--layout", layout);
  run("umoci", "new", "--image", `${layout}:debian`);
  run("umoci", "unpack", "--image", `${layout}:debian`, bundle);
  run("cp", "-a", `${process.argv[2] ?? bootstrap()}/.`, rootfs);
  repack();
  const policy = makePolicy();
  for (const folder of ["sysroot", POLICY, "usr/lib/modules/6.12.0", "boot/EFI/Linux"]) {
    mkdirSync(join(rootfs, folder), { recursive: true });
  }
  writeFileSync(join(rootfs, "etc/selinux/config"), "SELINUX=enforcing\nSELINUXTYPE=default\n");
  for (const name of readdirSync(policy)) cpSync(join(policy, name), join(rootfs, POLICY, name));
  writeFileSync(join(rootfs, "usr/lib/modules/6.12.0/vmlinuz"), "no kernel, but it is where one would be\n");
  repack();
  return policy;
}

/** Puts a kernel image with a command line into the image, as its last layer. */
function addKernel(ukify, cmdline) {
  const stub = join(ukify, "usr/lib/systemd/boot/efi/linuxx64.efi.stub");
  const env = { ...process.env, PYTHONPATH: join(ukify, "usr/lib/python3/dist-packages") };
  runWith(
    { env },
    ...["python3", join(ukify, "usr/bin/ukify"), "build", `--stub=${stub}`],
    ...[`--linux=${join(rootfs, "usr/lib/modules/6.12.0/vmlinuz")}`, "--uname=6.12.0", `--cmdline=${cmdline}`],
    ...[`--os-release=@${join(rootfs, "usr/lib/os-release")}`, `--output=${join(rootfs, KERNEL)}`],
  );
  repack();
}

/** Labels by path, of what the bootable tree holds. */
function labelsOfTree() {
  const labels = new Map();
  const types = new Map();
  for (const line of ours("dump", image, "--role", "bootable", "--json").trimEnd().split("\n")) {
    const { path, type, of, xattrs } = JSON.parse(line);
    types.set(path, of === undefined ? type : types.get(of));
    labels.set(path, of === undefined ? (xattrs?.["security.selinux"] ?? "<<none>>") : labels.get(of));
  }
  return { labels, types };
}

const TYPES = { directory: "dir", file: "file", symlink: "lnk_file" };

/** Paths whose label is not that of matchpathcon. */
function differences(policy) {
  const { labels, types } = labelsOfTree();
  const differ = [];
  for (const [type, mode] of Object.entries(TYPES)) {
    const paths = [...types.keys()].filter((path) => types.get(path) === type && /^[!-[\]-~]+$/.test(path));
    for (let at = 0; at < paths.length; at += 1000) {
      const batch = paths.slice(at, at + 1000);
      const theirs = matchpathcon("-n", "-N", "-m", mode, "-f", join(policy, "file_contexts"), ...batch).split("\n");
      batch.forEach((path, i) => {
        if (labels.get(path) !== theirs[i]) differ.push(`${path} (${type}): ${labels.get(path)}, ${theirs[i]}`);
      });
    }
  }
  return { differ, count: labels.size, labelled: [...labels.values()].filter((label) => label !== "<<none>>").length };
}

const policy = makeImage();
const { differ, count, labelled } = differences(policy);
check(
  `${labelled} of ${count} entries have labels; ${differ.length} others than matchpathcon`,
  differ.length === 0,
  differ.join("\n"),
);
check("nearly all entries have labels", labelled > 0.95 * count);

const ukify = join(scratch, "ukify");
const fetch = fileURLToPath(new URL("../oracle/debian-packages.sh", import.meta.url));
run(fetch, "trixie", ukify, "systemd-ukify", "systemd-boot-efi", "python3-pefile");
for (const profile of ["v1-sha256-12", "v1-sha512-12"]) {
  const karg = ours("karg", image, "-p", profile).trim();
  addKernel(ukify, `rw ${karg} console=ttyS0`);
  const sealed = exitOf("uki", image);
  check(`the image names its own tree by ${karg.slice(0, 40)}…`, sealed.status === 0, sealed.stdout);
  check("which the kernel image in it does not change", ours("karg", image, "-p", profile).trim() === karg);
}
writeFileSync(join(rootfs, "etc/motd"), "one more line\n");
repack();
const stale = exitOf("uki", image, "--json");
check(
  "a further layer makes it name another one",
  stale.status === 1 && JSON.parse(stale.stdout).files[0].verdict === "mismatch",
);
finish();
