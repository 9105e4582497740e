/** Carrying plans out, with commands that are written down instead of run. */
import { describe, expect, test, vi } from "vitest";
import { mountPlan } from "../../../src/linux/mount-plan.node.ts";
import { runPlan, unmount } from "../../../src/linux/mount-run.node.ts";
import { parseMountinfo } from "../../../src/linux/mountinfo.node.ts";
import type { Argument } from "../../../src/linux/shell.node.ts";

const PLAN = mountPlan({ image: "/image", repo: "/repo", target: "/mnt" });
const isLinux = process.platform === "linux";

/** Takes the place of the shell: fails where `fails` says so. */
function recorder(fails: (command: string) => boolean, onRun = (_command: string) => {}) {
  const commands: string[] = [];
  const run = async (argv: readonly Argument[]) => {
    const command = argv.map(String).join(" ");
    const short = command.replace(/ -o ro,metacopy\S+/, "");
    commands.push(short);
    onRun(short);
    return fails(short) ? { status: 32, errors: "no such luck" } : { status: 0, errors: "" };
  };
  return { commands, run };
}

const EROFS = "mount -t erofs -o ro /image /mnt";
const LOOP = "mount -t erofs -o ro,loop /image /mnt";
const OVERLAY = "env LIBMOUNT_FORCE_MOUNT2=always mount -t overlay composefs /mnt";
const UMOUNT = "umount /mnt";

describe.skipIf(!isLinux)("a plan (needs Linux)", () => {
  test("runs its steps in their order", async () => {
    const { commands, run } = recorder(() => false);
    await runPlan(PLAN, run);
    expect(commands).toEqual([EROFS, OVERLAY]);
  });

  test("takes the second form where the first fails", async () => {
    const { commands, run } = recorder((command) => command === EROFS);
    await runPlan(PLAN, run);
    expect(commands).toEqual([EROFS, LOOP, OVERLAY]);
  });

  test("that fails at once has nothing to take back", async () => {
    const { commands, run } = recorder((command) => command.includes("erofs"));
    await expect(runPlan(PLAN, run)).rejects.toThrow(
      expect.objectContaining({ code: "LINUX_MOUNT", data: { actual: 32 } }),
    );
    expect(commands).toEqual([EROFS, LOOP]);
  });

  test("that fails half-way is taken back", async () => {
    const { commands, run } = recorder((command) => command === OVERLAY);
    await expect(runPlan(PLAN, run)).rejects.toThrow(/"no such luck"$/);
    expect(commands).toEqual([EROFS, OVERLAY, UMOUNT]);
  });

  test("that cannot be taken back says what is left", async () => {
    const { run } = recorder((command) => command === OVERLAY || command === UMOUNT);
    await expect(runPlan(PLAN, run)).rejects.toThrow(/; what was mounted stays: umount \/mnt failed$/);
  });

  test("leaves no handlers of signals behind", async () => {
    const before = process.listenerCount("SIGTERM");
    await runPlan(PLAN, recorder(() => false).run);
    await runPlan(PLAN, recorder(() => true).run).catch(() => {});
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });

  test("that a signal interrupts is taken back, and the signal has its way", async () => {
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    const { commands, run } = recorder(
      () => false,
      (command) => {
        if (command === EROFS) process.emit("SIGHUP", "SIGHUP");
      },
    );
    await runPlan(PLAN, run);
    expect(commands).toEqual([EROFS, UMOUNT]);
    expect(kill.mock.calls).toEqual([[process.pid, "SIGHUP"]]);
    kill.mockRestore();
  });
});

describe.skipIf(!isLinux)("unmounting (needs Linux)", () => {
  const OVER = "66 63 0:39 / /no/mnt ro - overlay composefs ro,lowerdir=/no/image::/repo/objects";
  const list = (erofs: string) => () => parseMountinfo(Buffer.from(`${erofs}\n${OVER}\n`));

  test("takes away the overlay and the image below it", async () => {
    const { commands, run } = recorder(() => false);
    await unmount("/no/mnt", run, list("63 43 7:0 / /no/mnt ro - erofs /dev/loop0 ro"));
    expect(commands).toEqual(["umount /no/mnt", "umount /no/mnt"]);
  });

  test.each([
    ["an image that is mounted elsewhere", "65 43 7:0 / /no/image ro - erofs /dev/loop0 ro"],
    ["something else below it", "63 43 0:8 / /no/mnt ro - tmpfs none rw"],
    ["a directory of an image around it", "63 43 7:0 / /no ro - erofs /dev/loop0 ro"],
  ])("leaves %s", async (_, erofs) => {
    const { commands, run } = recorder(() => false);
    await unmount("/no/mnt", run, list(erofs));
    expect(commands).toEqual(["umount /no/mnt"]);
  });

  test("says that the image is left when only the overlay went", async () => {
    let count = 0;
    const { run } = recorder(() => count++ === 1);
    const done = unmount("/no/mnt", run, list("63 43 7:0 / /no/mnt ro - erofs /dev/loop0 ro"));
    await expect(done).rejects.toThrow(/"no such luck"; the image below the overlay is still mounted there$/);
  });
});

test.skipIf(!isLinux)("what is no composefs mount is not unmounted (needs Linux)", async () => {
  const { commands, run } = recorder(() => false);
  await expect(unmount("/proc", run)).rejects.toThrow(expect.objectContaining({ code: "LINUX_NOT_COMPOSEFS" }));
  await expect(unmount("/nowhere at all", run)).rejects.toThrow(/nothing is mounted there$/);
  expect(commands).toEqual([]);
});
