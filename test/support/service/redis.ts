/** Debian's redis-server on loopback, with a log of what it was told, so that it can be killed and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../registry/real.mjs";

export interface RedisServer {
  /** `redis://127.0.0.1:PORT`, or `rediss://` */
  url: string;
  /** Ends it as a loss of power would, and starts it again with what is on its disk. */
  restart(): Promise<void>;
  /** Ends it, until `restart`. */
  kill(): Promise<void>;
  close(): void;
}

const START_MS = 20_000;

/** Files of a server that speaks TLS and nothing else. */
export interface RedisTlsFiles {
  cert: string;
  key: string;
  /** Of clients; each must show a certificate of it. Default: they need none. */
  clientCa?: string;
}

/** Starts a server; to be closed by whoever starts it. @param password that clients must know */
export async function startRedis(password?: string, tls?: RedisTlsFiles): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "redis-"));
  const port = await freePort();
  const options = ["--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"];
  if (tls === undefined) options.push("--port", `${port}`);
  else {
    const { cert, key, clientCa = cert } = tls;
    options.push("--port", "0", "--tls-port", `${port}`, "--tls-cert-file", cert, "--tls-key-file", key);
    options.push("--tls-ca-cert-file", clientCa, "--tls-auth-clients", tls.clientCa === undefined ? "no" : "yes");
  }
  if (password !== undefined) options.push("--requirepass", password);
  let child: ChildProcess;
  const start = async () => {
    child = spawn("redis-server", [...options, "--appendfsync", "always"], { stdio: "ignore" });
    for (const began = performance.now(); performance.now() - began < START_MS; ) {
      if (await answers(port, tls !== undefined)) return;
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("redis-server does not come up");
  };
  await start();
  const kill = async () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.kill("SIGKILL")) await gone;
  };
  return {
    kill,
    url: `${tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}`,
    async restart() {
      await kill();
      await start();
    },
    close() {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether the server has read its log and takes commands; of one that speaks TLS, whether it listens. */
function answers(port: number, isTls: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (isTls ? end(true) : socket.write("PING\r\n")));
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.on("data", (data) => end(/^(\+PONG|-NOAUTH)/.test(`${data}`))).on("error", () => end(false));
  });
}
