/** What the checks on real systems share: a scratch folder, programs, a Debian base system. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command under test. */
export const composefs = fileURLToPath(new URL("../../build/src/cli/composefs.js", import.meta.url));

/** Removed at the end. */
export const scratch = mkdtempSync(join(tmpdir(), "composefs-real-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** Runs a program to its end. @param {object} [options] those of spawnSync @returns what it prints */
export function runWith(options, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 1 << 30, ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error ?? stderr}${stdout}`);
  return stdout.toString("latin1");
}

export const run = (command, ...args) => runWith({}, command, ...args);

/** The base system, from where apt gets its packages. @param packages besides @returns its directory */
export function bootstrap(...packages) {
  const root = join(scratch, "root");
  const mirror = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split("\n")[0];
  const suite = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))[1];
  const include = packages.length > 0 ? [`--include=${packages.join(",")}`] : [];
  run("debootstrap", "--variant=minbase", ...include, suite, root, ...(mirror === "" ? [] : [mirror]));
  return root;
}

let failures = 0;

/** Prints whether something holds; what does not, with the detail, makes the run fail. */
export function check(what, holds, detail = "") {
  console.log(`${holds ? "ok  " : "FAIL"}  ${what}`);
  if (holds) return;
  failures++;
  console.log(detail);
}

/** Ends the run, with 1 when something did not hold. */
export function finish() {
  process.exit(failures > 0 ? 1 : 0);
}
