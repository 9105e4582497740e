/** Every example in the README and in the docstrings of public functions runs, as a program of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { emptyFolder } from "./cli/run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Inside the package, so that `composefs-wasm` means this package. */
const FOLDER = join(ROOT, "build/examples");

interface Example {
  name: string;
  code: string;
}

function readmeExamples(): Example[] {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code], i) => ({ name: `README ${i + 1}`, code: code! }));
}

/** Docstring examples that import the package; others are sketches of a call with its result. */
function docstringExamples(): Example[] {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.ts$/.test(name),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, "src", file), "utf8");
    return [...text.matchAll(/ \* @example\n((?: \*.*\n)*?) \*\/\n(?:export )?(?:async )?function (\w+)/g)]
      .map(([, lines, name]) => ({ name: `${file} ${name}`, code: lines!.replace(/^ \* ?/gm, "") }))
      .filter(({ code }) => code.includes("from 'composefs-wasm"));
  });
}

const examples = [...readmeExamples(), ...docstringExamples()];

beforeAll(() => {
  mkdirSync(FOLDER, { recursive: true });
});

test("there are examples of all public functions", () => {
  const all = examples.map(({ code }) => code).join();
  for (const name of [
    "buildImage",
    "streamImage",
    "imageDigests",
    "verityDigest",
    "sealImage",
    "verifySeals",
    "loadEngine",
    "buildImageFile",
    "containerDigests",
  ]) {
    expect(all).toContain(`${name}(`);
  }
});

/** Writes an example where it can import the package. @returns its path */
function write({ name, code }: Example): string {
  const file = join(FOLDER, `${name.replace(/\W+/g, "-")}.mjs`);
  writeFileSync(file, code);
  return file;
}

test("they are strict TypeScript, but for parameters without types", () => {
  const options = ["--allowJs", "--checkJs", "--noEmit", "--strict", "--noImplicitAny", "false", "--types", "node"];
  const target = ["--module", "nodenext", "--target", "es2022", "--ignoreConfig"];
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [compiler, ...options, ...target, ...examples.map(write)], {
    cwd: ROOT,
  });
  expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: "" });
});

test.each(examples)("$name", ({ name, code }) => {
  const file = write({ name, code });
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: emptyFolder() });
  expect({ file: relative(ROOT, file), status, stderr: stderr.toString() }).toMatchObject({ status: 0, stderr: "" });
  // `// text` at the end of a line or alone on the next one says what a console.log prints.
  const promised = [...code.matchAll(/console\.log\(.*\)\n?\s*\/\/ (.+)/g)].map(([, text]) => text!);
  for (const line of promised) expect(stdout.toString().split("\n")).toContain(line);
});
