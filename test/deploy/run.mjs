/**
 * What `deploy/` holds under the real parts: the image built and run by Podman, the unit under systemd as first process, both
 * beside Debian's docker-registry; by the lines of `deploy/README.md`.
 *
 *     npm run test:deploy
 *
 * Needs root, a network for packages of Debian and npm, and debootstrap, podman, crun, systemd-container, iproute2,
 * docker-registry and redis-server. The checks run in namespaces of their own, with nothing but a loopback for a network, so
 * that no port and no group of processes of the machine is touched.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratch } from "../real/tools.mjs";
import { prepare } from "./prepare.mjs";

/** Programs that are not everywhere, and their packages of Debian. */
const TOOLS = {
  ...{ podman: "podman", crun: "crun", "systemd-nspawn": "systemd-container", ip: "iproute2" },
  ...{ debootstrap: "debootstrap", "docker-registry": "docker-registry", "redis-server": "redis-server" },
};
/** For each of the two lists, which take half a minute on a machine that has nothing else to do. */
const LIMIT_SECONDS = 300;
/** A hierarchy of control groups, and what programs leave in /run and in shared memory, for the checks alone. */
const ENTER = `set -e
ip link set lo up
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
exec "$@"`;
const NAMESPACES = ["--mount", "--cgroup", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"];

for (const [tool, name] of Object.entries(TOOLS)) {
  if (spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0) continue;
  console.error(`test:deploy needs ${tool}, from the package ${name}`);
  process.exit(1);
}
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
const work = join(scratch, "work");
mkdirSync(work);
const root = prepare(work);
console.log(`# prepared, ${seconds()}`);
const failed = ["image", "unit"].filter((name) => {
  console.log(`# ${name}`);
  const script = fileURLToPath(new URL(`check-${name}.mjs`, import.meta.url));
  const command = ["/bin/sh", "-c", ENTER, "sh", process.execPath, script, work, root];
  const { status } = spawnSync("unshare", [...NAMESPACES, "--", ...command], {
    stdio: "inherit",
    timeout: LIMIT_SECONDS * 1000,
    killSignal: "SIGKILL",
  });
  console.log(`# ${name} ended, ${seconds()}`);
  return status !== 0;
});
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exit(failed.length > 0 ? 1 : 0);
