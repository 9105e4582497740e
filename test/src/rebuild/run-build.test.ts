/** Build commands: how they are run, how they end, and that nothing of them stays. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type BuildCommand, OUTPUT_KEPT_BYTES, runBuild } from "../../../src/rebuild/run-build.node.ts";

function emptyFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "composefs-test-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function build(argv: readonly string[], options: Partial<BuildCommand> = {}) {
  return runBuild({
    ...{ argv, folder: tmpdir(), environment: process.env, umask: null, userId: null, timeoutSeconds: null },
    ...{ signal: new AbortController().signal, ...options },
  });
}

const shell = (line: string, options: Partial<BuildCommand> = {}) => build(["sh", "-c", line], options);

/** Waits until the process whose id a file holds is gone. */
async function waitForEnd(file: string): Promise<void> {
  const pid = Number(readFileSync(file, "utf8"));
  expect(pid).toBeGreaterThan(1);
  const isRunning = () => {
    try {
      // A zombie that nobody waits for is gone, too.
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 100 && isRunning(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isRunning()).toBe(false);
}

describe("a command", () => {
  test("is run as it stands, without a shell, in its directory", async () => {
    const folder = emptyFolder();
    const script = "console.log(JSON.stringify([process.argv.slice(1), process.cwd(), process.env.PWD]))";
    const words = ["$HOME *", "a;b", "", "ä"];
    const end = await build([process.execPath, "-e", script, ...words], { folder });
    expect(end).toMatchObject({ status: 0, signal: null, error: null, isTimedOut: false });
    expect(JSON.parse(end.output)).toEqual([words, folder, folder]);
    expect(end.seconds).toBeGreaterThan(0);
  });

  test("a program in the directory is found there", async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "build.sh"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    expect(await build(["./build.sh"], { folder })).toMatchObject({ status: 0, output: "found\n" });
  });

  test("gets a umask, which this process does not keep", async () => {
    const before = process.umask();
    expect((await shell("umask", { umask: 0o027 })).output).toBe("0027\n");
    expect(process.umask()).toBe(before);
    expect((await build(["/nowhere/at/all"], { umask: 0o027 })).error?.code).toBe("ENOENT");
    expect(process.umask()).toBe(before);
  });

  test.skipIf(process.getuid?.() !== 0)("gets a user without further groups", async () => {
    expect((await shell("id -u; id -G", { userId: 65534 })).output).toBe("65534\n65534\n");
  });

  test("has nothing on standard input", async () => {
    expect((await shell("cat; echo end")).output).toBe("end\n");
  });

  test.each([
    [["sh", "-c", "echo text; echo error >&2; exit 3"], { status: 3, signal: null, output: "text\nerror\n" }],
    [["sh", "-c", "kill -9 $$"], { status: null, signal: "SIGKILL" }],
    [["/nowhere/at/all"], { status: null, error: expect.objectContaining({ code: "ENOENT" }) }],
    [[tmpdir()], { status: null, error: expect.objectContaining({ code: "EACCES" }) }],
  ])("%j: how it ends", async (argv, expected) => {
    expect(await build(argv)).toMatchObject(expected);
  });

  test("of a long output the end is kept", async () => {
    let bytes = 0;
    const onOutput = (more: number) => {
      bytes += more;
    };
    const { output } = await shell("seq 1 300000; echo last", { onOutput });
    expect(output).toHaveLength(OUTPUT_KEPT_BYTES);
    expect(output.endsWith("\n300000\nlast\n")).toBe(true);
    expect(bytes).toBe(1_988_895 + "last\n".length);
  });
});

describe("nothing stays", () => {
  const HANGING = "sleep 1000 & echo $! > child; echo started; wait";

  test("when the time is over", async () => {
    const folder = emptyFolder();
    const end = await shell(HANGING, { folder, timeoutSeconds: 1 });
    expect(end).toMatchObject({ isTimedOut: true, status: null, signal: "SIGTERM", output: "started\n" });
    expect(end.seconds).toBeLessThan(10);
    await waitForEnd(join(folder, "child"));
  });

  test("when it does not want to end", async () => {
    const folder = emptyFolder();
    const end = await shell(`trap '' TERM; ${HANGING}`, { folder, timeoutSeconds: 1 });
    expect(end).toMatchObject({ isTimedOut: true, signal: "SIGKILL" });
    await waitForEnd(join(folder, "child"));
  });

  test("when it is told to stop", async () => {
    const folder = emptyFolder();
    const controller = new AbortController();
    const end = await shell(HANGING, { folder, signal: controller.signal, onOutput: () => controller.abort() });
    expect(end).toMatchObject({ isTimedOut: false, signal: "SIGTERM" });
    await waitForEnd(join(folder, "child"));
    expect(await shell("sleep 1000", { signal: controller.signal })).toMatchObject({ signal: "SIGTERM" });
  });

  test("what it left in the background", async () => {
    const folder = emptyFolder();
    const end = await shell("sleep 1000 & echo $! > child", { folder });
    expect(end).toMatchObject({ status: 0 });
    expect(end.seconds).toBeLessThan(10);
    await waitForEnd(join(folder, "child"));
  });

  test("and what left its group does not hold it up", async () => {
    const folder = emptyFolder();
    const end = await shell("setsid sh -c 'echo $$ > child; exec sleep 1000' & sleep 0.3; echo done", { folder });
    expect(end).toMatchObject({ status: 0, output: "done\n" });
    expect(end.seconds).toBeLessThan(10);
    expect(existsSync(join(folder, "child"))).toBe(true);
    process.kill(Number(readFileSync(join(folder, "child"), "utf8")));
  });
});
