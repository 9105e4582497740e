/** Directories as the INPUT of commands. */
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { at, isRoot, setTime, someBytes } from "../../support/directory.ts";
import { dir, file, hardlink, symlink, tarball } from "../../support/oci/tar.mjs";
import { composefs, emptyFolder, run } from "./run.ts";

/** A folder with a root file system in `root`. */
function workshop(): string {
  const cwd = emptyFolder();
  const root = join(cwd, "root");
  for (const path of ["usr/lib", "etc/selinux", "boot/EFI", "sysroot", "run"])
    mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, "usr/lib/os-release"), "ID=debian\nPRETTY_NAME=Debian\n".repeat(4));
  writeFileSync(join(root, "usr/large"), someBytes(300_000));
  writeFileSync(join(root, "usr/small"), "small\n");
  writeFileSync(join(root, "usr/.wh.kept"), "not a whiteout\n");
  symlinkSync("usr/lib", join(root, "lib"));
  return cwd;
}

const DIGEST = /^v1-sha512-12:[0-9a-f]{128}\n$/;

describe("a directory", () => {
  test("is an input by prefix and by what it is, of every command", () => {
    const cwd = workshop();
    const digest = composefs(["digest", "dir:root"], { cwd });
    expect(digest).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringMatching(DIGEST) });
    expect(composefs(["digest", "root"], { cwd }).stdout).toBe(digest.stdout);
    expect(composefs(["mkfs", "root", "image"], { cwd }).stdout).toBe(digest.stdout);
    expect(composefs(["dump", "root", "--hash", "sha512"], { cwd }).stdout).toBe(
      composefs(["dump", "image"], { cwd }).stdout,
    );
    expect(composefs(["diff", "root", "image"], { cwd })).toMatchObject({ exitCode: 0 });
    const expected = digest.stdout.trim().split(":")[1]!;
    expect(composefs(["identify", "--expected", expected, "root"], { cwd }).exitCode).toBe(0);
    expect(composefs(["ls", "root", "/usr/small"], { cwd }).stdout).toContain("/usr/small");
    expect(composefs(["info", "root"], { cwd }).exitCode).toBe(0);
    expect(composefs(["lint", "root"], { cwd }).stderr).toBe("");
    expect(composefs(["karg", "root"], { cwd }).stdout).toMatch(/^composefs\.digest=/);
    expect(composefs(["uki", "root"], { cwd }).stdout).not.toBe("");
    expect(composefs(["digest", "root", "--role", "all"], { cwd }).stdout.trim().split("\n")).toHaveLength(2);
    for (const path of ["usr/small", "usr/large", "usr/lib/os-release", "usr/.wh.kept"]) {
      const { stdout, exitCode } = run("composefs", ["cat", "root", `/${path}`], { cwd });
      expect({ path, exitCode, content: stdout.toString("latin1") }).toEqual({
        path,
        exitCode: 0,
        content: execFileSync("cat", [join(cwd, "root", path)]).toString("latin1"),
      });
    }
  });

  test("goes through the transform unless told otherwise, and says how", () => {
    const cwd = workshop();
    for (const path of ["run", "usr", ""]) setTime(at(join(cwd, "root"), path), path === "usr" ? 7n : 5n);
    const dump = (...options: string[]) => composefs(["dump", "root", ...options], { cwd }).stdout.split("\n")[0];
    expect(dump()).toContain(" 0.7 ");
    expect(dump("--no-transform")).toContain(" 0.5 ");
    const { stdout } = composefs(["digest", "root", "-v"], { cwd });
    expect(stdout).toContain("image     root: dir\n");
    expect(stdout).toContain("tree      merged of a directory, OCI transform, xattrs allowlist-only\n");
    const json = JSON.parse(composefs(["digest", "root", "--json", "--role", "all"], { cwd }).stdout);
    expect(json.source).toMatchObject({
      name: "root",
      kind: "dir",
      manifest: null,
      config: null,
      diffIds: [],
      unseen: [],
    });
    expect(json).toMatchObject({ images: [{ role: "merged" }, { role: "bootable" }], layers: [] });
    const made = JSON.parse(composefs(["lint", "root", "--json"], { cwd }).stdout).made;
    expect(made).toMatchObject({ layers: null, role: "merged", transform: true, unseen: [] });
  });

  test("without xattrs says so everywhere", () => {
    const cwd = workshop();
    const note = "root: xattrs were not seen: what comes out is of the tree without them\n";
    const { stdout, stderr } = composefs(["digest", "root", "--no-xattrs", "-v"], { cwd });
    expect(stderr).toBe(note);
    expect(stdout).toContain(
      "tree      merged of a directory without its xattrs, OCI transform, xattrs allowlist-only\n",
    );
    const json = composefs(["digest", "root", "--no-xattrs", "--json"], { cwd });
    expect(JSON.parse(json.stdout).source.unseen).toEqual(["xattrs"]);
    expect(json.stderr).toBe(note);
    const made = composefs(["mkfs", "root", "image", "--no-xattrs", "--json"], { cwd });
    expect(JSON.parse(made.stdout).made.unseen).toEqual(["xattrs"]);
  });

  test("without koffi is refused on Linux, unless xattrs do not matter", () => {
    const cwd = workshop();
    // A copy of the package without the optional dependency.
    const from = fileURLToPath(new URL("../../../", import.meta.url));
    mkdirSync(join(cwd, "package/node_modules"), { recursive: true });
    cpSync(join(from, "build"), join(cwd, "package/build"), { recursive: true });
    cpSync(join(from, "package.json"), join(cwd, "package/package.json"));
    for (const name of ["@assemblyscript", "@noble", "commander", "fflate"]) {
      symlinkSync(join(realpathSync(from), "node_modules", name), join(cwd, "package/node_modules", name));
    }
    const bare = (...args: string[]) => {
      const script = join(cwd, "package/build/src/cli/composefs.js");
      const command = `'${process.execPath}' '${script}' ${args.join(" ")} 2>&1; echo "exit $?"`;
      return execFileSync("sh", ["-c", command], { cwd }).toString();
    };
    expect(bare("digest", "dir:root")).toMatch(/^DIRECTORY_XATTRS: .*npm install koffi; say --no-xattrs .*\nexit 2\n$/);
    expect(bare("digest", "-q", "dir:root", "--no-xattrs")).toMatch(/were not seen.*\n[0-9a-f]{128}\nexit 0\n$/);
  });

  test("has no layers, no platform, and no standard input", () => {
    const cwd = workshop();
    const usage = (...args: string[]) => composefs(args, { cwd }).stderr;
    expect(usage("digest", "root", "--layers")).toBe('USAGE: --layers: "root" is a directory and has no layers\n');
    expect(usage("digest", "root", "--platform", "linux/amd64")).toMatch(/^USAGE: --platform is for container images/);
    expect(usage("dump", "root", "--role", "layer")).toMatch(/^USAGE: --role layer: "root" is a directory/);
    expect(usage("digest", "dir:-")).toBe('IO_OPEN: cannot open "-": No such file or directory\n');
    expect(usage("digest", "dir:root/usr/small")).toMatch(/^SOURCE_KIND: .* is not a directory\n$/);
    writeFileSync(join(cwd, "layer.tar"), new Uint8Array(1024));
    expect(usage("digest", "tar:layer.tar", "--no-xattrs")).toBe("USAGE: --no-xattrs is for directories\n");
  });

  test.skipIf(isRoot)("that may not be read is refused by path", () => {
    const cwd = workshop();
    chmodSync(join(cwd, "root/usr/large"), 0);
    expect(composefs(["digest", "root"], { cwd }).stderr).toMatch(/^IO_OPEN: .*usr\/large": Permission denied\n$/);
  });

  test("whose file has changed gives another tree", () => {
    const cwd = workshop();
    composefs(["mkfs", "root", "image", "--hash", "sha256"], { cwd });
    appendFileSync(join(cwd, "root/usr/large"), "more");
    expect(composefs(["diff", "root", "image"], { cwd }).exitCode).toBe(1);
  });
});

describe.skipIf(!isRoot)("an unpacked image", () => {
  test("gives the digest of its layers", () => {
    const cwd = emptyFolder();
    const time = 1_700_000_000;
    const items = [
      dir("./", { mode: 0o755, mtime: time }),
      ...["usr", "usr/lib", "etc", "run", "empty"].map((name) => dir(name, { mode: 0o755, mtime: time })),
      file("usr/lib/large", someBytes(100_000), { mode: 0o644, uid: 1000, gid: 100, mtime: time + 1 }),
      file("usr/lib/small", "small", { mode: 0o4755, mtime: time + 2 }),
      file("etc/empty", "", { mode: 0o600, mtime: time + 3 }),
      hardlink("etc/link", "usr/lib/large"),
      symlink("etc/symlink", "../usr/lib", { mode: 0o777, mtime: time + 4 }),
    ];
    writeFileSync(join(cwd, "layer.tar"), tarball(items));
    mkdirSync(join(cwd, "root"));
    execFileSync(
      "tar",
      ["-xpf", "layer.tar", "-C", "root", "--numeric-owner", "--same-owner", "--delay-directory-restore"],
      { cwd },
    );
    for (const profile of ["v0-sha256-12", "v1-sha512-12", "v2-sha256-12"]) {
      const layers = composefs(["digest", "-p", profile, "tar:layer.tar"], { cwd });
      expect(layers).toMatchObject({ exitCode: 0 });
      expect(composefs(["digest", "-p", profile, "dir:root"], { cwd }).stdout).toBe(layers.stdout);
    }
  });
});
