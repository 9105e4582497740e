/**
 * Real registries on loopback: Debian's docker-registry with a data directory of its own, which has no API for referrers,
 * and that of go-containerregistry, which has, and keeps everything in memory.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const START_MS = 20_000;

/** Whether there is the program. With CI=true it must be there. @throws Error when it is not */
export function hasProgram(name, install) {
  const isPath = name.includes("/");
  if (isPath ? existsSync(name) : spawnSync(name, ["--version"]).error === undefined) return true;
  const message = `${name} is missing (${install})`;
  if (process.env["CI"] === "true") throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
  return false;
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until a registry answers. */
async function waitFor(host, child) {
  const began = performance.now();
  while (performance.now() - began < START_MS) {
    if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}`);
    const answer = await fetch(`http://${host}/v2/`).catch(() => null);
    if (answer !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the registry does not come up");
}

/** Starts a registry, and waits until it answers. @param close what is to be done besides when it is closed */
async function start(host, command, args, close = () => {}) {
  const child = spawn(command, args, { stdio: "ignore" });
  const end = () => {
    child.kill();
    close();
  };
  try {
    await waitFor(host, child);
  } catch (error) {
    end();
    throw error;
  }
  return { host, close: end };
}

/**
 * Starts docker-registry.
 *
 * @param notify where it tells of pushes, and the header Authorization that it sends along
 * @param headers that all its answers have
 */
export async function startDebianRegistry(notify = null, headers = {}) {
  const folder = mkdtempSync(join(tmpdir(), "docker-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.yml");
  const storage = `storage:\n  filesystem:\n    rootdirectory: ${folder}/data\n`;
  const endpoint = notify && {
    ...{ name: "composefs", url: notify.url, headers: { Authorization: [notify.authorization] } },
    ...{ timeout: "2s", threshold: 5, backoff: "200ms" },
  };
  // JSON is YAML, too.
  const notifications = endpoint === null ? "" : `notifications: ${JSON.stringify({ endpoints: [endpoint] })}\n`;
  const http = `http: ${JSON.stringify({ addr: host, headers })}\n`;
  writeFileSync(config, `version: 0.1\nlog:\n  level: error\n${storage}${http}${notifications}`);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return start(host, "docker-registry", ["serve", config], remove);
}

/** The program of test/support/registry/native. */
export const NATIVE_REGISTRY = fileURLToPath(new URL("../../../.oracles/bin/native-registry", import.meta.url));

/** Starts the registry with the native API. */
export async function startNativeRegistry() {
  const port = await freePort();
  return start(`127.0.0.1:${port}`, NATIVE_REGISTRY, [String(port)]);
}
