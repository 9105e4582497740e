/** README's three commands for registry operators, as they stand there but for places, beside Debian's registry. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Registry } from "../../src/registry/registry.ts";
import { pathOf } from "../src/cli/run.ts";
import { freePort, hasProgram, startDebianRegistry } from "../support/registry/real.mjs";
import { makeImage, pushImage } from "../support/service/push-images.ts";
import { until } from "../support/service/run-service.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const CHAPTER = README.slice(README.indexOf("## For registry operators"));
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";

test.skipIf(!hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry"))(
  "three commands seal what is there, and what is pushed from then on",
  async () => {
    const home = mkdtempSync(join(tmpdir(), "composefs-readme-"));
    const port = await freePort();
    const registry = await startDebianRegistry({ url: `http://127.0.0.1:${port}/events`, authorization: "none" });
    const isSealed = async (digest: string) =>
      (await new Registry(registry.host).referrers("team/app", digest, { artifactType: SEAL_TYPE })).referrers
        .length === 1;
    const [, block] = /```sh\n([^`]*)```/.exec(CHAPTER)!;
    expect(block!.trim().split("\n").length).toBe(3);
    const lines = block!
      .replaceAll("localhost:5000", registry.host)
      .replace("127.0.0.1:8080", `127.0.0.1:${port}`)
      .replaceAll(/=\/var\//g, `=${home}/`);
    const before = makeImage(1);
    await pushImage(registry.host, "team/app", "v1", before);
    const script = `set -e\ncomposefs() { "${process.execPath}" "${pathOf("composefs")}" "$@"; }\n${lines}`;
    const shell = spawn("/bin/sh", ["-c", script], { cwd: home, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.on("data", (text) => {
        output += text;
      });
    }
    const ended = new Promise((resolve) => shell.once("close", resolve));
    try {
      await until("the service is up", () => output.includes(`http://127.0.0.1:${port}\n`));
      expect([await isSealed(before.digest), output]).toEqual([
        true,
        expect.stringContaining("1 sealed, 0 current; 0 failed"),
      ]);
      await until("it is ready", async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200);
      const after = makeImage(2);
      await pushImage(registry.host, "team/app", "v2", after);
      await until("what was pushed is sealed", () => isSealed(after.digest));
    } finally {
      process.kill(-shell.pid!, "SIGTERM");
      await ended;
      registry.close();
      rmSync(home, { recursive: true });
    }
    expect(output).toMatch(/"message":"stopped"/);
  },
);
