/** A Debian whose first process is systemd, in the container of systemd-nspawn; its network is that of whoever starts it. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { comes } from "./sealing.mjs";

/** The first process of the container: the one that is the first in a namespace of processes within ours. */
function findLeader() {
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && entry !== "1")) {
    try {
      const [, ids] = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"));
      const isSystemd = readFileSync(`/proc/${name}/comm`, "utf8").trim() === "systemd";
      if (isSystemd && /\s1$/.test(ids)) return name;
    } catch (error) {
      // A process may end meanwhile.
      if (!["ENOENT", "ESRCH"].includes(error.code)) throw error;
    }
  }
  return undefined;
}

/**
 * Starts a machine, and waits until it is up.
 *
 * @param root its file system
 * @throws Error when it does not come up
 */
export async function startMachine(root) {
  const options = ["--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe", "--machine=composefs-deploy"];
  const nspawn = spawn("systemd-nspawn", [...options, "--directory", root], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => nspawn.once("close", resolve));
  let console = "";
  for (const stream of [nspawn.stdout, nspawn.stderr]) {
    stream.on("data", (text) => {
      console += text;
    });
  }
  let leader;
  /** Runs a program in the machine, beside what systemd runs. */
  const inside = (...command) => {
    const spaces = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root"];
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/root" };
    const { status, stdout, stderr } = spawnSync("nsenter", ["--target", leader, ...spaces, "--", ...command], {
      env,
      encoding: "utf8",
    });
    return { status, text: `${stdout}${stderr}`.trim() };
  };
  let state = "";
  const isUp = await comes(() => {
    leader = findLeader();
    if (leader === undefined || nspawn.exitCode !== null) return false;
    state = inside("systemctl", "is-system-running").text;
    return ["running", "degraded"].includes(state);
  }, 60_000);
  if (!isUp) throw new Error(`systemd does not come up (${state}):\n${console}`);
  return {
    state,
    inside,
    /** Properties of a unit. */
    properties(unit, ...names) {
      const { text } = inside("systemctl", "show", unit, ...names.map((name) => `--property=${name}`));
      return Object.fromEntries(text.split("\n").map((line) => line.split(/=(.*)/s)));
    },
    /** Ends it as `poweroff` does. @returns the exit code of the container */
    end() {
      inside("systemctl", "poweroff");
      return ended;
    },
  };
}
