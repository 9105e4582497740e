/** Commands on bootable images: which tree is meant, what kernel images name, the argument that names a tree. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeLayout, writeLayout } from "../../support/oci/forms.mjs";
import { golden } from "../../support/oci/golden.ts";
import { makeLayers } from "../../support/oci/images.mjs";
import { unifiedKernelImage } from "../../support/uki.mjs";
import { type RunOptions, composefs as runComposefs } from "./run.ts";

interface Pins {
  "v1-sha256": string;
  "v1-sha512": string;
}

const boot = golden.images.find(({ image, seed }) => image === "boot" && seed === 1)! as unknown as {
  "allowlist-only": Pins;
  bootable: Pins;
  "bootable-with-nsec": Pins;
};
const DIGEST = boot.bootable["v1-sha512"];
const SHORT = boot.bootable["v1-sha256"];

/** A folder with the image in `boot`, whose kernel image names its tree, and one in `zeros`, whose names none. */
const home = mkdtempSync(join(tmpdir(), "composefs-boot-"));
afterAll(() => rmSync(home, { recursive: true }));
for (const [name, seed] of [["boot", 1] as const, ["zeros", 2] as const]) {
  mkdirSync(join(home, name));
  writeLayout(makeLayout(makeLayers("boot", { seed }), { compression: "gzip" }), join(home, name));
}

function composefs(args: readonly string[], options: RunOptions = {}) {
  return runComposefs(args, { cwd: home, env: { XDG_CACHE_HOME: join(home, "cache") }, ...options });
}

const linesOf = (text: string) => text.trimEnd().split("\n");

describe("--role", () => {
  test("digest: bootable is named, all are all", () => {
    expect(composefs(["digest", "boot", "--role", "bootable"]).stdout).toBe(`bootable:v1-sha512-12:${DIGEST}\n`);
    expect(composefs(["digest", "boot", "--role", "bootable", "-q"]).stdout).toBe(`${DIGEST}\n`);
    const all = linesOf(composefs(["digest", "boot", "--role", "all"]).stdout);
    expect(all.slice(0, 2)).toEqual([
      `v1-sha512-12:${boot["allowlist-only"]["v1-sha512"]}`,
      `bootable:v1-sha512-12:${DIGEST}`,
    ]);
    expect(all.slice(2).map((line) => line.split(":")[0])).toEqual(["layer-1", "layer-2"]);
    expect(linesOf(composefs(["digest", "boot", "--role", "layer"]).stdout)).toEqual(all.slice(2));
  });

  test("digest: revision 2, and what JSON says of it all", () => {
    const args = ["digest", "boot", "--role", "bootable", "--transform-revision", "2", "-p", "v1-sha256-12", "--json"];
    const json = JSON.parse(composefs(args).stdout);
    expect(json.images).toEqual([
      expect.objectContaining({
        ...{ role: "bootable", transform: true, xattrs: "allowlist-only", transformRevision: 2 },
        digest: boot["bootable-with-nsec"]["v1-sha256"],
      }),
    ]);
    expect(json.source.policy).toEqual({ name: "targeted", rules: 26 });
    expect(composefs(["digest", "boot", "--role", "bootable", "--verbose"]).stdout).toContain(
      "bootable of 2 layers, OCI transform, xattrs allowlist-only, boot transform revision 1, SELinux policy targeted (26 rules)\n",
    );
  });

  test("digest of one layer", () => {
    const digest = (layer: string) => composefs(["digest", "boot", "--role", "layer", "--layer", layer]);
    const [first, second] = composefs(["digest", "boot", "--layers"]).stdout.split("\n").slice(1);
    expect([digest("1").stdout, digest("2").stdout]).toEqual([`${first}\n`, `${second}\n`]);
    expect(digest("3")).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringMatching(/from 1 to 2, got 3/) });
  });

  test("mkfs, dump, ls, diff, info, lint", () => {
    expect(composefs(["mkfs", "boot", "out", "--role", "bootable"]).stdout).toBe(`v1-sha512-12:${DIGEST}\n`);
    expect(composefs(["digest", "out"]).stdout).toBe(`v1-sha512-12:${DIGEST}\n`);
    expect(composefs(["dump", "boot", "--role", "bootable"]).stdout).not.toMatch(/^\/boot\//m);
    expect(composefs(["ls", "boot", "/boot", "--role", "bootable"]).stdout).toBe("");
    expect(composefs(["ls", "boot", "/boot"]).stdout).toContain("EFI");
    expect(composefs(["diff", "boot", "out", "--role", "bootable", "--only", "xattr"]).exitCode).toBe(0);
    expect(composefs(["diff", "boot", "out"]).stdout).toContain("security.selinux");
    const made = { layers: 2, role: "bootable", transformRevision: 1, policy: { name: "targeted", rules: 26 } };
    for (const command of ["info", "lint", "ls"]) {
      expect(JSON.parse(composefs([command, "boot", "--role", "bootable", "--json"]).stdout).made).toMatchObject(made);
    }
    const layer = JSON.parse(composefs(["info", "boot", "--role", "layer", "--layer", "2", "--json"]).stdout);
    expect(layer.made).toMatchObject({ role: "layer", layer: 2, transform: false });
  });

  test("identify tries all roles, modes and revisions; options narrow what counts", () => {
    const nsec = boot["bootable-with-nsec"]["v1-sha256"];
    const run = (hex: string, ...args: string[]) => {
      const { exitCode, stdout } = composefs(["identify", "boot", "--expected", hex, "--json", ...args]);
      return { exitCode, variant: JSON.parse(stdout).found.variant };
    };
    expect(run(SHORT)).toEqual({ exitCode: 0, variant: "bootable-allowlist-only" });
    expect(run(SHORT, "--role", "bootable")).toEqual({ exitCode: 0, variant: "given" });
    expect(run(SHORT, "--role", "merged")).toEqual({ exitCode: 1, variant: "bootable-allowlist-only" });
    expect(run(nsec)).toEqual({ exitCode: 0, variant: "bootable-allowlist-only-revision-2" });
    expect(run(nsec, "--role", "bootable", "--transform-revision", "1")).toMatchObject({ exitCode: 1 });
    expect(run(boot["allowlist-only"]["v1-sha512"], "--role", "all")).toEqual({ exitCode: 0, variant: "given" });
    const [, digest] = /^layer-1:v1-sha512-12:(\w+)$/m.exec(composefs(["digest", "boot", "--layers"]).stdout)!;
    expect(run(digest!)).toEqual({ exitCode: 1, variant: "layer-1" });
    expect(run(digest!, "--role", "layer", "--layer", "1")).toEqual({ exitCode: 0, variant: "given" });
  });

  test.each([
    [["digest", "boot", "--role", "root"], /--role: expected merged or bootable or layer or all, got "root"/],
    [["dump", "boot", "--role", "all"], /this command takes one tree/],
    [["dump", "boot", "--role", "layer"], /--layer: expected a number from 1 to 2, got none/],
    [["dump", "boot", "--role", "layer", "--layer", "3"], /from 1 to 2, got 3/],
    [["dump", "boot", "--layer", "1"], /--layer says which one of --role layer/],
    [["digest", "boot", "--transform-revision", "2"], /is that of the boot transform/],
    [["digest", "boot", "--role", "bootable", "--transform-revision", "3"], /expected 1 or 2/],
    [["digest", "boot", "--role", "bootable", "--no-transform"], /goes through the OCI transform/],
    [["dump", "boot", "--role", "layer", "--layer", "1", "--xattrs", "allowlist-only"], /goes through no transform/],
    [["digest", "-", "--role", "bootable"], /--role is for container images/],
    [["uki", "-"], /a kernel image \(a PE file\); "standard input" is neither/],
    [["karg", "boot", "-p", "v1-sha256-16"], /blocks of 4096 bytes/],
  ])("%j is refused", (args, message) => {
    const { exitCode, stderr } = composefs(args, { input: "/ 0 40755 2 0 0 0 0.0 - - -\n" });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
  });
});

describe("uki", () => {
  test("an image that is sealed, and one that is not", () => {
    const sealed = composefs(["uki", "boot"]);
    expect(sealed.exitCode).toBe(0);
    expect(sealed.stdout).toContain("verdict   sealed: it names the bootable tree of this image (v1-sha256-12, ");
    const { exitCode, stdout } = composefs(["uki", "zeros"]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("verdict   mismatch: it does not name the bootable tree of this image\n");
    const wanted = composefs(["karg", "zeros", "-p", "v1-sha256-12"]).stdout;
    expect(stdout).toContain(`wanted    ${wanted}`);
  });

  test("--json", () => {
    const json = JSON.parse(composefs(["uki", "boot", "--json"]).stdout);
    expect(json).toMatchObject({ sealed: true, made: { layers: 2, role: "merged" } });
    expect(json.files[0]).toMatchObject({
      path: "/boot/EFI/Linux/test-6.5.13.efi",
      kind: "uki",
      verdict: "sealed",
      osRelease: { ID: "test" },
      arguments: [
        { digest: SHORT, names: { profile: "v1-sha256-12", xattrs: "allowlist-only", transformRevision: 1 } },
      ],
    });
  });

  test("a kernel image that is a file: alone, and against an image before it is added", () => {
    const file = (name: string, karg: string) =>
      writeFileSync(join(home, name), unifiedKernelImage(`rw ${karg}`, "NAME=x\n"));
    file("right.efi", composefs(["karg", "zeros"]).stdout.trim());
    file("wrong.efi", composefs(["karg", "boot"]).stdout.trim());
    expect(composefs(["uki", "right.efi"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("argument") });
    expect(composefs(["uki", "right.efi", "--image", "zeros"]).exitCode).toBe(0);
    expect(composefs(["uki", "wrong.efi", "--image", "zeros"]).exitCode).toBe(1);
    expect(composefs(["uki", "boot", "--image", "zeros"]).stderr).toContain("is no kernel image");
    writeFileSync(join(home, "broken.efi"), "MZ");
    expect(composefs(["uki", "broken.efi"])).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("broken") });
  });
});

describe("karg", () => {
  test("of each format, of a container image and of what is made of it", () => {
    expect(composefs(["karg", "boot"]).stdout).toBe(`composefs.digest=v1-sha512-12:${DIGEST}\n`);
    expect(composefs(["karg", "boot", "--insecure"]).stdout).toBe(`composefs.digest=?v1-sha512-12:${DIGEST}\n`);
    expect(composefs(["karg", "boot", "-p", "v2-sha256-12"]).stdout).toMatch(/^composefs=[0-9a-f]{64}\n$/);
    composefs(["mkfs", "boot", "tree", "--role", "bootable", "--hash", "sha256"]);
    expect(composefs(["karg", "tree"]).stdout).toBe(`composefs.digest=v1-sha256-12:${SHORT}\n`);
    const merged = boot["allowlist-only"]["v1-sha512"];
    expect(JSON.parse(composefs(["karg", "boot", "--role", "merged", "--json"]).stdout)).toMatchObject({
      karg: `composefs.digest=v1-sha512-12:${merged}`,
      made: { role: "merged" },
    });
  });

  test("--entry: the boot loader entry with the argument", () => {
    writeFileSync(join(home, "a.conf"), "title T\noptions rw composefs.digest=v1-sha512-12:00 quiet\n");
    expect(composefs(["karg", "boot", "--entry", "a.conf"]).stdout).toBe(
      `title T\noptions rw composefs.digest=v1-sha512-12:${DIGEST} quiet\n`,
    );
  });
});
