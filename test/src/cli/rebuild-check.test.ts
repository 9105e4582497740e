/** `composefs rebuild-check` from outside: each cause is found and named, nothing else is blamed, nothing stays behind. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { buildWith, check, checkJson, makeFolders } from "./run-rebuild.ts";

const IS_ROOT = process.getuid?.() === 0;
/** tmpfs lists what was made last first, and others in an order of their own. */
const IS_SHM = spawnSync("stat", ["-f", "-c", "%T", "/dev/shm"]).stdout?.toString().trim() === "tmpfs";

/** Causes: the line that has it, how the archive is made, what is blamed, and the class of the difference. */
const CAUSES: Array<[cause: string, line: string, how: string | undefined, blamed: string, classes: string[]]> = [
  ["umask", "true", "--mtime=@0 --owner=0 --group=0 --numeric-owner", "umask", ["mode"]],
  ["the language", "echo $LC_ALL > root/usr/f", undefined, "locale", ["content"]],
  [
    "local time",
    "find root -exec touch -d '2020-01-01 12:00' {} +",
    "--owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX",
    "time-zone",
    ["mtime-seconds"],
  ],
  ["the path", "pwd > root/usr/f", undefined, "build-path", ["content"]],
  ["processors", "nproc > root/usr/f", undefined, "cpus", ["content"]],
  ["HOME", "echo $HOME > root/usr/f", undefined, "home", ["content"]],
];

describe.concurrent("a cause", () => {
  test("none: a build that is the same everywhere", async (context) => {
    const { exitCode, report, names } = await checkJson(makeFolders(context), buildWith("true"));
    expect(exitCode).toBe(0);
    expect(names("control")).toEqual(["control"]);
    expect(report.counts).toMatchObject({ differs: 0, follows: 0, "as-repeat": 0, failed: 0 });
    for (const { name, reason } of report.builds.filter(({ state }) => state === "not-varied")) {
      expect(["file-order", "user", "cpus"]).toContain(name);
      expect(reason).not.toBe(null);
    }
    for (const { digests } of report.builds.filter(({ state }) => state === "same")) {
      expect(digests).toHaveLength(1);
      expect(digests[0]!.actual).toBe(digests[0]!.control);
    }
  });

  test.for(CAUSES)("%s", async ([, line, how, blamed, classes], context) => {
    const { exitCode, of, names, report } = await checkJson(makeFolders(context), buildWith(line, how));
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: [blamed] });
    expect(of("differs")[0]!.diff!.classes.map((found) => found.class)).toEqual(classes);
    expect(report.counts).toMatchObject({ follows: 0, "as-repeat": 0, failed: 0 });
  });

  test.skipIf(!IS_ROOT)("the user", async (context) => {
    const how = "--mtime=@0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, of } = await checkJson(makeFolders(context), buildWith("true", how));
    expect(exitCode).toBe(1);
    expect(of("differs")).toMatchObject([{ name: "user", diff: { classes: [{ class: "owner", count: 4 }] } }]);
  });

  test.skipIf(!IS_SHM)("the order of files", async (context) => {
    const line = buildWith("ls -U > root/usr/f");
    const { exitCode, names } = await checkJson(makeFolders(context, "/dev/shm"), line);
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: ["file-order"] });
  });

  test("SOURCE_DATE_EPOCH, which a build may follow", async (context) => {
    const how = "--mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, of, names } = await checkJson(makeFolders(context), buildWith("true", how));
    expect({ exitCode, differs: names("differs"), repeated: names("as-repeat") }).toEqual({
      ...{ exitCode: 0, differs: [], repeated: [] },
    });
    expect(of("follows")).toMatchObject([
      { name: "source-date-epoch", diff: { classes: [{ class: "mtime-seconds" }] } },
    ]);
  });

  test("the clock: found by the repeat, and no variation is blamed for it", async (context) => {
    const how = "--owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, of, names, report } = await checkJson(makeFolders(context), buildWith("true", how));
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: ["repeat"] });
    expect(of("differs")[0]!.diff!.classes[0]!.class).toBe("mtime-seconds");
    expect(report.counts).toMatchObject({ same: 0, follows: 0, failed: 0 });
  });

  test("random data and names beside a cause: the cause is told apart", async (context) => {
    const random = "r=$(od -An -tx1 -N8 /dev/urandom | tr -d ' ') && echo $r > root/usr/random && echo > root/usr/$r";
    const { exitCode, of } = await checkJson(
      makeFolders(context),
      buildWith(`${random} && nproc > root/usr/jobs && pwd > root/usr/path`),
    );
    expect(exitCode).toBe(1);
    const found = of("differs").map(({ name, diff }) => [
      name,
      ...diff!.classes.flatMap(({ examples }) => examples.map(({ path }) => path)),
    ]);
    expect(found).toMatchObject([
      ["repeat", expect.any(String), expect.any(String), "/usr/random"],
      ["build-path", "/usr/path"],
      ["cpus", "/usr/jobs"],
    ]);
  });
});

/** Of two hashes, in an order of their own. */
const PROFILES = ["v1-sha256-12", "v1-sha512-12", "v0-sha256-12"];

/** A build with umoci, and what of it is left to chance. */
const umoci = (umask: string, touch: string) => `
  set -e
  ${umask}
  umoci init --layout img
  umoci new --image img:app
  umoci unpack --rootless --image img:app bundle
  mkdir -p bundle/rootfs/usr
  cp a b bundle/rootfs/usr
  ${touch}
  umoci repack --image img:app bundle`;

describe.concurrent("real tools", () => {
  test("plain tar takes the clock, the umask and the user into its archive", async (context) => {
    const line = "mkdir -p root/usr && cp a b root/usr && tar -cf out.tar -C root .";
    const { exitCode, stdout } = await check(makeFolders(context), line);
    expect(exitCode).toBe(1);
    const users = IS_ROOT ? ", user" : "";
    expect(stdout).toContain("Two builds that are made alike do not have the same digest.");
    expect(stdout).toContain(`The digest depends on umask${users}.\n`);
  });

  test("tar told better follows SOURCE_DATE_EPOCH", async (context) => {
    const how = "--mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, stdout } = await check(makeFolders(context), buildWith("true", how));
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      "source-date-epoch  follows (1000000000 to 1100000000), as it may\n  mtime-seconds: 4 of 4 entries",
    );
    expect(stdout).toContain("The digest follows SOURCE_DATE_EPOCH, and depends on nothing else that was varied.\n");
  });

  test.skipIf(spawnSync("umoci", ["--version"]).status !== 0)("umoci", async (context) => {
    const folders = makeFolders(context);
    const chance = await checkJson(folders, umoci("", ""), ["-o", "oci:img:app"]);
    expect({ exitCode: chance.exitCode, differs: chance.names("differs") }).toEqual({
      exitCode: 1,
      differs: ["repeat", "umask"],
    });
    const touch = "find bundle/rootfs -exec touch -h -d @$SOURCE_DATE_EPOCH {} +";
    const fixed = await checkJson(folders, umoci("umask 022", touch), ["-o", "oci:img:app", "-p", PROFILES.join()]);
    expect(fixed.of("control")[0]!.digests.map(({ label }) => label)).toEqual(PROFILES);
    expect({ exitCode: fixed.exitCode, follows: fixed.names("follows") }).toEqual({
      exitCode: 0,
      follows: ["source-date-epoch"],
    });
  });
});
