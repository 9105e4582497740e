/** The commands where nothing is mounted and nothing is enabled: what they print, and what they refuse. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { composefs, emptyFolder, pathOf } from "../cli/run.ts";

const DIGEST = "3f".repeat(32);
const LONG = "3f".repeat(64);
const isLinux = process.platform === "linux";

describe("mount --print", () => {
  const script = (...args: string[]) => composefs(["mount", "--print", ...args], { cwd: "/" });

  test("an image", () => {
    expect(script("/no/image", "/no/mnt", "--repo", "/no/repo")).toEqual({
      exitCode: 0,
      stdout: `mount -t erofs -o ro /no/image /no/mnt || mount -t erofs -o ro,loop /no/image /no/mnt || exit 1
env LIBMOUNT_FORCE_MOUNT2=always mount -t overlay -o ro,metacopy=on,redirect_dir=on,verity=require,lowerdir=/no/mnt::/no/repo/objects composefs /no/mnt || { umount /no/mnt; exit 1; }
`,
      stderr: "",
    });
  });

  test("a digest is the name of an image, and checked", () => {
    const { stdout } = script(`v1-sha256-12:${DIGEST.toUpperCase()}`, "/no/mnt", "--repo", "/no/repo");
    expect(stdout).toContain(
      `composefs verity digest --hash-alg sha256 --compact - < /no/repo/images/${DIGEST} | grep -qx ${DIGEST} || exit 1\n` +
        `mount -t erofs -o ro /no/repo/images/${DIGEST} /no/mnt ||`,
    );
  });

  test("a digest for an image, with blocks of 65536 bytes", () => {
    const { stdout } = script("/no/i", "/no/mnt", "--repo", "/no/repo", "--digest", `v2-sha512-16:${LONG}`);
    expect(stdout).toContain(
      `composefs verity digest --hash-alg sha512 --block-size 65536 --compact - < /no/i | grep -qx ${LONG} || exit 1\n`,
    );
  });

  test("relative paths, and a layer for changes", () => {
    const { stdout } = script(
      "no image",
      "no/mnt",
      "--repo",
      "no/repo",
      "--upper",
      "no/u",
      "--work",
      "no/w",
      "--verity",
      "on",
    );
    expect(stdout).toContain("mount -t erofs -o ro '/no image' /no/mnt");
    expect(stdout).toContain(
      "-o rw,metacopy=on,redirect_dir=on,verity=on,lowerdir=/no/mnt::/no/repo/objects,upperdir=/no/u,workdir=/no/w ",
    );
  });

  test.skipIf(!isLinux)("names that are not UTF-8 (needs Linux)", () => {
    const command = `exec '${process.execPath}' '${pathOf("composefs")}' mount --print '/no/\xff' /no/mnt --repo='/no/r\xfe'\n`;
    const { stdout } = spawnSync("/bin/sh", { input: Buffer.from(command, "latin1") });
    expect(stdout.toString("latin1")).toContain("mount -t erofs -o ro '/no/\xff' /no/mnt");
    expect(stdout.toString("latin1")).toContain("lowerdir=/no/mnt::/no/r\xfe/objects' composefs");
  });
});

describe("wrong usage", () => {
  test.each([
    [["mount", "i"], "target: "],
    [["mount", "i", "t"], "--repo: "],
    [["mount", "i", "t", "--repo", ""], "--repo: "],
    [["mount", "", "t", "--repo", "r"], "image: "],
    [["mount", "i", "t", "--repo", "r", "--verity", "yes"], "--verity: "],
    [["mount", "i", "t", "--repo", "r", "--upper", "u"], "--upper, --work: "],
    [["mount", "i", "t", "--repo", "r", "--digest", "3f"], "--digest: "],
    [["mount", "i", "t", "--repo", "r", "--digest", `sha512:${DIGEST}`], "--digest: "],
    [["mount", DIGEST, "t", "--repo", "r", "--digest", "ab".repeat(32)], "--digest: "],
    [["mount", "--check", "t", "u"], "--check: "],
    [["umount", ""], "target: "],
    [["verity", "enable", "f", "--hash", "md5"], "--hash: "],
    [["verity", "enable", "f", "--block-size", "4k"], "--block-size: "],
    [["verity", "enable", "f", "--salt", "abc"], "--salt: "],
    [["verity", "enable", "f", "g", "--signature", pathOf("composefs")], "--signature: "],
    [["verity", "measure", ""], "file: "],
  ])("%j", (args, beginning) => {
    const { exitCode, stdout, stderr } = composefs(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr.startsWith(`USAGE: ${beginning}`)).toBe(true);
  });
});

describe.skipIf(!isLinux)("on any Linux (needs Linux)", () => {
  test("an image by its name in the repository: what it is named by is said", () => {
    expect(composefs(["mount", "web", "/mnt", "--repo", "/no/repo"], { cwd: "/" })).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        'IO_OPEN: cannot open "web": No such file or directory; images of the repository are named by their digests, ' +
        "which `composefs store list` shows\n",
    });
  });

  test("a file system without fs-verity", () => {
    const { exitCode, stderr } = composefs(["verity", "measure", "/proc/version", "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      code: "VERITY_UNSUPPORTED",
      data: { path: "/proc/version", actual: 25 },
    });
  });

  test("a signature that is not there", () => {
    const { stderr } = composefs(["verity", "enable", "/proc/version", "--signature", "/no/signature"]);
    expect(stderr).toBe('IO_OPEN: cannot open "/no/signature": No such file or directory\n');
  });

  test("an image with another digest is not mounted", () => {
    const image = join(emptyFolder(), "image");
    writeFileSync(image, "no image");
    const { exitCode, stderr } = composefs(["mount", image, "/no/mnt", "--repo", "/no/repo", "--digest", DIGEST]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^LINUX_IMAGE_DIGEST: .*: expected the fs-verity digest sha256:3f3f.*, it has sha256:[0-9a-f]{64}\n$/,
    );
  });

  test.each(["mount --check", "umount"])("%s of what is no composefs mount", (command) => {
    const { exitCode, stderr } = composefs([...command.split(" "), "/proc", "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: "LINUX_NOT_COMPOSEFS", data: { path: "/proc" } });
  });
});
