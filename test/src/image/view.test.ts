/** Trees of images: bootable ones in every pinned form, and what each step of the boot transform does and refuses. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { digestImage } from "../../../src/image/container-digests.ts";
import type { LayeredImage, View } from "../../../src/image/view.ts";
import { layeredImage } from "../../support/layered.ts";
import { type ExpectedTree, type GoldenImage, golden, layersOf, sha256, titleOf } from "../../support/oci/golden.ts";
import { dir, dirs, file, hardlink, type Item, pax, symlink } from "../../support/oci/tar.mjs";

type Bootable = GoldenImage & { bootable?: ExpectedTree; "bootable-with-nsec"?: ExpectedTree };

const bootable: View = { role: "bootable", transform: "allowlist-only", revision: 1 };

/** The canonical dumpfile of a tree. */
async function dumpOf(image: LayeredImage, view: View): Promise<string> {
  const engine = acquireEngineSync();
  try {
    const tree = await image.tree(engine, view, "sha256");
    return Buffer.concat([...tree.canonicalDump()].map((piece) => Buffer.from(piece))).toString("latin1");
  } finally {
    releaseEngine(engine);
  }
}

/** Labels by path, null for none. */
async function labelsOf(image: LayeredImage, view = bootable): Promise<Record<string, string | null>> {
  const rows = (await dumpOf(image, view)).trimEnd().split("\n");
  const own = Object.fromEntries(
    rows.map((row) => [row.split(" ")[0]!, /security\.selinux=(\S*)/.exec(row)?.[1] ?? null]),
  );
  for (const row of rows) {
    const [path, , mode, , , , , , payload] = row.split(" ");
    if (mode!.startsWith("@")) own[path!] = own[payload!]!;
  }
  return own;
}

const withBootable = (golden.images as Bootable[]).filter((image) => image.bootable !== undefined);

describe("pinned bootable trees", () => {
  test.each(withBootable.map((image) => [titleOf(image), image] as const))("%s", async (_, image) => {
    const trees = layeredImage(layersOf(image));
    for (const revision of [1, 2] as const) {
      const { lines, dump_sha256, ...digests } = image[revision === 1 ? "bootable" : "bootable-with-nsec"]!;
      const dump = await dumpOf(trees, { ...bootable, revision });
      expect(sha256(Buffer.from(dump, "latin1"))).toBe(dump_sha256);
      expect(dump.split("\n")).toHaveLength(lines + 1);
      const profiles = ["v0-sha256-12", "v0-sha512-12", "v1-sha256-12", "v1-sha512-12"] as const;
      const how = { profiles, roles: ["bootable"], transform: "allowlist-only", revision } as const;
      const { images } = await digestImage(trees, how);
      const found = images.map(({ profile, digest }) => [profile.replace(/-12$/, ""), digest]);
      expect(Object.fromEntries(found)).toEqual(digests);
    }
  });

  test("are several, with a policy and without", () => {
    expect(new Set(withBootable.map(({ image }) => image))).toEqual(new Set(["boot", "bootplain"]));
  });

  test.each(["boot", "bootplain"])("the dumpfile of %s", async (name) => {
    const image = withBootable.find(({ image, seed }) => image === name && seed === 1)!;
    const fixture = new URL(`../../fixtures/oci/${name}-1.bootable.dump`, import.meta.url);
    expect(await dumpOf(layeredImage(layersOf(image)), bootable)).toBe(readFileSync(fixture, "latin1"));
  });

  test("contents that were not kept are read from their layers again", async () => {
    const layers = layersOf(withBootable[0]!);
    expect(await dumpOf(layeredImage(layers, false), bootable)).toBe(await dumpOf(layeredImage(layers), bootable));
  });
});

/** Tree entries of the label vectors as entries of a tar: `d usr =old`, `h opt/x usr/bin/x`. */
function itemOf(line: string): Item {
  const isOld = line.endsWith(" =old");
  const [kind, name, target] = line.replace(/ =old$/, "").split(" ");
  const options = isOld ? { xattrs: [["security.selinux", "old"] as [string, string]] } : {};
  if (kind === "d") return dir(name!, options);
  if (kind === "l") return symlink(name!, target!, options);
  if (kind === "h") return hardlink(name!, target!, options);
  return file(name!, "x", options);
}

const POLICY = "etc/selinux/targeted/contexts/files";

/** A policy in a tree that can boot. */
function policyItems(files: Record<string, string> | null): Item[] {
  const base = dirs("etc", "boot", "sysroot");
  if (files === null) return base;
  const folders = dirs("etc/selinux", "etc/selinux/targeted", "etc/selinux/targeted/contexts", POLICY);
  const contents = Object.entries(files).map(([name, text]) => file(`${POLICY}/${name}`, text));
  return [...base, ...folders, file("etc/selinux/config", "SELINUXTYPE=targeted\n"), ...contents];
}

interface LabelVector {
  note: string;
  policy: Record<string, string> | null;
  tree: string[];
  labels: Record<string, string | null>;
  separate?: [string, string][];
}

const { selabel } = golden as unknown as { selabel: LabelVector[] };

test.each(selabel.map((vector) => [vector.note, vector] as const))("labels: %s", async (_, vector) => {
  const image = layeredImage([[...policyItems(vector.policy), ...vector.tree.map(itemOf)]]);
  expect(await labelsOf(image)).toMatchObject(vector.labels);
  const dump = await dumpOf(image, bootable);
  for (const [a, b] of vector.separate ?? []) {
    for (const path of [a, b]) expect(dump).toMatch(new RegExp(`^${path} 1 100644 1 `, "m"));
  }
});

test("each further name with another label becomes a copy of its own, of which there may be several alike", async () => {
  const contexts = "/usr/a.* A\n/usr/b.* B\n/usr/c.* A\n";
  const links = ["usr/a2", "usr/b1", "usr/b2", "usr/c1"].map((name) => hardlink(name, "usr/a1"));
  const image = layeredImage([
    [...policyItems({ file_contexts: contexts }), ...dirs("usr"), file("usr/a1", "x"), ...links],
  ]);
  const rows = (await dumpOf(image, bootable)).split("\n").filter((row) => /^\/usr\/./.test(row));
  expect(
    rows.map((row) =>
      row
        .split(" ")
        .filter((_, i) => [0, 2, 3, 8, 11].includes(i))
        .join(" "),
    ),
  ).toEqual([
    "/usr/a1 100644 3 - security.selinux=A",
    "/usr/a2 @120000 - /usr/a1",
    "/usr/b1 100644 1 - security.selinux=B",
    "/usr/b2 100644 1 - security.selinux=B",
    "/usr/c1 @120000 - /usr/a1",
  ]);
});

describe("/boot and /sysroot", () => {
  const usr = { mtime: 1000 };
  const base = [dir("usr", usr), dir("etc"), dir("boot", { mtime: 5, mode: 0o700 }), dir("sysroot", { mtime: 6 })];

  test("lose what they hold, and a file that has another name keeps it", async () => {
    const items = [...base, file("boot/kernel", "k"), hardlink("usr/kernel", "boot/kernel"), file("sysroot/x", "")];
    const dump = await dumpOf(layeredImage([items]), bootable);
    expect(dump).toMatch(/^\/boot 0 40700 2 0 0 0 1000\.0 /m);
    expect(dump).toMatch(/^\/sysroot 0 40755 2 0 0 0 1000\.0 /m);
    expect(dump).toMatch(/^\/usr\/kernel 1 100644 1 /m);
    expect(dump).not.toMatch(/^\/boot\/|^\/sysroot\//m);
  });

  test("revision 1 leaves their nanoseconds, revision 2 takes those of /usr", async () => {
    const at = (time: string) => ({ pax: [["mtime", time]] as [string, string][] });
    const items = [dir("usr", at("1000.25")), dir("boot", at("5.5")), dir("sysroot", at("6.75"))];
    const image = layeredImage([items]);
    const times = async (revision: 1 | 2) => {
      const dump = await dumpOf(image, { ...bootable, revision });
      return ["boot", "sysroot"].map((name) => new RegExp(`^/${name} .*? (\\d+\\.\\d+) `, "m").exec(dump)![1]);
    };
    expect(await times(1)).toEqual(["1000.500000000", "1000.750000000"]);
    expect(await times(2)).toEqual(["1000.250000000", "1000.250000000"]);
  });

  test.each<[string, Item[], string]>([
    ["no /boot", dirs("usr", "sysroot"), "LAYER_BOOT_MISSING"],
    ["no /sysroot", dirs("usr", "boot"), "LAYER_SYSROOT_MISSING"],
    ["/boot is a symlink", [...dirs("usr", "sysroot"), symlink("boot", "usr")], "LAYER_BOOT_TYPE"],
    ["/sysroot is a file", [...dirs("usr", "boot"), file("sysroot", "")], "LAYER_SYSROOT_TYPE"],
    ["no /usr", dirs("boot", "sysroot"), "LAYER_USR_MISSING"],
  ])("%s", async (_, items, code) => {
    await expect(dumpOf(layeredImage([items]), bootable)).rejects.toMatchObject({ code });
  });
});

describe("a policy", () => {
  const dumpWith = (items: Item[]) =>
    dumpOf(layeredImage([[...dirs("usr", "etc", "boot", "sysroot"), ...items]]), bootable);
  const config = (text: string) => [...dirs("etc/selinux"), file("etc/selinux/config", text)];
  const plain = dumpWith([]);

  test.each<[string, Item[]]>([
    ["no config", dirs("etc/selinux")],
    ["no SELINUXTYPE", config("SELINUX=enforcing\n")],
  ])("there is none: %s", async (_, items) => {
    expect((await dumpWith(items)).split("\n").filter((row) => !/^\/etc/.test(row))).toEqual(
      (await plain).split("\n").filter((row) => !/^\/etc/.test(row)),
    );
  });

  test("config and rules may be hard links, in any layer", async () => {
    const folders = dirs("etc/selinux", "etc/selinux/t", "etc/selinux/t/contexts", "etc/selinux/t/contexts/files");
    const lower = [
      ...dirs("usr", "etc", "boot", "sysroot"),
      file("usr/c", "SELINUXTYPE=t\n"),
      file("usr/f", `${"#".repeat(99)}\n/usr U\n`),
    ];
    const upper = [
      hardlink("etc/selinux/config", "usr/c"),
      hardlink("etc/selinux/t/contexts/files/file_contexts", "usr/f"),
    ];
    const labels = await labelsOf(layeredImage([lower, [...folders, ...upper]]));
    expect(labels).toMatchObject({ "/usr": "U", "/etc": null, "/": null });
  });

  const targeted = policyItems({}).slice(3);
  test.each<[string, Item[], string, RegExp]>([
    ["etc/selinux is a file", [file("etc/selinux", "")], "SELINUX_FILE", /\/etc\/selinux is a file and no directory/],
    ["config is a symlink", [...dirs("etc/selinux"), symlink("etc/selinux/config", "x")], "SELINUX_FILE", /symlink/],
    ["no directory of that name", config("SELINUXTYPE=targeted\n"), "SELINUX_FILE", /contexts\/files is not there/],
    ["the name leads elsewhere", config("SELINUXTYPE=../..\n"), "SELINUX_FILE", /is not there/],
    ["the name is empty", config("SELINUXTYPE=\n"), "SELINUX_FILE", /is not there/],
    ["no rules", targeted, "SELINUX_MISSING", /file_contexts/],
    [
      "rules are a directory",
      [...targeted, dir(`${POLICY}/file_contexts`)],
      "SELINUX_FILE",
      /directory and no regular/,
    ],
    [
      "a bad rule",
      [...targeted, file(`${POLICY}/file_contexts`, "/usr U\n/( U\n")],
      "SELINUX_PATTERN",
      /file_contexts.*2/,
    ],
  ])("is broken: %s", async (_, items, code, message) => {
    await expect(dumpWith(items)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("a label for which the xattrs of an entry leave no room, and one that just fits", async () => {
    const image = (bytes: number) => {
      const rules = `/usr/x ${"L".repeat(bytes)}\n`;
      return layeredImage([[...policyItems({ file_contexts: rules }), ...dirs("usr"), file("usr/x", "")]]);
    };
    // 12 for all, 7 for each, 16 of the key: 32767 in all (dumpfile.md 7).
    const most = 32767 - 12 - 7 - 16;
    expect((await labelsOf(image(most)))["/usr/x"]).toHaveLength(most);
    await expect(labelsOf(image(most + 1))).rejects.toMatchObject({
      code: expect.stringMatching(/LABEL_BUDGET|SELINUX_LIMIT/),
    });
    const capability = [["SCHILY.xattr.security.capability", "c".repeat(20)]] as [string, string][];
    const rules = `/usr/x ${"L".repeat(most)}\n`;
    const items = [...policyItems({ file_contexts: rules }), ...dirs("usr"), pax(capability), file("usr/x", "")];
    await expect(labelsOf(layeredImage([items]))).rejects.toMatchObject({ code: "LABEL_BUDGET" });
  });
});

test("a layer alone says which one its entries are of", async () => {
  const image = layeredImage([dirs("a"), [...dirs("b"), file("b/x", "")]]);
  const engine = acquireEngineSync();
  const tree = await image.tree(engine, { role: "layer", layer: 2 }, "sha256");
  expect([...tree.openCursor().entries()].slice(1).map(({ origin }) => origin)).toEqual([2, 2]);
  releaseEngine(engine);
});
