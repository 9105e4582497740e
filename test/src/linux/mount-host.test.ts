/**
 * Mounts on the kernel that the tests run on, without fs-verity: as root, on Linux with EROFS and overlay. What fs-verity
 * adds is in test/kernel.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkMount } from "../../../src/linux/mount-check.node.ts";
import { mountPlan } from "../../../src/linux/mount-plan.node.ts";
import { runPlan, unmount } from "../../../src/linux/mount-run.node.ts";
import { readMountinfo } from "../../../src/linux/mountinfo.node.ts";
import { runCommandLine } from "../../../src/linux/shell.node.ts";
import { compareTree } from "../../kernel/compare-tree.mjs";
import { addImage } from "../../kernel/repository.mjs";
import { composefs, emptyFolder } from "../cli/run.ts";

const FORMATS = ["v0", "v1", "v2"] as const;

/** A repository with an image, and a directory to mount on, from which all is taken away in the end. */
async function repository(format: (typeof FORMATS)[number]) {
  const folder = emptyFolder();
  const repo = join(folder, "repo");
  const target = join(folder, "target");
  const { digest } = await addImage(repo, format, "sha256");
  mkdirSync(target);
  onTestFinished(async () => {
    while (isMounted(target)) if ((await runCommandLine(["umount", target])).status !== 0) break;
  });
  return { repo, target, digest, image: join(repo, "images", digest) };
}

const isMounted = (target: string) => readMountinfo().some((mount) => mount.target.equals(Buffer.from(target)));

/** Why this system cannot mount, empty when it can: found out by trying. */
async function whyNot(): Promise<string> {
  if (process.platform !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  const folder = emptyFolderForProbe();
  for (const type of ["erofs", "overlay"]) {
    if (!readFileSync("/proc/filesystems", "latin1").includes(`\t${type}\n`)) {
      // What is a module is loaded by the first try to mount it.
      await runCommandLine(["mount", "-t", type, "none", folder]);
      if (!readFileSync("/proc/filesystems", "latin1").includes(`\t${type}\n`)) return `a kernel without ${type}`;
    }
  }
  // In a container root may mount nothing.
  const { status, errors } = await runCommandLine(["mount", "-t", "tmpfs", "none", folder]);
  if (status !== 0) return errors;
  await runCommandLine(["umount", folder]);
  return "";
}

function emptyFolderForProbe(): string {
  const folder = join("/tmp", `composefs-probe-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const reason = await whyNot();
if (reason !== "") console.warn(`SKIPPED: mounts on this kernel: ${reason}`);

describe.skipIf(reason !== "")("on this kernel (needs root on Linux, EROFS and overlay)", () => {
  test.each(FORMATS)("%s: the tree is the one that the image was made of", async (format) => {
    const { repo, target, image } = await repository(format);
    await runPlan(mountPlan({ image, repo, target, verity: "off" }));
    compareTree(target, format);
    const report = checkMount(target);
    expect(report).toMatchObject({ verity: "off", metacopy: true, redirect: true, isReadOnly: true });
    expect(String(report.image)).toBe(image);
    await unmount(target);
    expect(isMounted(target)).toBe(false);
  });

  test("an overlay that fails leaves nothing mounted", async () => {
    const { repo, target, image } = await repository("v1");
    await expect(runPlan(mountPlan({ image, repo: `${repo}/nowhere`, target }))).rejects.toThrow(
      expect.objectContaining({ code: "LINUX_MOUNT" }),
    );
    expect(isMounted(target)).toBe(false);
  });

  test("the commands mount, check and unmount", async () => {
    const { repo, target, digest, image } = await repository("v1");
    const mounted = composefs(["mount", digest, target, "--repo", repo, "--verity", "off", "--json"]);
    expect(mounted).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(mounted.stdout)).toMatchObject({
      ...{ target, image, repo, verity: "off" },
      digest: { hash: "sha256", digest },
    });
    expect(readFileSync(join(target, "files/external")).length).toBe(65);
    const checked = composefs(["mount", "--check", target]);
    expect(checked.exitCode).toBe(1);
    expect(checked.stdout).toContain("not enforced:\n  content: objects are read as they are");
    expect(composefs(["umount", target])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(composefs(["umount", target]).stderr).toMatch(/^LINUX_NOT_COMPOSEFS: /);
  });

  test("the script that is printed mounts the same", async () => {
    const { repo, target, digest } = await repository("v1");
    const { stdout } = composefs(["mount", digest, target, "--repo", repo, "--verity", "off", "--print"]);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^composefs verity digest .* \| grep -qx [0-9a-f]{64} \|\| exit 1$/);
    const { status, errors } = await runCommandLine(["sh", "-c", lines.slice(1).join("\n")]);
    expect([status, errors]).toEqual([0, ""]);
    compareTree(target, "v1");
    await unmount(target);
  });
});
