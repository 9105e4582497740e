/** What boots: kernel images and entries against the bootable tree of their image, in every outcome. */
import { describe, expect, test } from "vitest";
import { formatKarg } from "../../../src/boot/karg.ts";
import { BootDigests, type BootOptions, explainBoot, explainKernel } from "../../../src/explain/boot.ts";
import { bootText, bootToJson } from "../../../src/explain/boot-text.ts";
import type { LintReport } from "../../../src/explain/lint.ts";
import { BOOT_RULES, lintBoot } from "../../../src/explain/lint-boot.ts";
import { digestImage } from "../../../src/image/container-digests.ts";
import type { XattrMode } from "../../../src/image/merge.ts";
import { layeredImage } from "../../support/layered.ts";
import { dir, dirs, file, type Item, symlink } from "../../support/oci/tar.mjs";
import { peFile, unifiedKernelImage } from "../../support/uki.mjs";

const OS = "ID=test\nPRETTY_NAME='Test OS'\nVERSION_ID=3\n";
const BASE: Item[] = [
  dir("usr", { mtime: 1000, pax: [["mtime", "1000.5"]] }),
  file("usr/tool", "x".repeat(5000), { mtime: 1000, xattrs: [["user.note", "n"]] }),
  ...dirs("etc", "boot", "sysroot", "boot/EFI", "boot/EFI/Linux", "boot/loader", "boot/loader/entries"),
];
const OPTIONS: BootOptions = { xattrs: "allowlist-only", revision: 1 };

const uki = (cmdline: string) => unifiedKernelImage(cmdline, OS);

/** The image with further entries on top. */
const imageWith = (...items: Item[]) => layeredImage([BASE, items]);

/** The argument of a bootable tree of the image, which depends on nothing in /boot. */
async function kargOf(
  profile: "v1-sha256-12" | "v1-sha512-12" | "v2-sha256-12" | "v0-sha256-12",
  transform: XattrMode = "allowlist-only",
  revision: 1 | 2 = 1,
): Promise<string> {
  const { images } = await digestImage(layeredImage([BASE]), {
    profiles: [profile],
    roles: ["bootable"],
    transform,
    revision,
  });
  const { format, hash, digest } = images[0]!;
  return formatKarg(format, hash, digest);
}

/** What is said of a kernel image with a command line. */
async function judge(cmdline: string, options = OPTIONS) {
  const report = await explainBoot(imageWith(file("boot/EFI/Linux/a.efi", uki(cmdline))), options);
  const { verdict, arguments: words, problem } = report.files[0]!;
  return { isSealed: report.isSealed, verdict, words, problem };
}

const ZEROS = "0".repeat(64);

describe("a kernel image", () => {
  test.each(["v1-sha256-12", "v1-sha512-12", "v2-sha256-12"] as const)("that names the %s image", async (profile) => {
    const karg = await kargOf(profile);
    const { isSealed, verdict, words } = await judge(`rw ${karg} quiet`);
    expect({ isSealed, verdict }).toEqual({ isSealed: true, verdict: "sealed" });
    const names = { profile, xattrs: "allowlist-only", transformRevision: 1 };
    expect(words).toEqual([expect.objectContaining({ word: karg, names, wanted: null })]);
  });

  test.each([
    ["keep-user-xattrs", 1],
    ["allowlist-only", 2],
    ["keep-user-xattrs", 2],
  ] as const)("that names the tree with xattrs %s, revision %i", async (xattrs, transformRevision) => {
    const { verdict, words } = await judge(await kargOf("v1-sha256-12", xattrs, transformRevision));
    expect(verdict).toBe("sealed");
    expect(words[0]).toMatchObject({ names: { profile: "v1-sha256-12", xattrs, transformRevision } });
  });

  test("that names the image of the other layout: it is said which one", async () => {
    const v1 = await kargOf("v1-sha256-12");
    const { verdict, words } = await judge(`composefs=${v1.split(":")[1]}`);
    expect(verdict).toBe("sealed");
    expect(words[0]).toMatchObject({ version: "v2", names: { profile: "v1-sha256-12" } });
    const report = await explainBoot(
      imageWith(file("boot/EFI/Linux/a.efi", uki(`composefs=${v1.split(":")[1]}`))),
      OPTIONS,
    );
    expect(bootText(report)).toContain("though v2 is what the argument says");
  });

  test("that names another one, or none of layout v0, which no argument means", async () => {
    const right = await kargOf("v1-sha256-12");
    const wrong = [`composefs.digest=v1-sha256-12:${ZEROS}`, await kargOf("v0-sha256-12")];
    for (const cmdline of wrong) {
      const { isSealed, verdict, words } = await judge(cmdline);
      expect({ isSealed, verdict }).toEqual({ isSealed: false, verdict: "mismatch" });
      expect(words[0]).toMatchObject({ names: null, wanted: right });
    }
  });

  test("with several arguments: each counts", async () => {
    const [short, long] = [await kargOf("v1-sha256-12"), await kargOf("v1-sha512-12")];
    expect((await judge(`${short} ${long}`)).verdict).toBe("sealed");
    expect((await judge(`${short} composefs.digest=v1-sha512-12:${ZEROS}${ZEROS}`)).verdict).toBe("mismatch");
  });

  test("that lets the image be mounted without fs-verity", async () => {
    const insecure = (await kargOf("v1-sha256-12")).replace("=", "=?");
    expect(await judge(insecure)).toMatchObject({ isSealed: false, verdict: "insecure" });
    expect(await judge(insecure, { ...OPTIONS, allowInsecure: true })).toMatchObject({
      isSealed: true,
      verdict: "sealed",
    });
  });

  test("that names none, and one whose argument cannot be read", async () => {
    expect(await judge("rw quiet")).toMatchObject({ isSealed: false, verdict: "unsealed", words: [] });
    const { verdict, problem, words } = await judge("composefs.digest=v3-sha256-12:00");
    expect(verdict).toBe("broken");
    expect(problem).toContain("composefs.digest=v3-sha256-12:00");
    expect(words[0]).toHaveProperty("problem");
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["no PE file", Buffer.from("MZ"), /UKI_PE/],
    ["no .osrel", peFile([{ name: ".cmdline", content: "rw" }]), /UKI_SECTION/],
    ["no .cmdline", peFile([{ name: ".osrel", content: OS }]), /UKI_SECTION/],
    ["no name in .osrel", unifiedKernelImage("rw", "A=b\n"), /UKI_LABEL/],
  ])("that is broken: %s", async (_, content, problem) => {
    const report = await explainBoot(imageWith(file("boot/EFI/Linux/a.efi", content)), OPTIONS);
    expect(report).toMatchObject({
      isSealed: false,
      files: [{ verdict: "broken", problem: expect.stringMatching(problem) }],
    });
  });

  test("beside its image, which it has to name, and by itself", async () => {
    const image = layeredImage([BASE]);
    const content = uki(await kargOf("v1-sha256-12"));
    const path = Buffer.from("a.efi");
    expect(await explainKernel(path, content, new BootDigests(image, OPTIONS))).toMatchObject({ isSealed: true });
    const alone = await explainKernel(path, content, null);
    expect(alone).toMatchObject({ isSealed: false, files: [{ label: "Test OS 3" }] });
    expect(bootText(alone, false)).not.toContain("verdict");
  });
});

describe("an image", () => {
  test("whose boot entries name it, and one that names another", async () => {
    const karg = await kargOf("v1-sha256-12");
    const entry = (options: string) =>
      file("boot/loader/entries/a.conf", `title T\nlinux /vmlinuz\noptions rw ${options}\n`);
    expect(await explainBoot(imageWith(entry(karg)), OPTIONS)).toMatchObject({
      isSealed: true,
      files: [{ kind: "entry", label: "T", verdict: "sealed" }],
    });
    const both = imageWith(file("boot/EFI/Linux/a.efi", uki(karg)), entry(`composefs.digest=v1-sha256-12:${ZEROS}`));
    expect(await explainBoot(both, OPTIONS)).toMatchObject({
      isSealed: false,
      files: [{ verdict: "sealed" }, { verdict: "mismatch" }],
    });
  });

  test("in which nothing boots is not sealed", async () => {
    const report = await explainBoot(imageWith(), OPTIONS);
    expect(report).toEqual({ files: [], isSealed: false });
    expect(bootText(report)).toBe("nothing that boots: no kernel image, no boot entry\n");
  });

  test("with a kernel image inside of the tree that it would name, an addon, a symlink", async () => {
    const inside = [
      ...dirs("usr/lib", "usr/lib/modules", "usr/lib/modules/6.1"),
      file("usr/lib/modules/6.1/a.efi", uki(`composefs=${ZEROS}`)),
    ];
    const addon = peFile([{ name: ".cmdline", content: "debug" }]);
    const report = await explainBoot(
      imageWith(...inside, file("boot/EFI/Linux/x.addon.efi", addon), symlink("boot/EFI/Linux/z.efi", "x")),
      OPTIONS,
    );
    expect(report.files.map(({ kind, verdict }) => [kind, verdict])).toEqual([
      ["addon", "part"],
      ["problem", "broken"],
      ["uki", "inside"],
    ]);
    expect(bootToJson(report)).toMatchObject({
      sealed: false,
      files: [{ cmdline: "debug" }, {}, { kernelVersion: "6.1" }],
    });
  });
});

describe("lint", () => {
  const EMPTY: LintReport = { entries: 0, origin: "layer", counts: { error: 0, warning: 0, note: 0 }, findings: [] };
  const lint = async (layers: Item[][], options = {}) => {
    const { findings } = await lintBoot(EMPTY, layeredImage(layers), "sha256", options);
    return findings.flatMap(({ rule, places }) => places.map(({ path }) => `${rule} ${Buffer.from(path)}`));
  };
  const modules = [...dirs("usr", "usr/lib", "usr/lib/modules", "usr/lib/modules/6.1")];
  const contexts = "etc/selinux/t/contexts/files";
  const policy = (rules: string) => [
    ...dirs("etc/selinux", "etc/selinux/t", "etc/selinux/t/contexts", contexts),
    ...[file("etc/selinux/config", "SELINUXTYPE=t\n"), file(`${contexts}/file_contexts`, rules)],
  ];
  const FIXTURES: Record<string, [Item[][], string]> = {
    "boot-inside": [
      [BASE, [...modules, file("usr/lib/modules/6.1/a.efi", uki(`composefs=${ZEROS}`))]],
      "/usr/lib/modules/6.1/a.efi",
    ],
    "boot-no-tree": [[[...modules, file("usr/lib/modules/6.1/vmlinuz", "k")]], "/"],
    "boot-policy": [[BASE, policy("/usr/( x\n")], "/etc/selinux/config"],
    "boot-no-label": [[BASE, policy("/elsewhere x\n")], "/etc/selinux/config"],
  };
  test.each(BOOT_RULES.map(({ id }) => [id] as const))("%s", async (id) => {
    const [layers, path] = FIXTURES[id]!;
    expect(await lint(layers)).toEqual([`${id} ${path}`]);
    expect(await lint(layers, { ignore: [id] })).toEqual([]);
  });

  test("images that are as they should be, and those that do not boot", async () => {
    const kernel = file("boot/EFI/Linux/a.efi", uki("rw"));
    expect(
      await lint([BASE, [...modules, kernel, ...policy("/usr x\n"), file("usr/lib/modules/6.1/a.efi", uki("rw"))]]),
    ).toEqual([]);
    expect(await lint([dirs("usr")])).toEqual([]);
    expect(await lint([dirs("etc")])).toEqual([]);
  });
});
