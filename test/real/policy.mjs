/**
 * Debian's SELinux policy and its tools, from its packages: unpacked and built in the scratch folder, so that nothing of this
 * machine's own policy is touched. Needs dpkg and apt-get.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runWith, scratch } from "./tools.mjs";

const PACKAGES = [
  "selinux-policy-default",
  "policycoreutils",
  "selinux-utils",
  "libsemanage2",
  "libsepol2",
  "libselinux1",
];

const tools = join(scratch, "tools");
const libraries = ["lib", "usr/lib"].map((folder) => {
  const triplet =
    spawnSync("dpkg-architecture", ["-qDEB_HOST_MULTIARCH"]).stdout?.toString().trim() || "x86_64-linux-gnu";
  return join(tools, folder, triplet);
});
const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(":") };

/** Runs a program of the packages, or of the machine when its name has no slash. */
const run = (command, args) =>
  runWith({ cwd: scratch, env }, command.includes("/") ? join(tools, command) : command, ...args);

/** What libselinux prints for paths. @param {string[]} args */
export const matchpathcon = (...args) => run("usr/sbin/matchpathcon", args);

/** Builds the policy from its modules, as the package does when it is installed. @returns the folder of file_contexts */
export function makePolicy() {
  run("apt-get", ["download", "-q", ...PACKAGES]);
  for (const name of readdirSync(scratch).filter((name) => name.endsWith(".deb"))) run("dpkg", ["-x", name, tools]);
  const store = join(scratch, "store");
  mkdirSync(join(store, "var/lib/selinux/default"), { recursive: true });
  mkdirSync(join(store, "etc"));
  run("cp", ["-a", join(tools, "etc/selinux"), join(store, "etc/selinux")]);
  // Without the checks that need a system with SELinux, and without users of this machine.
  const nothing = "path = /bin/true\nargs =\n[end]\n";
  writeFileSync(
    join(store, "etc/selinux/semanage.conf"),
    "module-store = direct\nexpand-check = 0\nusepasswd = false\n" +
      `compiler-directory = ${tools}/usr/libexec/selinux/hll\n[setfiles]\n${nothing}[sefcontext_compile]\n${nothing}`,
  );
  const modules = join(tools, "usr/share/selinux/default");
  const install = readdirSync(modules).filter((name) => name.endsWith(".pp.bz2"));
  const options = ["-X", "100", "-n", "-s", "default", "-p", store];
  run("usr/sbin/semodule", [...options, ...install.map((name) => `-i${join(modules, name)}`)]);
  return join(store, "etc/selinux/default/contexts/files");
}
