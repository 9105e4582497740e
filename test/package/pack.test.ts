/**
 * The package as its users get it: packed, put into an empty project, used from Node and through a bundler, and read
 * by the tools that look for mistakes in packages.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ABI_VERSION } from "../../assembly/abi.ts";
import { debian, readFixture } from "../support/fixtures.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const v1 = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
let project: string;
let files: string[];

/** Prints the digest of the dumpfile `root.dump`, with nothing but the isomorphic API. */
const SCRIPT = `
import { buildImage, verityDigest } from "composefs-wasm";
export async function digests(dump) {
  const pieces = [];
  const image = await buildImage(dump, { sink: (piece) => void pieces.push(piece) });
  return [image.digests["sha256-12"], await verityDigest(pieces)];
}
`;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "composefs-pack-"));
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", project], { cwd: ROOT, stdio: "pipe" });
  const [{ filename, files: listed }] = JSON.parse(packed.toString());
  files = listed.map(({ path }: { path: string }) => path);
  const home = join(project, "node_modules/composefs-wasm");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", join(project, filename), "--strip-components=1", "-C", home]);
  // The dependencies as they are here: a test must not need a registry.
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }');
  writeFileSync(join(project, "root.dump"), readFixture(debian.file));
  writeFileSync(join(project, "digests.js"), SCRIPT);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

function node(args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
  return stdout.toString();
}

test("holds what runs and nothing else", () => {
  const allowed =
    /^(package\.json|README\.md|LICENSE|SECURITY\.md|CHANGELOG\.md|composefs\.lock\.schema\.json|build\/abi\.md|build\/engine\.wasm|build\/(src|assembly)\/.*\.(js|d\.ts)|build\/vectors\/([\w.-]+\/)*[\w.-]+|build\/inspector\/(index\.html|assets\/[\w.-]+\.(js|css|svg|wasm)))$/;
  expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  expect(files).toContain("LICENSE");
  expect(files).toContain("build/inspector/index.html");
  expect(files.filter((file) => file.includes("cli/start"))).toEqual([]);
});

test("the vectors are whole: each file is as the build made it", () => {
  const folder = join(ROOT, "build/vectors");
  const made = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const packed = files.filter((file) => file.startsWith("build/vectors/"));
  expect(packed.sort()).toEqual(made.map((name) => `build/vectors/${name.replaceAll("\\", "/")}`).sort());
});

test("the library in Node", () => {
  writeFileSync(
    join(project, "main.js"),
    `import { readFileSync } from "node:fs";
     import { digests } from "./digests.js";
     console.log((await digests(readFileSync("root.dump"))).join());`,
  );
  expect(node(["main.js"])).toBe(`${v1.fsverity_sha256},${v1.fsverity_sha256}\n`);
});

test("the functions for files", () => {
  writeFileSync(
    join(project, "files.js"),
    `import { buildImageFile, verityDigestFile } from "composefs-wasm/node";
     const { digests } = await buildImageFile("root.dump", "root.cfs");
     console.log(digests["sha256-12"], await verityDigestFile("root.cfs"));`,
  );
  expect(node(["files.js"])).toBe(`${v1.fsverity_sha256} ${v1.fsverity_sha256}\n`);
});

test("the module itself", () => {
  writeFileSync(
    join(project, "wasm.js"),
    `import { readFileSync } from "node:fs";
     const { exports } = new WebAssembly.Instance(
       new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("composefs-wasm/engine.wasm")))));
     console.log(exports.abiVersion());`,
  );
  expect(node(["wasm.js"])).toBe(`${ABI_VERSION}\n`);
});

test("the commands", () => {
  const bin = join(project, "node_modules/composefs-wasm", manifest.bin.composefs);
  expect(node([bin, "digest", "root.dump"])).toBe(`v1-sha256-12:${v1.fsverity_sha256}\n`);
  const mkcomposefs = join(project, "node_modules/composefs-wasm", manifest.bin.mkcomposefs);
  expect(node([mkcomposefs, "--from-file", "root.dump", "image"])).toBe("");
  const command = `'${process.execPath}' '${mkcomposefs}' --from-file - -`;
  expect(node([bin, "conformance", "--only", "auto/empty-root", "--command", command])).toMatch(/^auto +1 +1 +0/m);
  const v0 = debian.runs.find(({ options }) => options.length === 0)!;
  expect(
    createHash("sha256")
      .update(readFileSync(join(project, "image")))
      .digest("hex"),
  ).toBe(v0.sha256);
});

test("loads the library of signatures when one is handled, and not before", () => {
  const link = join(project, "node_modules/pkijs");
  rmSync(link);
  try {
    const script = `
      import { readCertificates, sealImage } from "composefs-wasm";
      await sealImage({ manifest: new Uint8Array(1), blob: () => undefined }).catch(({ code }) => console.log(code));
      const pem = "-----BEGIN CERTIFICATE-----\\nMAMCAQA=\\n-----END CERTIFICATE-----\\n";
      await readCertificates(new TextEncoder().encode(pem)).catch(({ code }) => console.log(code));`;
    writeFileSync(join(project, "lazy.js"), script);
    expect(node(["lazy.js"])).toBe("SOURCE_JSON\nERR_MODULE_NOT_FOUND\n");
  } finally {
    symlinkSync(join(ROOT, "node_modules/pkijs"), link);
  }
});

test("a bundle for browsers: one file, no Node, no other request", async () => {
  const output = join(project, "bundle");
  await build({
    root: project,
    logLevel: "error",
    configFile: false,
    build: { outDir: output, minify: false, lib: { entry: "digests.js", formats: ["es"], fileName: "bundle" } },
  });
  const bundle = readFileSync(join(output, "bundle.js"), "utf8");
  expect(bundle.match(/["']node:\w+|^import .*|\bimport\(|\brequire\(|\bfetch\(/m)).toBeNull();
  writeFileSync(
    join(project, "run-bundle.js"),
    // What Node alone has is taken away: a browser does not have it.
    `import { readFileSync } from "node:fs";
     const dump = readFileSync("root.dump");
     const log = console.log;
     void globalThis.Response; // made of Buffer and process when first touched
     delete globalThis.process;
     delete globalThis.Buffer;
     const { digests } = await import("./bundle/bundle.js");
     log((await digests(new Uint8Array(dump))).join());`,
  );
  expect(node(["run-bundle.js"])).toBe(`${v1.fsverity_sha256},${v1.fsverity_sha256}\n`);
});

test("types: a strict project that checks libraries, too", () => {
  writeFileSync(
    join(project, "use.ts"),
    `import { buildImage, ComposefsError, type ImageResult, streamImage } from "composefs-wasm";
     const result: ImageResult = await buildImage([new Uint8Array(1)], { algorithms: ["sha256-16"] });
     const text: string | undefined = result.digests["sha256-16"];
     const stream: ReadableStream<Uint8Array> = streamImage(new Uint8Array(1)).stream;
     export const isBug = (error: unknown) => error instanceof ComposefsError && error.code === "ENGINE_TRAP";
     // @ts-expect-error: no such code
     export const typo = (error: ComposefsError) => error.code === "ENGINE_TARP";
     export { text, stream };`,
  );
  for (const [module, moduleResolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "bundler"],
  ] as const) {
    const compilerOptions = { noEmit: true, strict: true, target: "ES2022", module, moduleResolution, types: ["node"] };
    const typeRoots = [join(ROOT, "node_modules/@types")];
    const config = { compilerOptions: { ...compilerOptions, lib: ["ES2023", "DOM"], typeRoots }, files: ["use.ts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    const { status, stdout } = spawnSync(process.execPath, [
      join(ROOT, "node_modules/typescript/bin/tsc"),
      "-p",
      project,
    ]);
    expect({ status, output: stdout.toString() }).toEqual({ status: 0, output: "" });
  }
});

test("publint and attw find nothing", () => {
  const bin = (name: string) => join(ROOT, "node_modules/.bin", name);
  const publint = spawnSync(bin("publint"), ["--strict"], { cwd: ROOT });
  expect({ status: publint.status, output: publint.stdout.toString() }).toMatchObject({ status: 0 });
  // engine.wasm has no types, being no JavaScript.
  const options = ["--pack", ".", "--profile", "esm-only", "--exclude-entrypoints", "./engine.wasm"];
  const attw = spawnSync(bin("attw"), options, { cwd: ROOT });
  expect({ status: attw.status, output: attw.stdout.toString() }).toMatchObject({ status: 0 });
});
