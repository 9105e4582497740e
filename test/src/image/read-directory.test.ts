/**
 * Directories as layers, beside a slow twin. The threads are files of the build, so this tests the built package.
 */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import type { HashName } from "../../../src/engine/slot.ts";
import type { ImageLayer } from "../../../src/image/layers.ts";
import { mergeLayers } from "../../../src/image/merge.ts";
import type { readDirectory as Read, ReadDirectoryOptions } from "../../../src/image/read-directory.node.ts";
import { LayeredImage } from "../../../src/image/view.ts";
import { at, fillDirectory, setTime, someBytes } from "../../support/directory.ts";
import { directoryDump } from "../../support/naive/directory.ts";
import { fileDigest } from "../../support/naive/verity.ts";
import { treeOf } from "../../support/trees.ts";
import { emptyFolder } from "../cli/run.ts";

const built = new URL("../../../build/src/image/read-directory.node.js", import.meta.url).href;
const { readDirectory } = (await import(built)) as { readDirectory: typeof Read };

/** The canonical dumpfile of a layer, without labels, which a kernel with SELinux gives. */
function dumpOf(layer: ImageLayer, hash: HashName): string {
  const engine = acquireEngineSync();
  try {
    const tree = mergeLayers(engine, [layer.records], { hash, transform: null }, "off");
    return withoutLabels(
      Buffer.concat([...tree.canonicalDump()].map((piece) => Buffer.from(piece))).toString("latin1"),
    );
  } finally {
    releaseEngine(engine);
  }
}

const withoutLabels = (dump: string) => dump.replace(/ security\.selinux=\S*/g, "");

/** The same of the slow twin. */
function canonical(dump: string): string {
  return Buffer.concat([...treeOf(dump).canonicalDump()].map((piece) => Buffer.from(piece))).toString("latin1");
}

const read = (root: string, options: Partial<ReadDirectoryOptions> = {}) =>
  readDirectory(root, { hashes: ["sha256"], ...options });

describe("the records of a directory", () => {
  test("are those of the slow twin: both hashes, hard links and none, one thread and several", async () => {
    const root = emptyFolder();
    const xattrs = await fillDirectory(root);
    const dumps = new Map(
      (["sha256", "sha512"] as const).map((hash) => [hash, canonical(directoryDump(root, hash, xattrs))] as const),
    );
    for (const threads of [1, 2, 3]) {
      for (const accelerator of ["off", "on"] as const) {
        const both = await read(root, { hashes: ["sha256", "sha512"], threads, accelerator });
        for (const [hash, dump] of dumps) expect(dumpOf(both, hash)).toBe(dump);
        const one = await read(root, { hashes: ["sha512"], threads, accelerator });
        expect(dumpOf(one, "sha512")).toBe(dumps.get("sha512"));
      }
    }
    const split = await read(root, { hardlinks: false });
    expect(dumpOf(split, "sha256")).toBe(canonical(directoryDump(root, "sha256", xattrs, false)));
    expect(split).toMatchObject({ blob: null, diffId: null, isCached: false, unseen: [] });
  });

  test("do not depend on the order in which entries were made", async () => {
    const roots = [emptyFolder(), emptyFolder()];
    await fillDirectory(roots[0]!);
    await fillDirectory(roots[1]!, (items) => items.reverse());
    const timeless = await Promise.all(roots.map((root) => read(root, { times: false })));
    expect(dumpOf(timeless[1]!, "sha256")).toBe(dumpOf(timeless[0]!, "sha256"));
    // Files whose mtimes were set.
    const [a, b] = await Promise.all(roots.map((root) => read(root)));
    const named = (dump: string) => dump.split("\n").filter((line) => /^\/(names|sizes)\//.test(line));
    expect(named(dumpOf(b!, "sha256"))).toEqual(named(dumpOf(a!, "sha256")));
  });

  test("of large files, which threads share, are those of the slow twin", async () => {
    const root = emptyFolder();
    const large = someBytes((1 << 26) + 4097);
    writeFileSync(join(root, "large"), large);
    writeFileSync(join(root, "small"), "x".repeat(100));
    for (let i = 0; i < 6; i++) writeFileSync(join(root, `${i}`), someBytes(1 << 20, i));
    const digest = (hash: HashName) => fileDigest(large, { algorithm: hash, blockSize: 4096 }).toString("hex");
    for (const hash of ["sha256", "sha512"] as const) {
      // One thread shares nothing.
      for (const threads of [1, 2, 5]) {
        const layer = await read(root, { hashes: [hash], threads });
        expect(dumpOf(layer, hash)).toContain(` ${digest(hash)}\n`);
      }
    }
    const both = await read(root, { hashes: ["sha512", "sha256"], threads: 2 });
    for (const hash of ["sha256", "sha512"] as const) expect(dumpOf(both, hash)).toContain(` ${digest(hash)}\n`);
    expect(both.records.tarBytes).toBe(large.length + 100 + 6 * (1 << 20));
    expect(both.records.entries).toBe(9);
  });

  test("of an empty directory, and through a symbolic link", async () => {
    const root = emptyFolder();
    mkdirSync(join(root, "d"));
    symlinkSync("d", join(root, "l"));
    const one = await read(join(root, "d"));
    expect(dumpOf(one, "sha256")).toMatch(/^\/ 0 40755 2 /);
    expect(dumpOf(await read(join(root, "l")), "sha256")).toBe(dumpOf(one, "sha256"));
  });
});

describe("options", () => {
  test("times, devices and xattrs are left out", async () => {
    const root = emptyFolder();
    await fillDirectory(root);
    const dump = dumpOf(await read(root, { times: false, devices: false, xattrs: "none" }), "sha256");
    const lines = dump.trimEnd().split("\n");
    expect(lines.every((line) => line.split(" ")[7] === "0.0")).toBe(true);
    expect(lines.some((line) => /^\S+ \S+ [26]0/.test(line))).toBe(false);
    expect(lines.every((line) => line.split(" ").length === 11)).toBe(true);
  });

  test("what other systems do not show is said", async () => {
    const root = emptyFolder();
    expect((await read(root, { platform: "darwin" })).unseen).toEqual(["xattrs"]);
    expect((await read(root, { platform: "win32" })).unseen).toEqual(["owners", "permissions", "xattrs"]);
    expect((await read(root, { xattrs: "none" })).unseen).toEqual(["xattrs"]);
    const trees = new LayeredImage([await read(root, { xattrs: "none" })], "off");
    expect([trees.isDirectory, trees.unseen]).toEqual([true, ["xattrs"]]);
  });
});

describe("contents", () => {
  test("are kept where later steps read them, and read anew elsewhere", async () => {
    const root = emptyFolder();
    mkdirSync(join(root, "usr/lib"), { recursive: true });
    writeFileSync(join(root, "usr/lib/os-release"), "ID=debian\n".repeat(10));
    writeFileSync(join(root, "usr/other"), someBytes(600_000));
    const { records, open } = await read(root);
    expect(records.contents.map(({ path }) => Buffer.from(path).toString())).toEqual(["usr/lib/os-release"]);
    expect(Buffer.from(records.contents[0]!.bytes).toString()).toBe("ID=debian\n".repeat(10));
    const place = { layer: 0, path: Buffer.from("usr/other"), offset: 0, size: 600_000 };
    const content = async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of open(place)) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    expect((await content()).equals(someBytes(600_000))).toBe(true);
    appendFileSync(join(root, "usr/other"), "more");
    expect((await content()).length).toBe(600_000);
    truncateSync(join(root, "usr/other"), 599_999);
    await expect(content()).rejects.toMatchObject({ code: "IO_CHANGED" });
    rmSync(join(root, "usr/other"));
    await expect(content()).rejects.toMatchObject({ code: "IO_CHANGED" });
  });
});

describe("what changes between the scan and the end of the reading", () => {
  /** Ways to change a file of 100 bytes. */
  const CHANGES: Record<string, (path: string) => void> = {
    longer: (path) => appendFileSync(path, "more"),
    shorter: (path) => truncateSync(path, 99),
    newer: (path) => setTime(Buffer.from(path), 99n),
    replaced: (path) => {
      writeFileSync(`${path}.new`, readFileSync(path));
      setTime(Buffer.from(`${path}.new`), 7n);
      renameSync(`${path}.new`, path);
    },
    gone: (path) => rmSync(path),
    "a symbolic link": (path) => {
      rmSync(path);
      symlinkSync("/etc/passwd", path);
    },
    "a directory": (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  };
  const places = { inline: 64, small: 100, long: 300_000, large: (1 << 24) + 1, shared: (1 << 26) + 1 };

  for (const [how, change] of Object.entries(CHANGES)) {
    test.each(Object.entries(places))(`is refused: ${how}, a file that is %s`, async (_, size) => {
      const root = emptyFolder();
      writeFileSync(join(root, "f"), someBytes(size));
      setTime(at(root, "f"), 7n);
      const onEntry: ReadDirectoryOptions["onEntry"] = ({ path }) => {
        if (path.toString() !== "f") return;
        change(join(root, "f"));
        // What was put beside the file is no entry of the scan any more: only the file itself is looked at.
        setTime(Buffer.from(root), 5n);
      };
      setTime(Buffer.from(root), 5n);
      const error = { code: "IO_CHANGED", data: { path: join(root, "f") } };
      await expect(read(root, { onEntry, threads: size > 1 << 24 ? 2 : 1 })).rejects.toMatchObject(error);
    });
  }

  test("is refused by a thread, too, and no thread is left", async () => {
    const root = emptyFolder();
    for (let i = 0; i < 12; i++) writeFileSync(join(root, `${i}`), someBytes(1 << 20, i));
    setTime(Buffer.from(root), 5n);
    const onEntry: ReadDirectoryOptions["onEntry"] = ({ path }) => {
      if (path.toString() === "9") setTime(at(root, "9"), 99n);
    };
    const error = { name: "ComposefsError", code: "IO_CHANGED", data: { path: join(root, "9") } };
    await expect(read(root, { onEntry, threads: 2 })).rejects.toMatchObject(error);
  });
});

describe("an end before the end", () => {
  test("by a signal, while the directory is scanned and while files are hashed", async () => {
    const root = emptyFolder();
    for (let i = 0; i < 40; i++) writeFileSync(join(root, `${i}`), someBytes(1 << 20, i));
    for (const last of ["3", "9"]) {
      const controller = new AbortController();
      const onEntry: ReadDirectoryOptions["onEntry"] = ({ path }) => {
        if (path.toString() === last) setImmediate(() => controller.abort(new Error("enough")));
      };
      await expect(read(root, { onEntry, threads: 2, signal: controller.signal })).rejects.toThrow("enough");
    }
    await expect(read(root, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });
});
