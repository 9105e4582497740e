/** Moto's server on loopback, which speaks the protocol of S3 and keeps buckets in memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../registry/real.mjs";

/** The program, installed by test/oracle/install-python-oracle.sh s3. */
export const S3_SERVER = fileURLToPath(new URL("../../../.oracles/s3/bin/moto_server", import.meta.url));

const START_MS = 60_000;

export interface S3Server {
  endpoint: string;
  child: ChildProcess;
}

/** Starts the server with an empty bucket; to be ended by whoever starts it. */
export async function startS3Server(bucket: string): Promise<S3Server> {
  const port = await freePort();
  const child = spawn(S3_SERVER, ["-H", "127.0.0.1", "-p", `${port}`], {
    stdio: "ignore",
    env: { ...process.env, PYTHONPATH: join(dirname(S3_SERVER), "..") },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (const began = performance.now(); performance.now() - began < START_MS; ) {
    const answer = await fetch(`${endpoint}/${bucket}`, { method: "PUT" }).catch(() => null);
    if (answer?.ok) return { endpoint, child };
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error("the server of S3 does not come up");
}
