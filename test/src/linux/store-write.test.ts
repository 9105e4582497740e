/** Writing objects, with an fs-verity that the test plays: what is enabled when, and who wins a name. */
import {
  chmodSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { ObjectStore } from "../../../src/linux/store.node.ts";
import { lockStore } from "../../../src/linux/store-lock.node.ts";
import { checkObject, type VerityCalls } from "../../../src/linux/store-object.node.ts";
import { ObjectWriter } from "../../../src/linux/store-write.node.ts";
import type { MeasuredDigest } from "../../../src/linux/verity.node.ts";
import { contentOf, objectDigest, snapshot } from "../../support/store.ts";
import { emptyFolder } from "../cli/run.ts";

/** fs-verity as the kernel has it: by inode, once, not while somebody writes to the file. */
class PlayedVerity implements VerityCalls {
  readonly log: string[] = [];
  readonly signatures: Array<Uint8Array | undefined> = [];
  readonly #digests = new Map<string, MeasuredDigest>();

  enable(fd: number, { hash = "sha256", signature }: { hash?: "sha256" | "sha512"; signature?: Uint8Array }): void {
    const inode = inodeOf(fd);
    if (this.#digests.has(inode)) throw new ComposefsError("VERITY_ALREADY", "");
    const link = readlinkSync(`/proc/self/fd/${fd}`);
    for (const other of readdirSync("/proc/self/fd")) {
      if (other !== String(fd) && targetOf(other) === link) throw new ComposefsError("VERITY_BUSY", "");
    }
    this.#digests.set(inode, { hash, digest: objectDigest(readFileSync(link), hash) });
    this.signatures.push(signature);
    this.log.push(link.includes("/.tmp/") ? "temporary" : "object");
  }

  state(fd: number): MeasuredDigest | "off" {
    return this.#digests.get(inodeOf(fd)) ?? "off";
  }
}

/** Numbers are given anew when a file is gone. */
function inodeOf(fd: number): string {
  const { ino, birthtimeNs } = fstatSync(fd, { bigint: true });
  return `${ino} ${birthtimeNs}`;
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

async function opened(verity: VerityCalls | null) {
  const path = join(emptyFolder(), "repo");
  const store = ObjectStore.create(path);
  const lock = await lockStore(store, "shared", 0);
  const writer = new ObjectWriter(store, lock, { verity });
  const put = (bytes: Uint8Array, digest = objectDigest(bytes, "sha256"), signature?: Uint8Array) => {
    writer.begin(digest, bytes.length, signature);
    for (let at = 0; at < bytes.length; at += 1000) writer.write(bytes.subarray(at, at + 1000));
    writer.end();
    return store.objectPath(digest).toString();
  };
  return { path, store, lock, writer, put };
}

const SOME = contentOf(1, 9000);
const OTHER = contentOf(2, 9000);
const SOME_DIGEST = objectDigest(SOME, "sha256");

describe.skipIf(process.platform !== "linux")("an object (needs Linux)", () => {
  test("has fs-verity before it has its name, and its name only after commit", async () => {
    const verity = new PlayedVerity();
    const { writer, put, path, store } = await opened(verity);
    const object = put(SOME);
    expect({ log: verity.log, isThere: existsSync(object) }).toEqual({ log: ["temporary"], isThere: false });
    expect(readdirSync(join(path, "objects/.tmp")).length).toBe(1);
    writer.commit();
    expect(readFileSync(object).equals(SOME)).toBe(true);
    expect(statSync(object).nlink).toBe(1);
    expect(readdirSync(join(path, "objects/.tmp"))).toEqual([]);
    expect(writer.has(SOME_DIGEST, SOME.length)).toBe(true);
    expect(writer.counts).toEqual({ written: 1, writtenBytes: 9000, repaired: 0 });
    expect(checkObject(store.objectPath(SOME_DIGEST), SOME_DIGEST, { verity })).toMatchObject({ by: "measured" });
  });

  test("gets the signature that is given for it, others get none", async () => {
    const verity = new PlayedVerity();
    const { put } = await opened(verity);
    put(SOME);
    put(OTHER, undefined, new Uint8Array([1, 2]));
    expect(verity.signatures).toEqual([undefined, new Uint8Array([1, 2])]);
  });

  test.each([true, false])("that is not what its name says gets none (fs-verity: %s)", async (isOn) => {
    const { writer, put, path } = await opened(isOn ? new PlayedVerity() : null);
    const code = (bytes: Uint8Array, size = bytes.length) => {
      expect(() => {
        writer.begin(SOME_DIGEST, size);
        writer.write(bytes);
        writer.end();
      }).toThrow(expect.objectContaining({ code: "STORE_OBJECT_DIGEST" }));
    };
    code(OTHER);
    code(SOME.subarray(1));
    code(SOME, SOME.length + 1);
    const file = join(path, "../file");
    writeFileSync(file, OTHER);
    const copy = () => writer.copy(file, SOME_DIGEST, SOME.length);
    expect(copy).toThrow(expect.objectContaining({ code: "STORE_OBJECT_DIGEST" }));
    mkdirSync(`${file}s`);
    symlinkSync(file, `${file}s/link`);
    for (const odd of [`${file}s`, `${file}s/link`, "/dev/zero"]) {
      expect(() => writer.copy(odd, SOME_DIGEST, SOME.length)).toThrow(
        expect.objectContaining({ code: "STORE_OBJECT_DIGEST" }),
      );
    }
    put(OTHER);
    writer.discard();
    expect([...snapshot(path).keys()].sort()).toEqual(["images", "images/refs", "objects", "objects/.tmp"]);
  });

  test("without fs-verity gets it when it is asked for, and is taken only if it is right", async () => {
    const verity = new PlayedVerity();
    const plain = await opened(null);
    plain.put(SOME);
    plain.put(OTHER);
    plain.writer.commit();
    const digest = objectDigest(OTHER, "sha256");
    writeFileSync(plain.store.objectPath(digest), SOME);
    const writer = new ObjectWriter(plain.store, plain.lock, { verity });
    expect(writer.has(SOME_DIGEST, SOME.length)).toBe(true);
    expect(writer.has(digest, OTHER.length)).toBe(false);
    expect(verity.log).toEqual(["object", "object"]);
    // Without fs-verity the size has to do.
    expect(plain.writer.has(digest, OTHER.length)).toBe(true);
    expect(plain.writer.has(digest, OTHER.length + 1)).toBe(false);
  });

  test("that another importer has placed meanwhile stays; a damaged one is replaced", async () => {
    const { writer, put, store } = await opened(null);
    const object = put(SOME);
    store.ensureFolder(`objects/${SOME_DIGEST.slice(0, 2)}`);
    writeFileSync(object, SOME);
    const { ino } = statSync(object);
    writer.commit();
    expect(statSync(object).ino).toBe(ino);
    expect(writer.counts.written).toBe(0);

    unlinkSync(object);
    put(SOME);
    writeFileSync(object, "cut");
    linkSync(object, `${object}-kept`);
    writer.commit();
    expect(readFileSync(object).equals(SOME)).toBe(true);
    expect(readFileSync(`${object}-kept`, "utf8")).toBe("cut");
    expect(writer.counts).toEqual({ written: 1, writtenBytes: 9000, repaired: 1 });
  });

  test("that is copied has the mode of objects, and the bytes of the file", async () => {
    const { writer, path, store } = await opened(new PlayedVerity());
    const file = join(path, "../file");
    writeFileSync(file, SOME);
    chmodSync(file, 0o4700);
    writer.copy(file, SOME_DIGEST, SOME.length);
    writer.commit();
    const object = store.objectPath(SOME_DIGEST);
    expect(readFileSync(object).equals(SOME)).toBe(true);
    expect(statSync(object).mode & 0o7777).toBe(0o644);
  });
});

describe.skipIf(process.platform !== "linux")("the lock (needs Linux)", () => {
  test("is shared by importers, and nobody else's while one collects garbage", async () => {
    const store = ObjectStore.create(join(emptyFolder(), "repo"));
    const busy = expect.objectContaining({ code: "STORE_BUSY" });
    const first = await lockStore(store, "shared", 0);
    const second = await lockStore(store, "shared", 0);
    await expect(lockStore(store, "exclusive", 60)).rejects.toThrow(busy);
    first.release();
    await expect(lockStore(store, "exclusive", 0)).rejects.toThrow(busy);
    second.release();
    const third = await lockStore(store, "exclusive", 0);
    await expect(lockStore(store, "shared", 0)).rejects.toThrow(busy);
    const waiting = lockStore(store, "shared", 60_000);
    third.release();
    (await waiting).release();
  });
});
