/**
 * The rooms of the house: who may import whom, and how long a file may be.
 *
 * Ranks go down: a file imports from its own room and from rooms of a lower rank only. Rooms on the same step do not
 * know each other.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FILE_LINES_MAX = 400;
/** Tables, read by looking things up. */
const UNCOUNTED = ["assembly/abi.ts", "src/codes.ts"];

/** Steps from the top down. */
const HOST_STEPS = [
  ["cli"],
  ["service", "inspector"],
  ["node"],
  ["index"],
  ["rebuild"],
  ["seal", "lock", "conformance"],
  ["destination"],
  ["explain"],
  ["image"],
  ["selinux", "boot"],
  ["linux"],
  ["source"],
  ["registry"],
  ["engine"],
  ["error"],
  ["codes"],
];
const ENGINE_STEPS = [
  ["testing"],
  ["index"],
  ["erofs", "dump", "tar", "layer"],
  ["tree", "verity"],
  ["hash", "mem"],
  ["abi"],
];

/** `#name` of package.json, and of the build of the inspector: the room that it leads to. */
const PACKAGE_IMPORTS: Record<string, string> = {
  "#platform": "engine",
  "#engine-bytes": "engine",
  "#engine-url": "engine",
  "#source-host": "source",
  "#zstd-bytes": "source",
};

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = text.matchAll(/(?:^|[\s;}])(?:from\s*|import\s*\(?\s*)["']([^"']+)["']/g);
  return [...found].map(([, name]) => name!);
}

/** The room of a file: its folder below `base`, or its own name for a file at the top. */
function roomOf(path: string, base: string): string {
  return relative(base, path).split("/")[0]!.replace(/\.ts$/, "");
}

function violations(base: string, steps: string[][]): string[] {
  const stepOf = (room: string) => steps.findIndex((step) => step.includes(room));
  const found: string[] = [];
  for (const file of filesBelow(base)) {
    const room = roomOf(file, base);
    if (stepOf(room) < 0) found.push(`${file}: the room ${room} has no rank`);
    for (const name of importsOf(file)) {
      let target: string | undefined;
      if (name.startsWith(".")) {
        const path = relative(ROOT, resolve(ROOT, dirname(file), name));
        if (!path.startsWith(`${base}/`)) {
          if (base === "assembly" || path !== "assembly/abi.ts") found.push(`${file}: imports ${path}`);
          continue;
        }
        target = roomOf(path, base);
      } else if (name.startsWith("#")) {
        target = PACKAGE_IMPORTS[name] ?? name;
      }
      if (target === undefined || target === room) continue;
      if (stepOf(target) <= stepOf(room)) found.push(`${file}: ${room} must not import from ${target}`);
    }
  }
  return found;
}

describe("imports go one way", () => {
  test("src", () => {
    expect(violations("src", HOST_STEPS)).toEqual([]);
  });
  test("assembly", () => {
    expect(violations("assembly", ENGINE_STEPS)).toEqual([]);
  });
});

test("what needs Node says so in its name", () => {
  const isomorphic = filesBelow("src").filter(
    (file) => !/\.node\.ts$|^src\/(cli|service)\/|^src\/node\.ts$/.test(file),
  );
  const guilty = isomorphic.filter((file) =>
    importsOf(file).some((name) => name.startsWith("node:") || /\.node\.ts$/.test(name)),
  );
  expect(guilty).toEqual([]);
});

test("only engine.ts touches linear memory, and the decoder of zstd its own", () => {
  const guilty = filesBelow("src").filter((file) =>
    /memory\.buffer|>>> 0/.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(guilty).toEqual(["src/engine/engine.ts", "src/source/zstd-wasm.ts"]);
});

test("no file is too long", () => {
  const long = [...filesBelow("src"), ...filesBelow("assembly"), ...filesBelow("test")].filter((file) => {
    const lines = readFileSync(join(ROOT, file), "utf8").split("\n").length - 1;
    return lines > FILE_LINES_MAX && !UNCOUNTED.includes(file);
  });
  expect(long).toEqual([]);
});
