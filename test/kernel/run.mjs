/**
 * Runs the check list of guest.mjs on a kernel with fs-verity, in a machine that QEMU emulates (kernel-oracle.md).
 *
 *     npm run test:kernel [-- --keep]      --keep: leave the disks and the log behind and say where they are
 *
 * Needs no root: apt's tools fetch the kernel (fetch-guest.sh); qemu-system-x86, e2fsprogs, openssl and xz-utils must be
 * installed, and the package built. The guest gets one more try when it does not come up. What counts is the list that it
 * prints: every check must be there, and the plan, and no check may have failed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dataDisk, programsDisk, run } from "./disk.mjs";
import { initrd } from "./initrd.mjs";
import { parseTap } from "./tap.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const GUEST = at("../../.oracles/guest");
/** In the order of their dependencies. */
const MODULES = ["virtio_blk", "libcrc32c", "loop", "erofs", "overlay"];
/** A boot takes 6 s, the list less than a minute, on a machine that has nothing else to do. */
const LIMIT_SECONDS = 300;
const TRIES = 2;

const keep = process.argv.includes("--keep");
const work = mkdtempSync(join(tmpdir(), "composefs-kernel-"));
process.on("exit", () => {
  if (keep) console.log(`# left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
});

for (const [tool, name] of Object.entries({
  "qemu-system-x86_64": "qemu-system-x86",
  mke2fs: "e2fsprogs",
  openssl: "openssl",
  xz: "xz-utils",
})) {
  const folders = [...process.env.PATH.split(":"), "/usr/sbin", "/sbin"];
  if (folders.some((folder) => existsSync(join(folder, tool)))) continue;
  console.error(`test:kernel needs ${tool}, from the package ${name}`);
  process.exit(1);
}
process.env.PATH += ":/usr/sbin:/sbin";

/** Prepares kernel, initial RAM disk and disks. */
async function prepare() {
  console.log(String(run(at("fetch-guest.sh"), [])).trimEnd());
  const root = join(GUEST, "root");
  const version = readFileSync(join(GUEST, "version"), "utf8").trim();
  const modules = {};
  const folder = join(root, "usr/lib/modules", version);
  const files = readdirSync(folder, { recursive: true });
  for (const name of MODULES) {
    const file = files.find((path) => path.endsWith(`/${name}.ko.xz`));
    if (file === undefined) throw new Error(`the kernel ${version} has no module ${name}`);
    modules[`modules/${name}.ko`] = run("xz", ["-dc", join(folder, file)]);
  }
  const order = MODULES.map((name) => `${name}.ko\n`).join("");
  const busybox = readFileSync(join(root, "usr/bin/busybox"));
  const init = readFileSync(at("init.sh"));
  const folders = ["bin", "dev", "proc", "sys", "root", "modules"];
  writeFileSync(
    join(work, "initrd.gz"),
    initrd(folders, { init, "bin/busybox": busybox, "modules/order": order, ...modules }),
  );
  programsDisk(work, root);
  await dataDisk(work);
  return join(root, "boot", `vmlinuz-${version}`);
}

/** Whether this machine can run a guest at full speed. */
function hasKvm() {
  return existsSync("/dev/kvm") && /\b(vmx|svm)\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
}

/** Boots once. @returns what the guest wrote to its serial line */
function boot(kernel) {
  const log = join(work, "serial.log");
  writeFileSync(log, "");
  const disk = (name, i) => [
    ...["-drive", `file=${join(work, name)},if=none,id=d${i},format=raw,snapshot=on`],
    ...["-device", `virtio-blk-pci,drive=d${i}`],
  ];
  // With cx16 one boot of ten crashed in emulation.
  const machine = hasKvm()
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max,-cx16"];
  const args = [
    ...machine,
    ...["-machine", "q35", "-smp", "1", "-m", "1024", "-nodefaults", "-display", "none", "-nic", "none", "-no-reboot"],
    ...["-serial", `file:${log}`, "-kernel", kernel, "-initrd", join(work, "initrd.gz")],
    ...["-append", "console=ttyS0 panic=-1 quiet"],
    ...disk("programs.img", 0),
    ...disk("data.img", 1),
  ];
  return new Promise((resolve, reject) => {
    const qemu = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "inherit", "inherit"] });
    const timer = setTimeout(() => qemu.kill("SIGKILL"), LIMIT_SECONDS * 1000);
    qemu.on("error", reject);
    qemu.on("close", () => {
      clearTimeout(timer);
      resolve(readFileSync(log, "latin1"));
    });
  });
}

if (!existsSync(at("../../build/src/index.js"))) {
  console.error("test:kernel needs the built package: npm run build");
  process.exit(1);
}
const kernel = await prepare();
let result;
for (let i = 1; i <= TRIES; i++) {
  const began = performance.now();
  const log = await boot(kernel);
  result = parseTap(log);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`guest: ${result.passed} passed, ${result.failed.length} failed, ${seconds} s`);
  if (result.plan !== undefined) break;
  console.log(`the guest printed no plan; the end of its log:\n${log.slice(-4000)}`);
}
for (const { title, details } of result.failed)
  console.log(`not ok: ${title}\n${details.map((line) => `    ${line}\n`).join("")}`);
const isWhole = result.plan !== undefined && result.plan > 0 && result.plan === result.passed + result.failed.length;
if (!isWhole)
  console.log(
    `the list is not whole: planned ${result.plan ?? "nothing"}, ${result.passed + result.failed.length} ran`,
  );
process.exitCode = isWhole && result.failed.length === 0 ? 0 : 1;
