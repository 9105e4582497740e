/** Layouts in directories and archives that are written to: what was there stays, what is new is whole or not there. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ArchiveStore } from "../../../src/destination/archive.node.ts";
import type { NewManifest } from "../../../src/destination/destination.ts";
import { DirectoryStore } from "../../../src/destination/directory.node.ts";
import { LayoutDestination, type LayoutStore } from "../../../src/destination/layout.ts";
import { addImage, type Files, json, layoutOf, MANIFEST, TAG } from "../../support/layout.ts";
import { makeArchive, writeLayout } from "../../support/oci/forms.mjs";
import { digestOf } from "../../support/source.ts";
import { emptyFolder } from "../cli/run.ts";

const manifestOf = (value: object): NewManifest => {
  const bytes = json({ schemaVersion: 2, mediaType: MANIFEST, ...value });
  return { bytes, mediaType: MANIFEST, digest: digestOf(bytes) };
};
const IMAGE = manifestOf({ note: "image" });
const NEXT = manifestOf({ note: "next" });
const SUBJECT = { mediaType: MANIFEST, digest: IMAGE.digest, size: IMAGE.bytes.length };
const SEAL = manifestOf({ artifactType: "application/x.seal", subject: SUBJECT });
const blobOf = (bytes: Uint8Array) => ({ digest: digestOf(bytes), size: bytes.length, open: () => bytes });
const BLOB = blobOf(Buffer.from("a blob"));

/** A layout with one image, as skopeo spaces its index. */
function existing(): Files {
  const files: Files = new Map();
  const entry = { ...addImage(files), annotations: { [TAG]: "old" } };
  return layoutOf([entry], files).set(
    "index.json",
    Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] }, null, 1)),
  );
}

/** Places for a layout, and how their files are read. */
const PLACES = {
  async directory(path: string, files?: Files) {
    if (files !== undefined) {
      mkdirSync(path);
      writeLayout(files, path);
    }
    const open = async (): Promise<LayoutStore> => new DirectoryStore(path);
    return {
      open,
      read: (name: string): Buffer | null => (existsSync(join(path, name)) ? readFileSync(join(path, name)) : null),
    };
  },
  async archive(path: string, files?: Files) {
    if (files !== undefined) writeFileSync(path, makeArchive([...files]));
    const open = async (): Promise<LayoutStore> => ArchiveStore.open(path);
    const read = (name: string): Buffer | null => {
      const { status, stdout } = spawnSync("tar", ["-xOf", path, name], { maxBuffer: 1 << 28 });
      return status === 0 ? stdout : null;
    };
    return { open, read };
  },
};

describe.each(Object.entries(PLACES))("%s", (_, place) => {
  test("a new one has all that a layout has", async () => {
    const path = join(emptyFolder(), "new");
    const { open, read } = await place(path);
    const destination = new LayoutDestination(await open(), "v1");
    expect(await destination.putBlob(BLOB)).toBe(true);
    expect(await destination.putBlob(BLOB)).toBe(false);
    await destination.putReferrer(SEAL);
    await destination.putReferrer(SEAL);
    await destination.putNamed(IMAGE);
    expect(read("index.json")).toBeNull();
    await destination.commit();
    destination.discard();
    expect(read("oci-layout")!.toString()).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(read(`blobs/${BLOB.digest.replace(":", "/")}`)!.toString()).toBe("a blob");
    expect(JSON.parse(read("index.json")!.toString()).manifests).toEqual([
      { mediaType: MANIFEST, digest: SEAL.digest, size: SEAL.bytes.length, artifactType: "application/x.seal" },
      { mediaType: MANIFEST, digest: IMAGE.digest, size: IMAGE.bytes.length, annotations: { [TAG]: "v1" } },
    ]);
  });

  test("of one that is there everything stays but what is written; a tag moves", async () => {
    const path = join(emptyFolder(), "there");
    const files = existing();
    const { open, read } = await place(path, files);
    const before = files.get("index.json")!.toString();
    const first = new LayoutDestination(await open(), "v1");
    await first.putNamed(IMAGE);
    await first.commit();
    const entry = `{"mediaType":"${MANIFEST}","digest":"${IMAGE.digest}","size":${IMAGE.bytes.length},"annotations":{"${TAG}":"v1"}}`;
    const end = before.lastIndexOf("}\n ]");
    expect(read("index.json")!.toString()).toBe(`${before.slice(0, end + 1)},${entry}${before.slice(end + 1)}`);
    for (const [name, bytes] of files) if (name !== "index.json") expect(read(name)).toEqual(bytes);

    const second = new LayoutDestination(await open(), "v1");
    await second.putNamed(NEXT);
    await second.commit();
    const tagged = JSON.parse(read("index.json")!.toString()).manifests;
    expect(tagged.map(({ digest }: { digest: string }) => digest)).toEqual([expect.any(String), NEXT.digest]);
    const again = new LayoutDestination(await open(), "v1");
    const text = read("index.json")!.toString();
    await again.putNamed(NEXT);
    await again.commit();
    expect(read("index.json")!.toString()).toBe(text);

    const replacing = new LayoutDestination(await open(), null);
    await replacing.putManifest(IMAGE);
    await replacing.replace(new Map([[NEXT.digest, IMAGE]]));
    await replacing.commit();
    expect(read("index.json")!.toString()).toBe(
      text.replace(NEXT.digest, IMAGE.digest).replace(`${NEXT.bytes.length}`, `${IMAGE.bytes.length}`),
    );
  });

  test("what fails in the middle changes nothing, and leaves nothing behind", async () => {
    const folder = emptyFolder();
    const files = existing();
    const { open, read } = await place(join(folder, "there"), files);
    const destination = new LayoutDestination(await open(), "v1");
    await destination.putBlob(BLOB);
    const broken = async function* () {
      yield Buffer.from("begin");
      throw new Error("the source broke");
    };
    const digest = digestOf(Buffer.from("never"));
    await expect(destination.putBlob({ digest, size: 100, open: broken })).rejects.toThrow("the source broke");
    destination.discard();
    expect(read("index.json")).toEqual(files.get("index.json"));
    expect(read(`blobs/${digest.replace(":", "/")}`)).toBeNull();
    const left = readdirSync(folder, { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  test("what is given up while blobs are being written leaves nothing behind", async () => {
    const folder = emptyFolder();
    const { open } = await place(join(folder, "there"));
    const destination = new LayoutDestination(await open(), "v1");
    await new Promise<void>((resolve) => {
      const stalled = async function* () {
        yield Buffer.from("begin");
        resolve();
        await new Promise(() => {});
      };
      destination.putBlob({ digest: digestOf(Buffer.from("never")), size: 100, open: stalled }).catch(() => {});
    });
    const filesIn = () => readdirSync(folder, { recursive: true, encoding: "utf8" });
    expect(filesIn().filter((name) => name.includes(".tmp"))).toHaveLength(1);
    destination.discard();
    expect(filesIn().filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  test("an index with a tag twice is not made worse", async () => {
    const files = existing();
    const { manifests } = JSON.parse(files.get("index.json")!.toString());
    files.set("index.json", json({ schemaVersion: 2, manifests: [manifests[0], { ...manifests[0], platform: {} }] }));
    const { open, read } = await place(join(emptyFolder(), "there"), files);
    const destination = new LayoutDestination(await open(), "old");
    await destination.putNamed(IMAGE);
    await expect(destination.commit()).rejects.toMatchObject({ code: "SOURCE_SEVERAL" });
    destination.discard();
    expect(read("index.json")).toEqual(files.get("index.json"));
  });
});

describe("a directory", () => {
  test("that holds something else is not written into", () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "mine"), "");
    expect(() => new DirectoryStore(folder)).toThrow(expect.objectContaining({ code: "SOURCE_KIND" }));
    expect(() => new DirectoryStore(join(folder, "mine"))).toThrow(expect.objectContaining({ code: "IO_OPEN" }));
  });
});

describe("an archive", () => {
  test("that is compressed, or none, is refused and stays as it is", async () => {
    const folder = emptyFolder();
    const archive = makeArchive([...existing()]);
    const cases: [string, Uint8Array, RegExp][] = [
      ["compressed", gzipSync(archive), /unpacked/],
      ["layer", makeArchive([["usr/file", Buffer.from("x")]]), /oci-layout/],
      ["text", Buffer.alloc(600, "text"), /oci-layout|container/],
    ];
    for (const [name, bytes, message] of cases) {
      writeFileSync(join(folder, name), bytes);
      await expect(ArchiveStore.open(join(folder, name))).rejects.toMatchObject({
        code: "SOURCE_KIND",
        message: expect.stringMatching(message),
      });
      expect(readFileSync(join(folder, name))).toEqual(Buffer.from(bytes));
    }
  });

  test("keeps its mode, and what other tools put into it", async () => {
    const path = join(emptyFolder(), "archive");
    const files = existing().set("manifest.json", json([])).set("repositories", json({}));
    const padded = makeArchive([...files]);
    // GNU tar pads to twenty blocks; an archive may also end right behind its last member.
    writeFileSync(path, Buffer.concat([padded, Buffer.alloc(10240)]), { mode: 0o600 });
    const destination = new LayoutDestination(await ArchiveStore.open(path), "v1");
    await destination.putNamed(IMAGE);
    await destination.commit();
    const { stdout } = spawnSync("tar", ["-tf", path], { encoding: "utf8" });
    const names = stdout.split("\n").filter((name) => name !== "" && !name.endsWith("/"));
    expect(names).toEqual([
      ...[...files.keys()].filter((name) => name !== "index.json"),
      `blobs/${IMAGE.digest.replace(":", "/")}`,
      "index.json",
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
