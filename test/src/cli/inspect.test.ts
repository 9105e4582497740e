/** `composefs inspect`: what it serves, to whom, and what it refuses. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { makeLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { composefs } from "./run.ts";

const COMMAND = fileURLToPath(new URL("../../../build/src/cli/composefs.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "composefs-inspect-"));
const started: ChildProcess[] = [];

afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the command. @returns the address that it prints, and how it ends */
async function inspect(...args: string[]): Promise<{ url: URL; end(signal: NodeJS.Signals): Promise<number | null> }> {
  const child = spawn(process.execPath, [COMMAND, "inspect", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const line = await new Promise<string>((resolve) => child.stdout.once("data", (bytes) => resolve(bytes.toString())));
  return {
    url: new URL(args.includes("--json") ? JSON.parse(line).url : line.trim()),
    async end(signal) {
      child.kill(signal);
      return exit;
    },
  };
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** Asks without a client that tidies addresses up. */
function ask(url: URL, path: string, { method = "GET", host = url.host } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ hostname: url.hostname, port: url.port, path, method, headers: { host } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.on("error", reject).end();
  });
}

test("the page, with types and a strict policy, and an end by a signal", async () => {
  const { url, end } = await inspect();
  expect(url.hostname).toBe("127.0.0.1");
  const index = await ask(url, "/");
  expect(index).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
  const policy = String(index.headers["content-security-policy"]);
  expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'| \*/);
  const [script] = /assets\/index-[\w-]+\.js/.exec(index.body.toString())!;
  expect(await ask(url, `/${script}`)).toMatchObject({ headers: { "content-type": "text/javascript; charset=utf-8" } });
  const head = await ask(url, "/index.html", { method: "HEAD" });
  expect(head.headers["content-length"]).toBe(String(index.body.length));
  expect(head.body).toHaveLength(0);
  expect(await end("SIGTERM")).toBe(0);
});

test("a file, whole, under a path that is another one each time", async () => {
  const path = join(folder, "app.dump");
  const bytes = Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n");
  writeFileSync(path, bytes);
  const runs = [await inspect(path), await inspect("--json", path)];
  const tokens = runs.map(({ url }) => url.searchParams.get("input")!);
  expect(new Set(tokens).size).toBe(2);
  const { url } = runs[0]!;
  const index = await ask(url, `/input/${tokens[0]}/index.json`);
  expect(JSON.parse(index.body.toString())).toEqual({
    name: "app.dump",
    reference: null,
    files: [{ path: "app.dump", bytes: bytes.length }],
  });
  expect((await ask(url, `/input/${tokens[0]}/0`)).body).toEqual(bytes);
  for (const wrong of [`/input/${tokens[1]}/0`, "/input/", "/input/0", `/input/${tokens[0]}/1`, "/app.dump"]) {
    expect((await ask(url, wrong)).status, wrong).toBe(404);
  }
});

test("a layout, its files and no others, with the tag that was asked for", async () => {
  const layout = join(folder, "layout");
  mkdirSync(layout);
  writeLayout(makeLayout(makeLayers("tiny", { seed: 1 })), layout);
  writeFileSync(join(layout, "secret"), "no part of it");
  const { url } = await inspect(`oci:${layout}:latest`);
  const index = await ask(url, `/input/${url.searchParams.get("input")}/index.json`);
  const { name, reference, files } = JSON.parse(index.body.toString());
  expect({ name, reference }).toEqual({ name: "layout", reference: "latest" });
  const paths = files.map(({ path }: { path: string }) => path);
  expect(paths.slice(0, 2)).toEqual(["layout/oci-layout", "layout/index.json"]);
  expect(paths.slice(2).every((path: string) => /^layout\/blobs\/sha256\/[0-9a-f]{64}$/.test(path))).toBe(true);
});

test("nothing else: other hosts, other methods, other files", async () => {
  const { url } = await inspect();
  for (const host of ["evil.example", `evil.example:${url.port}`, "127.0.0.1", `127.0.0.1.evil.example:${url.port}`]) {
    expect((await ask(url, "/", { host })).status, host).toBe(421);
  }
  expect((await ask(url, "/", { host: `localhost:${url.port}` })).status).toBe(200);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    expect(await ask(url, "/", { method }), method).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  }
  for (const path of [
    "/../package.json",
    "/%2e%2e/package.json",
    "/assets/../../engine.wasm",
    "//etc/passwd",
    "/assets",
    "/\\",
  ]) {
    expect((await ask(url, path)).status, path).toBe(404);
  }
});

test("refuses what cannot be served", () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  for (const args of [
    ["-"],
    ["docker://localhost:1/app"],
    [empty],
    [`dir:${empty}`],
    ["--port", "65536"],
    ["/dev/null"],
  ]) {
    expect(composefs(["inspect", ...args]), args.join(" ")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^USAGE: /),
    });
  }
  expect(composefs(["inspect", join(folder, "gone")])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^IO_OPEN: /),
  });
});
