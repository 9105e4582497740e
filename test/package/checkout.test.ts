/**
 * The repository as other systems would have it on their disks: Windows, whose Git may write CR LF, and file systems that
 * fold case or know fewer names.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { emptyFolder } from "../src/cli/run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Whoever owns the clone. */
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "safe.directory=*", ...args], { cwd: ROOT, stdio: "pipe" }).toString();

/** Files of the repository; undefined where this is no clone of it. */
function listTracked(): string[] | undefined {
  try {
    return git("ls-files", "-z").split("\0").filter(Boolean);
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    console.warn("SKIPPED: what a checkout has, since this is none of Git");
    return undefined;
  }
}

const tracked = listTracked();

/** Files of a folder of the build that go into the package. */
const built = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));

/** Characters of a path below which Windows takes it, when the checkout has some length, too. */
const PATH_LENGTH_MAX = 160;
/** Names that are devices there, whatever follows a dot. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

describe.skipIf(tracked === undefined)("a Git that writes CR LF", () => {
  const CRLF = ["-c", "core.autocrlf=true"];
  const PLAIN = ["-c", "core.autocrlf=false"];

  test("gives the bytes that it would give without", () => {
    const [plain, crlf] = [PLAIN, CRLF].map((options) => {
      const folder = emptyFolder();
      git(...options, "checkout-index", "--all", `--prefix=${folder}/`);
      return folder;
    });
    const differ = (path: string) => !readFileSync(join(plain!, path)).equals(readFileSync(join(crlf!, path)));
    expect(tracked!.filter(differ)).toEqual([]);
  });

  test("would change a repository without attributes", () => {
    const folder = emptyFolder();
    const there = (...args: string[]) => git("-C", folder, ...args);
    there("init", "-q");
    writeFileSync(join(folder, "x.dump"), "a\nb\n");
    const object = there("hash-object", "-w", "--no-filters", "x.dump").trim();
    rmSync(join(folder, "x.dump"));
    there("update-index", "--add", "--cacheinfo", `100644,${object},x.dump`);
    there(...CRLF, "checkout-index", "--all");
    expect(readFileSync(join(folder, "x.dump"), "latin1")).toBe("a\r\nb\r\n");
  });
});

test.each([
  ["the repository", tracked ?? [...built("test"), ...built("src")]],
  ["the vectors", built("build/vectors")],
  ["the library", built("build/src")],
])("names of %s are names everywhere", (_, paths) => {
  expect(paths.length).toBeGreaterThan(10);
  const names = (path: string) => path.split("/");
  expect(paths.filter((path) => path.length > PATH_LENGTH_MAX)).toEqual([]);
  expect(paths.filter((path) => !/^[\w.@+/-]+$/.test(path))).toEqual([]);
  expect(paths.filter((path) => names(path).some((name) => DEVICES.test(name) || /[. ]$/.test(name)))).toEqual([]);
  // Folders, too: those that differ in case only would become one.
  const all = new Set(
    paths.flatMap((path) =>
      names(path).map((_name, i) =>
        names(path)
          .slice(0, i + 1)
          .join("/"),
      ),
    ),
  );
  const folded = new Map<string, string>();
  const twice = [...all].filter((path) => {
    const first = folded.get(path.toLowerCase());
    folded.set(path.toLowerCase(), path);
    return first !== undefined;
  });
  expect(twice).toEqual([]);
});
