/** `composefs rebuild-check` when builds fail, when it is called the wrong way, and when it is interrupted. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { composefs, pathOf } from "./run.ts";
import { buildWith, check, checkJson, type Folders, makeFolders, start, tar } from "./run-rebuild.ts";

const FEW = ["--vary", "umask,home"];

describe.concurrent("a build", () => {
  test.for<[string, string, string[], string, string]>([
    ["fails", "echo the reason >&2; exit 7", [], "REBUILD_COMMAND: the build exited with 7", "    the reason\n"],
    ["is ended by a signal", "kill -9 $$", [], "REBUILD_COMMAND: the build was ended by SIGKILL", ""],
    ["makes nothing", "echo hello", [], 'REBUILD_OUTPUT: "out.tar" was not made by the build', "    hello\n"],
    ["makes half an archive", "tar -cf - a | head -c 700 > out.tar", [], "TAR_TRUNCATED_DATA: ", ""],
    [
      "prints what steers a terminal",
      "printf 'a\\033[2J\\rb\\r\\nc'; exit 1",
      [],
      "REBUILD_COMMAND",
      "    a\\x1b[2J\n    b\n    c\n",
    ],
    ["makes a damaged dumpfile", "echo '/ 4096 40755' > out.tar", ["-o", "dump:out.tar"], "DUMP_", ""],
    [
      "hangs",
      "echo waiting; sleep 1000",
      ["--timeout", "1"],
      "REBUILD_TIMEOUT: the build took more than 1 second and was ended",
      "    waiting\n",
    ],
  ])("%s", async ([, line, args, message, output], context) => {
    const { exitCode, stdout, stderr } = await check(makeFolders(context), line, args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: "" });
    expect(stdout).toContain("control            FAILED\n");
    expect(stdout).toContain(message);
    expect(stdout).toContain(output);
    expect(stdout).toContain("The control failed: there is nothing to compare other builds with.");
    expect(stdout).not.toContain("repeat");
  });

  test("that is not there", async (context) => {
    const { exitCode, stdout } = await start(makeFolders(context), ["-o", "x"], ["./no-such-program"]).answer;
    expect(exitCode).toBe(2);
    expect(stdout).toContain("REBUILD_COMMAND: the build cannot be run: spawn ./no-such-program ENOENT");
  });

  test("leaves what the source has of an earlier one: no answer, rather than a wrong one", async (context) => {
    const folders = makeFolders(context);
    spawnSync("sh", ["-c", buildWith("true")], { cwd: folders.source });
    const { exitCode, stdout } = await check(folders, "true");
    expect(exitCode).toBe(2);
    expect(stdout).toContain('REBUILD_OUTPUT: "out.tar" is in the source, and the build did not write it');
    expect((await check(folders, `rm -r root && ${buildWith("true")}`, ["--no-vary"])).exitCode).toBe(0);
  });

  test("fails by one variation only: the others are checked", async (context) => {
    const line = `test "$HOME" = "${process.env["HOME"]}" || { echo no home; exit 1; }; ${buildWith("umask > root/usr/f")}`;
    const { exitCode, report, names, of } = await checkJson(makeFolders(context), line, FEW);
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 2, differs: ["umask"] });
    expect(of("failed")).toMatchObject([
      { name: "home", diff: null, failure: { code: "REBUILD_COMMAND", output: "no home\n" } },
    ]);
    expect(report.counts).toMatchObject({ same: 1, failed: 1, "not-varied": 0 });
  });

  test("that changes its source is an error: every build must find the same", async (context) => {
    const folders = makeFolders(context);
    const line = `echo more >> ${join(folders.source, "a")}; ${buildWith("true")}`;
    const { exitCode, stderr, stdout } = await start(folders, ["-o", "out.tar"], ["sh", "-c", line]).answer;
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^IO_CHANGED: ".*" changed between two builds\n$/);
    expect(readdirSync(folders.temporary)).toEqual([]);
  });
});

describe.concurrent("what cannot be varied", () => {
  test.skipIf(process.getuid?.() !== 0)(
    "another user, who may not run the program or reach the place",
    async (context) => {
      const folders = makeFolders(context);
      writeFileSync(join(folders.folder, "build.sh"), `#!/bin/sh\n${buildWith("true")}\n`, { mode: 0o700 });
      const command = [join(folders.folder, "build.sh")];
      const program = await start(folders, ["-o", "out.tar", "--vary", "user"], command).answer;
      expect(program).toMatchObject({ exitCode: 0, stderr: "" });
      expect(program.stdout).toContain("user               not varied: user 65534 may not run this program\n");
      chmodSync(folders.folder, 0o700);
      const { exitCode, of } = await checkJson(folders, buildWith("true"), ["--vary", "user"]);
      expect(exitCode).toBe(0);
      expect(of("not-varied")).toMatchObject([
        { name: "user", change: null, reason: expect.stringContaining("not all may enter") },
      ]);
    },
  );

  test("is said, and so is what is not in the copies", async (context) => {
    const folders = makeFolders(context);
    for (let i = 1; i <= 7; i++) spawnSync("mkfifo", [join(folders.source, `pipe-${i}`)]);
    // One processor: nothing to vary there.
    const command = ["taskset", "-c", "0", process.execPath, pathOf("composefs"), "rebuild-check", "-o", "out.tar"];
    const [program, ...args] = [...command, "--vary", "cpus", "--", "sh", "-c", buildWith("true")];
    const options = {
      cwd: folders.source,
      env: { ...process.env, TMPDIR: folders.temporary },
      encoding: "utf8",
    } as const;
    const { status, stdout } = spawnSync(program!, args, options);
    expect(status).toBe(0);
    expect(stdout).toContain('note: not in the copies of the source: "pipe-5" is a named pipe\n');
    expect(stdout).toContain("note: not in the copies of the source: and 2 more\n");
    expect(stdout).toContain("cpus               not varied: there is one processor only\n");
    expect(stdout).toContain(
      "2 builds: 1 same; 1 not varied\nBuilds that are made alike have the same digest; nothing was varied.\n",
    );
  });
});

describe.concurrent("what is made", () => {
  test("may be a directory, a dumpfile or an image", async (context) => {
    const folders = makeFolders(context);
    const tree = "mkdir -p out/usr && cp a b out/usr && find out -exec touch -d @0 {} + && chmod -R go=rX out";
    const owners = await checkJson(folders, tree, ["-o", "dir:out", "--vary", "umask,user"]);
    expect(owners.names("differs")).toEqual(process.getuid?.() === 0 ? ["user"] : []);
    expect(
      (await check(folders, "mkdir -p a.d && echo > a.d/f", ["-o", "a.d", "--no-transform", "--no-vary"])).exitCode,
    ).toBe(1);
    writeFileSync(
      join(folders.source, "root.dump"),
      "/ 0 40755 2 0 0 0 0.0 - - -\n/f 5 100644 1 0 0 0 0.0 - hello -\n",
    );
    const copy = "cat root.dump > out.dump";
    const { exitCode, of } = await checkJson(folders, copy, [
      "-o",
      "out.dump",
      "-p",
      "v0-sha256-12,v1-sha256-12",
      ...FEW,
    ]);
    expect(exitCode).toBe(0);
    expect(of("control")[0]!.digests.map(({ label }) => label)).toEqual(["v0-sha256-12", "v1-sha256-12"]);
  });

  test("images of one tree that are not the same bytes are told apart by their structures", async (context) => {
    const folders = makeFolders(context);
    writeFileSync(join(folders.source, "root.dump"), "/ 0 40755 2 0 0 0 0.0 - - -\n");
    expect(composefs(["mkfs", "root.dump", "base.cfs"], { cwd: folders.source }).exitCode).toBe(0);
    // A UUID, at 48 of the superblock (erofs-v1.md), that depends on the umask.
    const line = "cp base.cfs out.cfs && umask | tr -d '\\n' | dd of=out.cfs bs=1 seek=1072 conv=notrunc status=none";
    const { exitCode, stdout } = await check(folders, line, ["-o", "out.cfs", ...FEW]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("superblock, uuid");
    expect(stdout).toContain("The digest depends on umask.");
  });

  test("is kept where it differs, with the control", async (context) => {
    const folders = makeFolders(context);
    const keep = join(folders.folder, "kept");
    const line = buildWith("umask > root/usr/f");
    expect((await check(folders, line, ["--keep", keep, ...FEW])).exitCode).toBe(1);
    expect(readdirSync(keep).sort()).toEqual(["control", "umask"]);
    const { exitCode, stdout } = composefs(["diff", join(keep, "control/out.tar"), join(keep, "umask/out.tar")]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('/usr/f  A "0022\\n" (layer 1)  B "0002\\n" (layer 1)');
    // Nothing is written over, and nothing is kept where nothing differs.
    const again = await check(folders, line, ["--keep", keep, ...FEW]);
    expect(again).toMatchObject({ exitCode: 2, stdout: "" });
    expect(again.stderr).toContain("USAGE: --keep:");
    const other = join(folders.source, "kept");
    expect(
      (await start(folders, ["-o", "out.tar", "--keep", other, "--no-vary"], ["sh", "-c", buildWith("true")]).answer)
        .exitCode,
    ).toBe(0);
    expect(existsSync(join(other, "control"))).toBe(false);
  });

  test("is kept also where it is a directory, or a link to one", async (context) => {
    const folders = makeFolders(context);
    const keep = join(folders.folder, "kept");
    // A name that is not UTF-8.
    const name = "$(printf 'b\\377')";
    const line = `mkdir -p real/usr && umask > real/usr/${name} && find real -exec touch -d @0 {} + && chmod -R go=rX real && ln -s real out`;
    const args = ["-o", "out", "--no-xattrs", "--keep", keep, ...FEW];
    const { exitCode, names, report } = await checkJson(folders, line, args);
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: ["umask"] });
    expect(report.unseen).toEqual(["xattrs"]);
    const { stdout } = composefs(["diff", "--no-xattrs", join(keep, "control/out"), join(keep, "umask/out")]);
    expect(stdout).toContain("content: 1 of 1 entry");
  });

  test("by a build with links in its source, from a source that is a link", async (context) => {
    const folders = makeFolders(context);
    symlinkSync("b", join(folders.source, "link"));
    symlinkSync(folders.source, join(folders.folder, "to-source"));
    const { exitCode } = await check(
      { ...folders, source: join(folders.folder, "to-source") },
      `mkdir -p root/usr && cp -P a link root/usr && ${tar()}`,
      FEW,
    );
    expect(exitCode).toBe(0);
  });
});

describe.concurrent("an interrupted check", () => {
  /** Whether a process runs still. */
  const isRunning = (pid: number) => {
    try {
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  };
  const until = async (condition: () => boolean) => {
    for (let i = 0; i < 600 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(condition()).toBe(true);
  };

  test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s leaves neither files nor processes",
    async (signal, context) => {
      const folders = makeFolders(context);
      const pidFile = join(folders.folder, "pid");
      const line = `sleep 1000 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; mkdir -p closed/in; chmod 555 closed; wait`;
      const { child, answer } = start(folders, ["-o", "out.tar"], ["sh", "-c", line]);
      await until(() => existsSync(pidFile));
      const pid = Number(readFileSync(pidFile, "utf8"));
      expect(isRunning(pid)).toBe(true);
      child.kill(signal);
      expect(await answer).toEqual({ exitCode: null, signal, stdout: "", stderr: "" });
      await until(() => !isRunning(pid));
      expect(readdirSync(folders.temporary)).toEqual([]);
    },
  );

  test("while it waits for the clock", async (context) => {
    const folders = makeFolders(context);
    const done = join(folders.folder, "done");
    const { child, answer } = start(folders, ["-o", "out.tar"], ["sh", "-c", `${buildWith("true")}; touch ${done}`]);
    await until(() => existsSync(done));
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGINT");
    expect(await answer).toMatchObject({ signal: "SIGINT", stdout: "", stderr: "" });
    expect(readdirSync(folders.temporary)).toEqual([]);
  });
});

describe("wrong usage", () => {
  const call = ({ source, temporary }: Folders, args: readonly string[]) =>
    composefs(["rebuild-check", "--source", source, ...args], { env: { TMPDIR: temporary } });

  test.for<[string, string[]]>([
    ["no output", ["--", "true"]],
    ["no command", ["-o", "x"]],
    ["an output elsewhere", ["-o", "/x", "--", "true"]],
    ["an output beside the source", ["-o", "oci:a/../../x", "--", "true"]],
    ["an output on standard output", ["-o", "-", "--", "true"]],
    ["an output in a registry", ["-o", "docker://localhost/x", "--", "true"]],
    ["an unknown variation", ["-o", "x", "--vary", "umask,moon", "--", "true"]],
    ["no repeat", ["-o", "x", "--repeat", "0", "--", "true"]],
    ["too many repeats", ["-o", "x", "--repeat", "101", "--", "true"]],
    ["no time", ["-o", "x", "--timeout", "0", "--", "true"]],
    ["more than a day", ["-o", "x", "--timeout", "86401", "--", "true"]],
    ["a word that is not UTF-8", ["-o", "x", "--", "echo", "\ufffd"]],
    ["a role for what has none", ["-o", "x", "--layer", "1", "--", "true"]],
  ])("%s", ([, args], context) => {
    const folders = makeFolders(context);
    const { exitCode, stdout, stderr } = call(folders, args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^USAGE: /);
    expect(readdirSync(folders.temporary)).toEqual([]);
  });

  test("a profile that is none, a source that is none", (context) => {
    const folders = makeFolders(context);
    expect(call(folders, ["-o", "x", "-p", "v9", "--", "true"]).stderr).toMatch(/^PROFILE_NAME: /);
    expect(call(folders, ["-o", "x", "--source", join(folders.source, "a"), "--", "true"]).stderr).toMatch(
      /^SOURCE_KIND: /,
    );
    expect(call(folders, ["-o", "x", "--source", join(folders.source, "z"), "--", "true"]).stderr).toMatch(
      /^IO_OPEN: /,
    );
    expect(readdirSync(folders.temporary)).toEqual([]);
  });

  test("words of the command are no options, and -NAME leaves one out", (context) => {
    const folders = makeFolders(context);
    mkdirSync(join(folders.source, "-o"));
    const args = [
      "-o",
      "out.tar",
      "--vary",
      "-umask",
      "--vary=-home,-user",
      "--json",
      "--",
      "sh",
      "-c",
      buildWith("true"),
      "--json",
      "-o",
    ];
    const { exitCode, stdout } = call(folders, args);
    expect(exitCode).toBe(0);
    const names = JSON.parse(stdout).builds.map(({ name }: { name: string }) => name);
    expect(names).toEqual([
      "control",
      "repeat",
      "source-date-epoch",
      "locale",
      "time-zone",
      "file-order",
      "build-path",
      "cpus",
    ]);
  });
});
