/** `composefs lock` and `composefs check` from outside: what is locked, what is said of a change, and how they end. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { check } from "../../../src/cli/check.ts";
import { digestGiven } from "../../../src/cli/digest-given.ts";
import { startProgress } from "../../../src/cli/progress.ts";
import { diffTrees } from "../../../src/explain/diff.ts";
import type { CheckedInput } from "../../../src/lock/check.ts";
import { digestOf } from "../../../src/lock/digest-line.ts";
import { formatLockfile } from "../../../src/lock/lockfile.ts";
import { DIFF_PAIRS } from "../../support/diff-pairs.ts";
import { treeOf } from "../../support/trees.ts";
import { composefs, emptyFolder, start } from "./run.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const LOCK = "composefs.lock.json";
const { a, b } = DIFF_PAIRS.find(({ cause }) => cause === "directory mtimes, a mode and a file")!;

/** A folder with files of a text, each beside its lock file. */
function folder(files: Record<string, string>): string {
  const cwd = emptyFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

const call = (cwd: string, args: string) => composefs(args.split(" "), { cwd });
const lockOf = (cwd: string) => JSON.parse(readFileSync(join(cwd, LOCK), "utf8"));
const checkJson = (cwd: string, args = "") => {
  const { exitCode, stdout, stderr } = call(cwd, `check --json${args}`);
  expect(stderr).toBe("");
  return { exitCode, report: JSON.parse(stdout) };
};

describe("lock", () => {
  test("writes lines that digest prints", () => {
    const cwd = folder({ "root.dump": a });
    const { exitCode, stdout, stderr } = call(cwd, "lock root.dump -p v1-sha256-12,v0-sha256-12");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const digests = call(cwd, "digest root.dump -p v0-sha256-12,v1-sha256-12").stdout.trimEnd().split("\n");
    expect(stdout).toBe(
      digests
        .reverse()
        .map((line) => `root.dump  ${line}\n`)
        .join(""),
    );
    expect(lockOf(cwd).inputs).toEqual([
      { input: "root.dump", platform: null, image: null, digests: [...digests].reverse() },
    ]);
    expect(call(cwd, "check").stdout).toBe(
      "ok         root.dump: v0-sha256-12, v1-sha256-12\n\n1 input: 1 as locked\n",
    );
  });

  test("keeps the inputs that are not named, and writes the same file again", () => {
    const cwd = folder({ "b.dump": a, "a.dump": b });
    call(cwd, "lock b.dump");
    call(cwd, "lock a.dump");
    const text = readFileSync(join(cwd, LOCK), "utf8");
    expect(lockOf(cwd).inputs.map(({ input }: { input: string }) => input)).toEqual(["a.dump", "b.dump"]);
    call(cwd, "lock b.dump a.dump");
    expect(readFileSync(join(cwd, LOCK), "utf8")).toBe(text);
  });

  test.skipIf(process.platform === "win32")(
    "keeps what another one has locked while it read its own input",
    async () => {
      const cwd = folder({ "b.dump": b });
      spawnSync("mkfifo", ["pipe"], { cwd });
      const { ended } = start("composefs", ["lock", "pipe"], cwd);
      // The pipe opens when its reader is there, which by then has looked at the lock file.
      const pipe = await open(join(cwd, "pipe"), "w");
      expect(call(cwd, "lock b.dump").exitCode).toBe(0);
      await pipe.writeFile(a);
      await pipe.close();
      expect(await ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(lockOf(cwd).inputs.map(({ input }: { input: string }) => input)).toEqual(["b.dump", "pipe"]);
    },
  );

  test("of a container image says what the digests are bound to", () => {
    const cwd = emptyFolder();
    copyFileSync(join(FIXTURES, "oci/base.oci.tar"), join(cwd, "base.tar"));
    expect(call(cwd, "lock base.tar --role merged --role layer -p v1-sha256-12 --no-cache").exitCode).toBe(0);
    const [{ image, digests }] = lockOf(cwd).inputs;
    const shown = JSON.parse(call(cwd, "digest base.tar --layers -p v1-sha256-12 --no-cache --json").stdout);
    const { manifest, config, diffIds } = shown.source;
    expect(image).toEqual({
      ...{ xattrs: "allowlist-only", transformRevision: null, unseen: [] },
      ...{ manifest, config, diffIds },
    });
    const labels = digests.map((line: string) => line.replace(/:[0-9a-f]+$/, ""));
    expect(labels.slice(0, 2)).toEqual(["v1-sha256-12", "layer-1:v1-sha256-12"]);
    expect(checkJson(cwd, " --no-cache").exitCode).toBe(0);
  });

  test("of an EROFS image locks the file as it is, with -p its tree written anew", () => {
    const cwd = folder({ "root.dump": a });
    call(cwd, "mkfs root.dump root.cfs --format v0");
    call(cwd, "lock root.cfs");
    expect(lockOf(cwd).inputs[0].digests[0]).toMatch(/^stored:v0-sha256-12:/);
    expect(call(cwd, "check").exitCode).toBe(0);
    call(cwd, "lock root.cfs -p v1-sha256-12");
    expect(lockOf(cwd).inputs[0].digests[0]).toMatch(/^v1-sha256-12:/);
    expect(call(cwd, "check").exitCode).toBe(0);
  });

  test("a directory, from another working directory", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "root/usr"), { recursive: true });
    writeFileSync(join(cwd, "root/f"), "content");
    call(cwd, `lock dir:root --no-xattrs -o ${LOCK}`);
    expect(lockOf(cwd).inputs[0]).toMatchObject({ input: "dir:root", image: { unseen: ["xattrs"], diffIds: [] } });
    mkdirSync(join(cwd, "elsewhere"));
    const { exitCode, stdout } = call(join(cwd, "elsewhere"), `check ../${LOCK}`);
    expect({ exitCode, stdout: stdout.split("\n")[0] }).toEqual({
      exitCode: 0,
      stdout: "ok         dir:root: v1-sha512-12",
    });
  });

  test.each([
    ["lock -", "LOCK_INPUT"],
    ["lock root.dump -p v9", "PROFILE_NAME"],
    ["lock root.dump --role x", "USAGE"],
    ["lock root.dump --role bootable", "SOURCE_KIND"],
    ["lock root.dump --transform-revision 2", "USAGE"],
    ["lock missing.dump", "IO_OPEN"],
    ["lock root.dump bad.dump", "DUMP_"],
  ])("%s is refused and writes nothing", (args, code) => {
    const cwd = folder({ "root.dump": a, "bad.dump": "/ nonsense\n" });
    const { exitCode, stdout, stderr } = call(cwd, args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(code);
    expect(readdirSync(cwd).sort()).toEqual(["bad.dump", "root.dump"]);
  });
});

describe("check", () => {
  test.each(DIFF_PAIRS)("names $cause", async ({ a, b }) => {
    const cwd = folder({ "root.dump": b, "old.dump": a });
    const [digest] = await digestGiven(treeOf(a), ["v1-sha256-12"], startProgress(false)).catch(() => []);
    // A tree whose objects have SHA-512 digests has no such profile.
    if (digest === undefined) return;
    const locked = digestOf("tree", "v1-sha256-12", digest.digest);
    const inputs = [{ input: "root.dump", platform: null, image: null, digests: [locked] }];
    writeFileSync(join(cwd, LOCK), formatLockfile({ schema: null, inputs }));
    const report = await check(join(cwd, LOCK), { against: join(cwd, "old.dump") }, startProgress(false));
    const [{ state, explanation, error }] = report.inputs as [CheckedInput];
    const diff = diffTrees(treeOf(a), treeOf(b));
    if (error !== null) expect(error.code).toBe("PROFILE_HASH");
    else if (state === "same")
      expect(diff.classes.every(({ id }) => id === "link-count" || id === "object-path")).toBe(true);
    else
      expect(explanation).toMatchObject({
        kind: "diff",
        isLocked: true,
        diff: { classes: diff.classes, hints: diff.hints },
      });
  });

  test("without an old image says what of the input has the locked digest", () => {
    const cwd = folder({ "root.dump": a });
    call(cwd, "lock root.dump -p v1-sha256-12");
    const text = readFileSync(join(cwd, LOCK), "utf8");
    const v0 = call(cwd, "digest root.dump -p v0-sha256-12 -q").stdout.trimEnd();
    writeFileSync(join(cwd, LOCK), text.replace(/(v1-sha256-12:)[0-9a-f]+/, `$1${v0}`));
    const { exitCode, report } = checkJson(cwd);
    expect(exitCode).toBe(1);
    expect(report.inputs[0].explanation).toMatchObject({
      kind: "identify",
      found: "v0-sha256-12, of the tree as given",
    });
  });

  test("of an image that a tool has changed names the field", () => {
    const cwd = folder({ "root.dump": a });
    call(cwd, "mkfs root.dump root.cfs");
    call(cwd, "lock root.cfs");
    copyFileSync(join(cwd, "root.cfs"), join(cwd, "old.cfs"));
    const image = readFileSync(join(cwd, "root.cfs"));
    // The UUID of the superblock (erofs-v1.md), which no tree shows.
    image[1024 + 48] = 1;
    writeFileSync(join(cwd, "root.cfs"), image);
    const { exitCode, stdout } = call(cwd, "check --against old.cfs");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("superblock, uuid");
  });

  test("says when the old image is not the locked one, and when it cannot be read", () => {
    const cwd = folder({ "root.dump": a, "old.dump": b });
    call(cwd, "lock root.dump -p v1-sha256-12");
    writeFileSync(join(cwd, "root.dump"), a.replace("/etc/group 9", "/etc/groups 9"));
    expect(call(cwd, "check --against old.dump").stdout).toContain(
      "The old image does not have the locked digest either.",
    );
    const { exitCode, stdout } = call(cwd, "check --against missing.dump");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("the old image cannot be compared with: IO_OPEN");
  });

  test("a manifest that is another one, over the same tree, is said and is no failure", () => {
    const cwd = emptyFolder();
    copyFileSync(join(FIXTURES, "oci/base.oci.tar"), join(cwd, "base.tar"));
    call(cwd, "lock base.tar");
    const text = readFileSync(join(cwd, LOCK), "utf8");
    writeFileSync(join(cwd, LOCK), text.replace(/("manifest": "sha256:)[0-9a-f]{4}/, "$10000"));
    const { exitCode, stdout } = call(cwd, "check");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\n {2}manifest was sha256:0000/);
    expect(call(cwd, "check --update").stdout).toContain("the lock file was rewritten");
    expect(readFileSync(join(cwd, LOCK), "utf8")).toBe(text);
  });

  test("--update shows what changes, then rewrites", () => {
    const cwd = folder({ "root.dump": a, "old.dump": a });
    call(cwd, "lock root.dump");
    writeFileSync(join(cwd, "root.dump"), b);
    const { exitCode, stdout } = call(cwd, "check --update --against old.dump");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("mtime-seconds: 7 of 15 entries");
    expect(stdout).toContain("the lock file was rewritten");
    expect(call(cwd, "check").exitCode).toBe(0);
    // Nothing to write: nothing is said of it.
    expect(call(cwd, "check --update").stdout).toBe("ok         root.dump: v1-sha256-12\n\n1 input: 1 as locked\n");
  });

  test("--update writes nothing when an input cannot be read; the others are checked", () => {
    const cwd = folder({ "a.dump": a, "b.dump": b });
    call(cwd, "lock a.dump b.dump");
    const text = readFileSync(join(cwd, LOCK), "utf8");
    writeFileSync(join(cwd, "b.dump"), a);
    renameSync(join(cwd, "a.dump"), join(cwd, "gone.dump"));
    const { exitCode, report } = checkJson(cwd, " --update");
    expect(exitCode).toBe(2);
    expect(report.counts).toEqual({ same: 0, different: 1, unreadable: 1 });
    expect(readFileSync(join(cwd, LOCK), "utf8")).toBe(text);
  });

  test("--report writes other forms into files", () => {
    const cwd = folder({ "root.dump": a });
    call(cwd, "lock root.dump");
    const { exitCode } = call(cwd, "check --report sarif=out.sarif --report junit=out.xml --format github");
    expect(exitCode).toBe(0);
    expect(JSON.parse(readFileSync(join(cwd, "out.sarif"), "utf8")).runs).toHaveLength(1);
    expect(readFileSync(join(cwd, "out.xml"), "utf8")).toContain("<testcase");
  });

  test.each([
    ["check", "IO_OPEN"],
    ["check damaged.json", "LOCK_FORM"],
    ["check two.json --against root.dump", "USAGE"],
    ["check two.json --format yaml", "USAGE"],
    ["check two.json --report sarif", "USAGE"],
    ["check two.json --report yaml=x", "USAGE"],
  ])("%s is refused", (args, code) => {
    const cwd = folder({ "root.dump": a, "other.dump": a, "damaged.json": '{"lockfileVersion": 1}' });
    call(cwd, "lock root.dump other.dump -o two.json");
    const { exitCode, stdout, stderr } = call(cwd, args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(code);
    expect(existsSync(join(cwd, "x"))).toBe(false);
  });
});
