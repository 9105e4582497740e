/** Where kernels and boot entries are: boot-transform.md 4.1. */
import { describe, expect, test } from "vitest";
import { type BootFile, type BootNode, type BootTree, findBootFiles } from "../../../src/boot/find.ts";
import type { Entry } from "../../../src/image/cursor.ts";
import { dumpOf, golden } from "../../support/oci/golden.ts";
import { treeOf } from "../../support/trees.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** A tree of a cursor: `d PATH`, `f PATH`, `l PATH`, `p PATH`, or `h PATH TARGET`. Directories above are made. */
function cursorOf(lines: string[]): BootTree<Entry> {
  const modes: Record<string, string> = { d: "40755", f: "100644", l: "120777", p: "10644" };
  const entries = new Map<string, string>();
  for (const line of lines) {
    const [type, path, target] = line.split(" ") as [string, string, string?];
    for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) {
      if (!entries.has(path.slice(0, at))) entries.set(path.slice(0, at), "0 40755 2 0 0 0 0.0 - - -");
    }
    const size = type === "l" ? 1 : 0;
    const payload = type === "l" ? "x" : "-";
    if (type === "h") entries.set(path, `0 @100644 1 0 0 0 0.0 ${target} - -`);
    else entries.set(path, `${size} ${modes[type]} 1 0 0 0 0.0 ${payload} - -`);
  }
  const body = [...entries].map(([path, rest]) => `${path} ${rest}\n`).join("");
  return treeOf(`/ 0 40755 2 0 0 0 0.0 - - -\n${body}`).openCursor();
}

/** `KIND PATH` and what else is known. */
function shown(files: BootFile[]): string[] {
  return files.map(({ kind, path, kernelVersion, uki, initramfs, problem }) => {
    const more = [kernelVersion && `of ${text(kernelVersion)}`, uki && `to ${text(uki)}`];
    more.push(initramfs && `with ${text(initramfs.path)}`, problem && `(${problem})`);
    return [`${kind} ${text(path)}`, ...more.filter((part) => part !== undefined)].join(" ");
  });
}

const found = (...lines: string[]) => shown(findBootFiles(cursorOf(lines)));

describe("boot entries", () => {
  test("regular files *.conf in /boot/loader/entries, not below", () => {
    const folder = "/boot/loader/entries";
    const lines = ["f .conf", "f a.conf", "f b.CONF", "f c.conf.bak", "f conf", "d d", "f d/e.conf"];
    expect(found(...lines.map((line) => line.replace(" ", ` ${folder}/`)), "f /boot/x.conf")).toEqual([
      `entry ${folder}/.conf`,
      `entry ${folder}/a.conf`,
    ]);
  });
});

describe("unified kernel images", () => {
  test("*.efi at any depth below /boot/EFI/Linux, and nowhere else in /boot", () => {
    const files = ["a.efi", "b/c.efi", "b/d/e/f.efi", "b.efi.d/x", ".efi", "efi", "g.EFI", "h.efi.bak"];
    const others = ["f /boot/EFI/x.efi", "f /boot/EFI/BOOT/BOOTX64.efi", "f /boot/x.efi", "f /EFI/Linux/x.efi"];
    expect(found(...files.map((name) => `f /boot/EFI/Linux/${name}`), ...others)).toEqual([
      "uki /boot/EFI/Linux/.efi",
      "uki /boot/EFI/Linux/a.efi",
      "uki /boot/EFI/Linux/b/c.efi",
      "uki /boot/EFI/Linux/b/d/e/f.efi",
    ]);
  });

  test("*.efi at any depth below the directories of /usr/lib/modules, whose names are the versions", () => {
    const files = ["6.1/a.efi", "6.1/b/c.efi", "6.2/a.efi", "6.2/b/d.addon.efi", "e.efi"];
    expect(found(...files.map((name) => `f /usr/lib/modules/${name}`))).toEqual([
      "uki /usr/lib/modules/6.1/a.efi of 6.1",
      "uki /usr/lib/modules/6.1/b/c.efi of 6.1",
      "uki /usr/lib/modules/6.2/a.efi of 6.2",
      "addon /usr/lib/modules/6.2/b/d.addon.efi of 6.2",
    ]);
  });

  test("*.addon.efi is an addon, of the image after which the directory NAME.efi.extra.d is called", () => {
    const files = [
      "a.efi",
      "a.efi.extra.d/x.addon.efi",
      "a.efi.extra.d/deep/x.addon.efi",
      "a.efi.extra.d/y.efi",
      "b/c.efi.extra.d/.addon.efi",
      "d.extra.d/x.addon.efi",
      "e.addon.efi",
      "f.addon.efi.extra.d/x.addon.efi",
    ];
    expect(found(...files.map((name) => `f /boot/EFI/Linux/${name}`))).toEqual([
      "uki /boot/EFI/Linux/a.efi",
      "addon /boot/EFI/Linux/a.efi.extra.d/deep/x.addon.efi",
      "addon /boot/EFI/Linux/a.efi.extra.d/x.addon.efi to /boot/EFI/Linux/a.efi",
      "uki /boot/EFI/Linux/a.efi.extra.d/y.efi",
      "addon /boot/EFI/Linux/b/c.efi.extra.d/.addon.efi to /boot/EFI/Linux/b/c.efi",
      "addon /boot/EFI/Linux/d.extra.d/x.addon.efi",
      "addon /boot/EFI/Linux/e.addon.efi",
      "addon /boot/EFI/Linux/f.addon.efi.extra.d/x.addon.efi",
    ]);
  });

  test("*.addon.efi below /boot/loader/addons is a global one", () => {
    const files = ["a.addon.efi", "b/c.addon.efi", "d.efi.extra.d/e.addon.efi", "f.efi"];
    expect(found(...files.map((name) => `f /boot/loader/addons/${name}`))).toEqual([
      "global addon /boot/loader/addons/a.addon.efi",
      "global addon /boot/loader/addons/b/c.addon.efi",
      "global addon /boot/loader/addons/d.efi.extra.d/e.addon.efi",
    ]);
  });
});

describe("kernels", () => {
  const at = (...names: string[]) => found(...names.map((name) => `f /usr/lib/modules/${name}`));

  test("vmlinuz, with initramfs.img beside it", () => {
    expect(at("6.1/vmlinuz", "6.1/initramfs.img", "6.2/vmlinuz", "6.3/initramfs.img", "6.4/modules.dep")).toEqual([
      "kernel /usr/lib/modules/6.1/vmlinuz of 6.1 with /usr/lib/modules/6.1/initramfs.img",
      "kernel /usr/lib/modules/6.2/vmlinuz of 6.2",
    ]);
  });

  test("directly in the directory of a version", () => {
    expect(at("vmlinuz", "6.1/vmlinuz", "6.1/a/vmlinuz", "6.1/a/initramfs.img", "6.1/vmlinuz-6.1")).toEqual([
      "kernel /usr/lib/modules/6.1/vmlinuz of 6.1",
    ]);
  });
});

describe("what is missing or of a wrong type", () => {
  test("missing directories are fine", () => {
    for (const lines of [
      [],
      ["d /boot"],
      ["d /boot/EFI"],
      ["d /boot/loader"],
      ["d /usr/lib"],
      ["d /usr/lib/modules"],
    ]) {
      expect(found(...lines)).toEqual([]);
    }
  });

  test.each([
    ["/boot", "/boot"],
    ["/boot/loader", "/boot/loader"],
    ["/boot/loader/entries", "/boot/loader/entries"],
    ["/boot/loader/addons", "/boot/loader/addons"],
    ["/boot/EFI", "/boot/EFI"],
    ["/boot/EFI/Linux", "/boot/EFI/Linux"],
    ["/usr", "/usr"],
    ["/usr/lib", "/usr/lib"],
    ["/usr/lib/modules", "/usr/lib/modules"],
  ])("%s that is no directory is reported, once", (path) => {
    expect(found(`f ${path}`)).toEqual([`problem ${path} (a file, not a directory)`]);
    expect(found(`l ${path}`)).toEqual([`problem ${path} (a symlink, which is not followed)`]);
    expect(found("f /etc/x", `h ${path} /etc/x`)).toEqual([`problem ${path} (a file, not a directory)`]);
  });

  test.each([
    "/boot/loader/entries/a.conf",
    "/boot/loader/addons/a.addon.efi",
    "/boot/EFI/Linux/a.efi",
    "/boot/EFI/Linux/b/a.addon.efi",
    "/usr/lib/modules/6/a.efi",
    "/usr/lib/modules/6/b/a.addon.efi",
    "/usr/lib/modules/6/vmlinuz",
    "/usr/lib/modules/6/initramfs.img",
  ])("%s that is no regular file is reported", (path) => {
    const version = path.startsWith("/usr") ? " of 6" : "";
    const problem = `problem ${path}${version}`;
    expect(found(`l ${path}`)).toEqual([`${problem} (a symlink, which is not followed)`]);
    expect(found(`p ${path}`)).toEqual([`${problem} (a fifo, not a regular file)`]);
    expect(found(`d ${path}`)).toEqual([`${problem} (a directory, not a regular file)`]);
    expect(found("l /etc/x", `h ${path} /etc/x`)).toEqual([`${problem} (a symlink, which is not followed)`]);
  });

  test("a directory is searched whatever it is called", () => {
    expect(found("f /boot/EFI/Linux/a.efi/b.efi")).toEqual([
      "problem /boot/EFI/Linux/a.efi (a directory, not a regular file)",
      "uki /boot/EFI/Linux/a.efi/b.efi",
    ]);
  });

  test("a symlink that may lead to a directory is reported where directories are searched", () => {
    const links = ["/boot/EFI/Linux/a", "/boot/EFI/Linux/b/c", "/boot/loader/addons/d", "/usr/lib/modules/6.1"];
    expect(found(...links.map((path) => `l ${path}`))).toEqual(
      links.map((path) => `problem ${path} (a symlink, which is not followed)`),
    );
    // Usual ones, and files beside directories.
    const usual = ["l /usr/lib/modules/6/build", "l /usr/lib/modules/6/source", "f /usr/lib/modules/README"];
    expect(found(...usual, "l /boot/loader/entries/a", "f /boot/EFI/Linux/README")).toEqual([]);
  });

  test("a kernel whose initramfs.img is a symlink has none", () => {
    expect(found("f /usr/lib/modules/6/vmlinuz", "l /usr/lib/modules/6/initramfs.img")).toEqual([
      "problem /usr/lib/modules/6/initramfs.img of 6 (a symlink, which is not followed)",
      "kernel /usr/lib/modules/6/vmlinuz of 6",
    ]);
  });
});

test("a hardlink is the file that it is a name of", () => {
  const tree = cursorOf([
    "f /etc/kernel",
    "h /boot/EFI/Linux/a.efi /etc/kernel",
    "h /usr/lib/modules/6/vmlinuz /etc/kernel",
  ]);
  const files = findBootFiles(tree);
  expect(shown(files)).toEqual(["uki /boot/EFI/Linux/a.efi", "kernel /usr/lib/modules/6/vmlinuz of 6"]);
  const owner = tree.find(Buffer.from("/etc/kernel"))!.index;
  expect(files.map(({ entry }) => entry.index)).toEqual([owner, owner]);
});

test("paths and versions are bytes", () => {
  const [file] = findBootFiles(cursorOf(["f /usr/lib/modules/\\xff\\xfe/\\x80.efi"]));
  expect(text(file!.path)).toBe("/usr/lib/modules/\xff\xfe/\x80.efi");
  expect(text(file!.kernelVersion!)).toBe("\xff\xfe");
});

test("the order is that of the bytes of the paths, whatever the order of the tree", () => {
  interface Made extends BootNode {
    children: Made[];
  }
  const nodes: Made[] = [];
  const node = (name: string, ...children: Made[]): Made => {
    const type = children.length > 0 ? "directory" : "file";
    const made = { index: nodes.length, owner: nodes.length, name: Buffer.from(name, "latin1"), type, children };
    nodes.push(made);
    return made;
  };
  const linux = node("Linux", node("\xff.efi"), node("b", node("z.efi"), node("a.efi")), node("b.efi"), node("a.efi"));
  const root = node("", node("boot", node("EFI", linux)));
  const tree: BootTree<Made> = {
    find(path) {
      const names = text(path).split("/").slice(1);
      return names.reduce<Made | undefined>(
        (at, name) => at?.children.find((child) => text(child.name) === name),
        root,
      );
    },
    children: (directory) => directory.children,
    at: (index) => nodes[index]!,
  };
  expect(findBootFiles(tree).map(({ path }) => text(path).slice("/boot/EFI/Linux/".length))).toEqual([
    "a.efi",
    "b.efi",
    "b/a.efi",
    "b/z.efi",
    "\xff.efi",
  ]);
});

test("deep and wide trees: the work is linear", () => {
  const deep = `/boot/EFI/Linux${"/d".repeat(2000)}`;
  const wide = Array.from({ length: 20_000 }, (_, i) => `f /boot/EFI/Linux/w/${i}.efi`);
  const files = findBootFiles(cursorOf([`f ${deep}/x.efi`, ...wide]));
  expect(files).toHaveLength(20_001);
  expect(text(files[0]!.path)).toBe(`${deep}/x.efi`);
});

test.each(["boot", "bootplain"])("the golden image %s", (image) => {
  const tree = treeOf(dumpOf(golden.images.find((one) => one.image === image)!));
  const files = findBootFiles(tree.openCursor());
  const version = text(files.at(-1)!.kernelVersion!);
  const uki = `/boot/EFI/Linux/test-${version}.efi`;
  const modules = `/usr/lib/modules/${version}`;
  expect(version).toMatch(/^6\.[0-9]+\.[0-9]+$/);
  expect(shown(files)).toEqual([
    `uki ${uki}`,
    `addon ${uki}.extra.d/debug.addon.efi to ${uki}`,
    `kernel ${modules}/vmlinuz of ${version} with ${modules}/initramfs.img`,
  ]);
});
