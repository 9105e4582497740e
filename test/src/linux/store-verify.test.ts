/** `store verify` finds what is wrong, and `store gc` removes what is not needed and nothing else. */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verifyStore } from "../../../src/image/store-check.node.ts";
import { objectDigestsOfFile } from "../../../src/image/store-image.node.ts";
import { ObjectStore } from "../../../src/linux/store.node.ts";
import { collectGarbage } from "../../../src/linux/store-gc.node.ts";
import { contentOf, objectDigest, objectsIn, snapshot, someFiles, writeImage } from "../../support/store.ts";
import { emptyFolder, composefs as runComposefs } from "../cli/run.ts";

const LENGTHS = [100, 5000];

function store(cwd: string, ...args: string[]) {
  return runComposefs(["store", ...args, "--repo", "repo"], { cwd, env: { XDG_CACHE_HOME: join(cwd, "cache") } });
}

/** A repository with two images that share five of seven and eight files. */
function twoImages(): { cwd: string; images: string[]; pathOf: (seed: number) => string } {
  const cwd = emptyFolder();
  const shared = someFiles("usr/lib", 5, LENGTHS);
  const layers = [someFiles("usr/a", 2, LENGTHS, 100), someFiles("usr/b", 3, LENGTHS, 200)];
  const images = layers.map((own, i) => {
    const { stdout } = store(
      cwd,
      "import",
      writeImage(cwd, [[...shared, ...own]], `${i}`),
      "--no-verity",
      "-q",
      "--json",
    );
    return (JSON.parse(stdout) as { image: string }).image;
  });
  const pathOf = (seed: number) => {
    const digest = objectDigest(contentOf(seed, LENGTHS[(seed % 100) % 2]!));
    return join(cwd, "repo/objects", digest.slice(0, 2), digest.slice(2));
  };
  return { cwd, images, pathOf };
}

const digestOf = (path: string) => path.split("/").slice(-2).join("");

describe.skipIf(process.platform !== "linux")("verify (needs Linux)", () => {
  test("finds everything good, on one thread and on two", () => {
    const { cwd } = twoImages();
    for (const threads of ["1", "2"]) {
      const { exitCode, stdout } = store(cwd, "verify", "--threads", threads);
      const counts = "12 objects good: 0 measured by the kernel, 12 computed; 2 images; 0 problems\n";
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: counts });
    }
  });

  const HARM: Record<string, (path: string) => void> = {
    truncated: (path) => truncateSync(path, 40),
    empty: (path) => truncateSync(path, 0),
    longer: (path) => appendFileSync(path, "x"),
    changed: (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(path, bytes);
    },
    linked: (path) => {
      writeFileSync(`${path}-elsewhere`, readFileSync(path));
      unlinkSync(path);
      symlinkSync(`${path}-elsewhere`, path);
    },
    directory: (path) => {
      unlinkSync(path);
      mkdirSync(path);
    },
    missing: unlinkSync,
  };

  test.each(Object.keys(HARM))("an object that is %s, with all files that need it", (harm) => {
    const { cwd, images, pathOf } = twoImages();
    HARM[harm]!(pathOf(1));
    for (const threads of ["1", "2"]) {
      const { exitCode, stdout } = store(cwd, "verify", "--json", "--threads", threads);
      expect(exitCode).toBe(1);
      const { problems, computed } = JSON.parse(stdout) as { problems: unknown[]; computed: number };
      const kind = harm === "missing" ? "missing" : "damaged";
      const neededBy = [...images].sort().map((image) => ({ image, path: "/usr/lib/f1" }));
      const digest = digestOf(pathOf(1));
      expect(problems).toEqual([{ digest, kind, reason: expect.any(String), isImage: false, neededBy }]);
      expect(computed).toBe(11);
    }
    const text = store(cwd, "verify").stdout;
    expect(text).toContain(`object ${digestOf(pathOf(1))}: `);
    expect(text).toContain(`  needed by /usr/lib/f1 of ${images[0]}\n`);
  });

  test("only the images that are asked for", () => {
    const { cwd, images, pathOf } = twoImages();
    unlinkSync(pathOf(200));
    expect(store(cwd, "verify", "--image", images[0]!).exitCode).toBe(0);
    const { exitCode, stdout } = store(cwd, "verify", "--image", images[1]!, "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      images: 1,
      computed: 8,
      problems: [{ neededBy: [{ path: "/usr/b/f0" }] }],
    });
  });

  test("an image that is damaged, missing or a link to something else", async () => {
    const { cwd, images } = twoImages();
    const [a, b] = images as [string, string];
    const repo = join(cwd, "repo");
    const object = join(repo, "objects", a.slice(0, 2), a.slice(2));
    const bytes = readFileSync(object);
    const problems = async () => (await verifyStore(ObjectStore.open(repo))).problems;
    writeFileSync(object, "no image");
    expect(await problems()).toMatchObject([{ digest: a, kind: "damaged", isImage: true, neededBy: [] }]);
    unlinkSync(object);
    expect(await problems()).toMatchObject([{ digest: a, kind: "missing", isImage: true }]);
    unlinkSync(join(repo, "images", a));
    symlinkSync(`../objects/${b.slice(0, 2)}/${b.slice(2)}`, join(repo, "images", a));
    expect(await problems()).toMatchObject([{ digest: a, kind: "damaged", reason: "it is a link to something else" }]);
    // A plain file, as other tools may put one there, is an image like others.
    unlinkSync(join(repo, "images", a));
    writeFileSync(join(repo, "images", a), bytes);
    expect(await problems()).toEqual([]);
    // What was found before it can be repaired.
    expect((await collectGarbage(ObjectStore.open(repo), objectDigestsOfFile)).removed).toBe(0);
  });
});

describe.skipIf(process.platform !== "linux")("gc (needs Linux)", () => {
  test("removes what only the removed image needs; a dry run says so", () => {
    const { cwd, images, pathOf } = twoImages();
    const before = snapshot(join(cwd, "repo"));
    store(cwd, "remove", images[1]!);
    expect(JSON.parse(store(cwd, "gc", "--dry-run", "--json").stdout)).toMatchObject({
      images: 1,
      kept: 8,
      removed: 4,
    });
    expect(objectsIn(join(cwd, "repo")).length).toBe(12);
    expect(store(cwd, "gc").stdout).toMatch(/^removed 4 objects \(.*\); kept 8 of 1 image\n$/);
    for (const seed of [200, 201, 202]) expect(() => readFileSync(pathOf(seed))).toThrow();
    expect(store(cwd, "verify").exitCode).toBe(0);
    store(cwd, "remove", images[0]!);
    expect(JSON.parse(store(cwd, "gc", "--json").stdout)).toMatchObject({ images: 0, kept: 0, removed: 8 });
    expect(objectsIn(join(cwd, "repo"))).toEqual([]);
    // From nothing to what it was.
    for (const name of ["0", "1"]) store(cwd, "import", name, "--no-verity");
    expect(snapshot(join(cwd, "repo"))).toEqual(before);
  });

  test("leaves names alone that are no objects, and files that are not old enough", async () => {
    const { cwd } = twoImages();
    const repo = join(cwd, "repo");
    const strange = [
      "objects/README",
      "objects/ab/README",
      `objects/ab/${"A".repeat(126)}`,
      `objects/ab/${"a".repeat(61)}`,
    ];
    mkdirSync(join(repo, "objects/ab"), { recursive: true });
    for (const path of strange) writeFileSync(join(repo, path), "");
    writeFileSync(join(repo, "objects/.tmp/left"), "over");
    // Times that anybody can set do not count.
    utimesSync(join(repo, "objects/.tmp/left"), 1, 1);
    const gc = (temporaryAgeMs?: number) =>
      collectGarbage(
        ObjectStore.open(repo),
        objectDigestsOfFile,
        temporaryAgeMs === undefined ? {} : { temporaryAgeMs },
      );
    expect(await gc()).toMatchObject({ kept: 12, removed: 0, temporary: 0 });
    for (const path of [...strange, "objects/.tmp/left"]) expect(snapshot(repo).has(path)).toBe(true);
    expect(await gc(-1)).toMatchObject({ removed: 0, temporary: 1, temporaryBytes: 4 });
    expect(snapshot(repo).has("objects/.tmp/left")).toBe(false);
  });

  test("removes nothing when an image cannot be read, or another tool has streams", () => {
    const { cwd, images } = twoImages();
    const repo = join(cwd, "repo");
    const code = () => store(cwd, "gc").stderr.split(":")[0];
    store(cwd, "remove", images[1]!);
    mkdirSync(join(repo, "streams"));
    writeFileSync(join(repo, "streams/oci-layer-sha256"), "");
    expect(code()).toBe("STORE_STREAMS");
    rmSync(join(repo, "streams"), { recursive: true });
    writeFileSync(join(repo, "images/refs/web"), "");
    expect(code()).toBe("STORE_LAYOUT");
    unlinkSync(join(repo, "images/refs/web"));
    writeFileSync(join(repo, "objects", images[0]!.slice(0, 2), images[0]!.slice(2)), "no image");
    expect(code()).toBe("LINUX_IMAGE_DIGEST");
    unlinkSync(join(repo, "objects", images[0]!.slice(0, 2), images[0]!.slice(2)));
    expect(code()).toBe("IO_OPEN");
    expect(objectsIn(repo).length).toBe(11);
  });
});
