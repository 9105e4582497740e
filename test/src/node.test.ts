/** The functions for files, when a file is not as it should be. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { buildImage, buildImageFile, ComposefsError, verityDigest, verityDigestFile } from "../../src/node.ts";
import { emptyFolder } from "./cli/run.ts";

const DUMP = "/ 0 40755 2 0 0 0 0.0 - - -\n";

test("a missing file is IO_OPEN with its path", async () => {
  const folder = emptyFolder();
  const missing = join(folder, "missing");
  const expected = {
    name: "ComposefsError",
    code: "IO_OPEN",
    message: `cannot open "${missing}": No such file or directory`,
    data: { path: missing },
  };
  const error = await buildImageFile(missing, join(folder, "image")).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ComposefsError);
  expect(error).toMatchObject(expected);
  await expect(buildImageFile(pathToFileURL(missing), join(folder, "image"))).rejects.toMatchObject(expected);
  await expect(verityDigestFile(missing)).rejects.toMatchObject(expected);
  expect(readdirSync(folder)).toEqual([]);
});

test("a directory is IO_READ as input and IO_OPEN as output", async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, "dump"), DUMP);
  await expect(verityDigestFile(folder)).rejects.toMatchObject({ code: "IO_READ", data: { path: folder } });
  await expect(buildImageFile(folder, join(folder, "image"))).rejects.toMatchObject({ code: "IO_READ" });
  await expect(buildImageFile(join(folder, "dump"), folder)).rejects.toMatchObject({ code: "IO_OPEN" });
});

test("a full disk is IO_WRITE", async () => {
  if (!existsSync("/dev/full")) return console.warn("SKIPPED: no /dev/full: nothing refuses what is written");
  const folder = emptyFolder();
  writeFileSync(join(folder, "dump"), DUMP);
  await expect(buildImageFile(join(folder, "dump"), "/dev/full")).rejects.toMatchObject({
    code: "IO_WRITE",
    message: 'cannot write "/dev/full": No space left on device',
    data: { path: "/dev/full" },
  });
});

test("- is a file of that name", async () => {
  const folder = emptyFolder();
  const before = process.cwd;
  mkdirSync(join(folder, "here"));
  process.cwd = () => join(folder, "here");
  try {
    writeFileSync(join(folder, "dump"), DUMP);
    const { size } = await buildImageFile(join(folder, "dump"), "-");
    expect(readFileSync(join(folder, "here/-")).length).toBe(size);
  } finally {
    process.cwd = before;
  }
});

test("sync, URLs, and the same result as from bytes", async () => {
  const folder = emptyFolder();
  const [dump, image] = [join(folder, "dump"), join(folder, "image")];
  writeFileSync(dump, DUMP);
  const result = await buildImageFile(pathToFileURL(dump), pathToFileURL(image), { sync: true });
  expect(result).toEqual(await buildImage(new TextEncoder().encode(DUMP)));
  expect(await verityDigestFile(pathToFileURL(image))).toBe(await verityDigest(readFileSync(image)));
  expect(readdirSync(folder).sort()).toEqual(["dump", "image"]);
});

test("what is no path is a TypeError", async () => {
  await expect(verityDigestFile(7 as unknown as string)).rejects.toThrowError(TypeError);
  await expect(buildImageFile("x", undefined as unknown as string)).rejects.toThrowError(TypeError);
});
