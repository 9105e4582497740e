import { describe, expect, it } from "vitest";
import {
  CONTROL_IMAGE_BYTES,
  FORMAT_V1,
  FORMAT_V2,
  STATUS_ENGINE_ARGUMENT,
  STATUS_ENGINE_STATE,
} from "../../../assembly/abi.ts";
import { type CursorRecord, findPath, readAll, readChildren } from "../../support/cursor.ts";
import { debian, dumpOf, readFixture, vectors } from "../../support/fixtures.ts";
import { generateDumpBytes } from "../../support/generate-dump.mjs";
import { type NaiveEntry, readDumpNaively } from "../../support/naive/dump.ts";
import { RawEngine } from "../../support/raw-engine.mjs";

/** By the type bits of st_mode, shifted right by 12. */
const TYPE_OF_MODE = new Map([
  [0o10, 1],
  [0o4, 2],
  [0o2, 3],
  [0o6, 4],
  [0o1, 5],
  [0o14, 6],
  [0o12, 7],
]);
const HARDLINK = 8;

/** What the cursor should say of entries that were read naively. */
function expected(entries: NaiveEntry[]): CursorRecord[] {
  const indexOf = new Map(entries.map((entry, index) => [entry.path, index]));
  const names = new Map<string, number>();
  for (const entry of entries) {
    const owner = entry.target ?? entry.path;
    names.set(owner, (names.get(owner) ?? 0) + 1);
  }
  return entries.map((entry, index) => {
    const parent = entry.path === "/" ? "/" : entry.path.slice(0, entry.path.lastIndexOf("/")) || "/";
    const type = entry.target === undefined ? TYPE_OF_MODE.get(entry.mode >> 12)! : HARDLINK;
    const keepsPayload = type === 1 || type === 7;
    return {
      index,
      parent: indexOf.get(parent)!,
      type,
      mode: entry.mode,
      nlink: entry.nlink,
      uid: entry.uid,
      gid: entry.gid,
      rdev: entry.rdev,
      nanoseconds: entry.nanoseconds,
      seconds: entry.seconds,
      size: type === 7 ? BigInt(entry.payload!.length) : entry.size,
      names: names.get(entry.target ?? entry.path)!,
      link: entry.target !== undefined ? indexOf.get(entry.target)! : type === 2 ? entry.children.length : 0,
      line: entry.line,
      name: entry.name,
      payload: keepsPayload ? entry.payload : undefined,
      content: entry.content === "" ? undefined : entry.content,
      digest: entry.digest,
      xattrs: entry.xattrs,
    };
  });
}

function openCursor(dump: Uint8Array): RawEngine {
  const engine = new RawEngine();
  engine.parse([dump]);
  engine.check(engine.exports.cursorOpen());
  return engine;
}

describe("the cursor", () => {
  it.each(vectors.vectors.map((vector) => [vector.name, vector] as const))(
    "shows %s as it was written",
    (_, vector) => {
      const dump = dumpOf(vector);
      expect(readAll(openCursor(dump))).toEqual(expected(readDumpNaively(dump)));
    },
  );

  it("shows the Debian tree over many pages, every directory and every path", () => {
    const dump = readFixture(debian.file);
    const engine = openCursor(dump);
    const entries = readDumpNaively(dump);
    const wanted = expected(entries);
    expect(readAll(engine)).toEqual(wanted);
    for (const [index, record] of wanted.entries()) {
      if (record.type === 2) {
        expect(readChildren(engine, index)).toEqual(wanted.filter(({ parent, index: i }) => parent === index && i > 0));
      }
    }
    for (const [index, entry] of entries.entries()) expect(findPath(engine, entry.path)).toBe(index);
  });

  it("pages through a directory that no window holds", () => {
    const engine = openCursor(generateDumpBytes("edges", 8000, 13));
    const index = findPath(engine, "/big-directory");
    const children = readChildren(engine, index);
    expect(children.length).toBe(5000);
    expect(children.map(({ name }) => name)).toEqual(children.map(({ name }) => name).sort());
  });

  it("finds nothing where nothing is", () => {
    const engine = openCursor(readFixture(debian.file));
    for (const path of [
      "",
      "usr",
      "/usr/",
      "//usr",
      "/usr//bin",
      "/nothing",
      "/usr/bin/env/x",
      `/${"n".repeat(300)}`,
    ]) {
      expect(findPath(engine, path), path).toBe(-1);
    }
  });

  it("gives way to images and comes back", () => {
    const dump = readFixture(debian.file);
    const engine = openCursor(dump);
    const before = readAll(engine);
    const first = engine.image(FORMAT_V1).image;
    engine.image(FORMAT_V2);
    engine.check(engine.exports.cursorOpen());
    expect(readAll(engine)).toEqual(before);
    expect(engine.image(FORMAT_V1).image.equals(first)).toBe(true);
    expect(Number(engine.control(CONTROL_IMAGE_BYTES))).toBe(first.length);
  });

  it("answers a wrong call with a status", () => {
    const engine = openCursor(readFixture(debian.file));
    const { exports } = engine;
    const file = findPath(engine, "/etc/debian_version");
    expect(exports.cursorRead(1 << 30)).toBe(STATUS_ENGINE_ARGUMENT);
    expect(exports.cursorChildren(1 << 30, 0)).toBe(STATUS_ENGINE_ARGUMENT);
    expect(exports.cursorChildren(file, 0)).toBe(STATUS_ENGINE_ARGUMENT);
    expect(exports.cursorChildren(0, 10_000)).toBe(STATUS_ENGINE_ARGUMENT);
    engine.image(FORMAT_V1);
    expect(exports.cursorRead(0)).toBe(STATUS_ENGINE_STATE);
    expect(exports.cursorFind(1)).toBe(-1);
    exports.reset(1, 1);
    expect(exports.cursorOpen()).toBe(STATUS_ENGINE_STATE);
  });
});
