/**
 * What `composefs-info dump` prints. What C printed of fixtures stands in test/fixtures/expected; where C is installed,
 * everything else is compared with it, line by line. Differences that are meant: test/support/info.ts.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FORMAT_AUTO, FORMAT_V0, FORMAT_V1, FORMAT_V2 } from "../../assembly/abi.ts";
import { makeCase } from "../fuzz/random-dump.mjs";
import { debian, dumpOf, formatOf, readFixture, vectors } from "../support/fixtures.ts";
import { differences, engineInfo, referenceInfo } from "../support/info.ts";
import { findOracle } from "../support/oracle.ts";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";

const engine = new RawEngine(compileEngine());
const reference = findOracle("composefs-info");

/** Random dumpfiles to compare with C; more of them: `INFO_CASES=20000 INFO_SEED=2 npx vitest run test/golden/info.test.ts`. */
const CASES = Number(process.env["INFO_CASES"] ?? 400);
const SEED = Number(process.env["INFO_SEED"] ?? 1);
const BATCH = 100;

const FORMATS = [FORMAT_V0, FORMAT_V1, FORMAT_V2];
const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";

/** What `work` returns; undefined when the engine refuses. */
function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof EngineStatus) return undefined;
    throw error;
  }
}

function imageOf(dump: Uint8Array | string, format: number): Buffer | undefined {
  return unlessRefused(() => engine.build(Buffer.from(dump), format).image);
}

/** The lines for the image of a dumpfile, without that of the root. */
function linesOf(dump: string, format = FORMAT_AUTO): string[] {
  return engineInfo(engine, imageOf(dump, format)!).split("\n").slice(1, -1);
}

interface Sample {
  label: string;
  image: Buffer;
}

/** Images of one dumpfile, those that can be made. */
function samplesOf(name: string, dump: Uint8Array | string, formats: readonly number[]): Sample[] {
  return formats.flatMap((format) => {
    const image = imageOf(dump, format);
    return image === undefined ? [] : [{ label: `${name}, format ${format}`, image }];
  });
}

/** Compares with C. An image that our reader does not take must be one of those that it may refuse. */
function compareWithC(samples: readonly Sample[]): void {
  const theirs = referenceInfo(
    reference!,
    samples.map(({ image }) => image),
  );
  samples.forEach(({ label, image }, i) => {
    const ours = unlessRefused(() => engineInfo(engine, image));
    // Files that carry `trusted.overlay.whiteout` are written as they are and read as whiteouts, which have one name.
    if (ours === undefined) expect(engine.error().code, label).toBe("IMAGE_WHITEOUT_LINKED");
    else expect(theirs[i] === undefined ? "C fails" : differences(ours, theirs[i]), label).toEqual([]);
  });
}

describe("as C printed it", () => {
  const folder = new URL("../fixtures/expected/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".info-dump"));
  test.each(names)("%s", (name) => {
    const dump = readFixture(`dump/${name.replace("info-dump", "dump")}`);
    const expected = Buffer.from(readFixture(`expected/${name}`)).toString("latin1");
    expect(engineInfo(engine, imageOf(dump, FORMAT_AUTO)!)).toBe(expected);
  });
});

describe("what the tree does not keep", () => {
  test("sizes of directories are those of the image", () => {
    // 302 entries of 12 bytes with 1093 bytes of names, and 6 bytes that the first block has no use for.
    const files = Array.from({ length: 300 }, (_, i) => `/d/f${i} 0 100644 1 0 0 0 0.0 - - -\n`).join("");
    const dump = `${ROOT}/d 7 40755 2 0 0 0 0.0 - - -\n${files}`;
    expect(linesOf(dump)[0]).toBe("/d 4723 40755 2 0 0 0 0.0 - - -");
  });

  test("link counts are those of the image, and a hardlink repeats all of its inode", () => {
    const dump = `${ROOT}/b 2 100640 9 1 2 0 -3.4 - \\x2da - user.k=v\n/a 0 @100644 0 0 0 0 0.0 /b - -\n`;
    expect(linesOf(dump)).toEqual([
      "/a 2 100640 9 1 2 0 -3.4 - -a - user.k=v",
      "/b 2 @100640 9 1 2 0 -3.4 /a -a - user.k=v",
    ]);
  });

  test("xattrs come in the order of the image: local ones, then those that are shared", () => {
    const dump = `${ROOT}/a 0 100644 1 0 0 0 0.0 - - - user.a=s user.b=l\n/b 0 100644 1 0 0 0 0.0 - - - user.a=s\n`;
    expect(linesOf(dump)).toEqual([
      "/a 0 100644 1 0 0 0 0.0 - - - user.b=l user.a=s",
      "/b 0 100644 1 0 0 0 0.0 - - - user.a=s",
    ]);
  });

  test("a whiteout in V1 leaves two markers on its directory; in V2 it is not shown", () => {
    const dump = `${ROOT}/d 0 40755 2 0 0 0 0.0 - - -\n/d/w 0 20600 1 0 0 0 0.0 - - -\n`;
    const opaque = "trusted.overlay.opaque=x user.overlay.opaque=x";
    expect(linesOf(dump, FORMAT_V1)).toEqual([
      `/d 40 40755 2 0 0 0 0.0 - - - ${opaque}`,
      "/d/w 0 20600 1 0 0 0 0.0 - - -",
    ]);
    expect(linesOf(dump, FORMAT_V0)).toEqual(["/d 40 40755 2 0 0 0 0.0 - - -", "/d/w 0 20600 1 0 0 0 0.0 - - -"]);
    expect(linesOf(dump, FORMAT_V2)).toEqual(["/d 40 40755 2 0 0 0 0.0 - - -"]);
  });

  test("a file with the marker of whiteouts is shown as one, its content as an empty field", () => {
    const dump = `${ROOT}/f 3 100644 1 0 0 0 0.0 - abc - trusted.overlay.whiteout=\n`;
    expect(linesOf(dump)).toEqual(["/f 0 20644 1 0 0 0 0.0 -  -"]);
  });
});

/** dumpfile.md 7.2 */
describe("where C is wrong", () => {
  test("a payload ends where its value does, whatever its length", () => {
    const payloads = Array.from({ length: 9 }, (_, i) => "abcdefghi".slice(0, i + 1));
    const lines = payloads.map((payload, i) => `/${i} 9 100644 1 0 0 0 0.0 ${payload} - -\n`);
    expect(linesOf(ROOT + lines.join("")).map((line) => line.split(" ")[8])).toEqual(payloads);
  });

  test("a last xattr with neither suffix nor value is shown", () => {
    expect(linesOf(`${ROOT}/f 0 100644 1 0 0 0 0.0 - - - security.=a user.=\n`)).toEqual([
      "/f 0 100644 1 0 0 0 0.0 - - - security.=a user.=",
    ]);
  });

  test("a digest of SHA-512 is shown", () => {
    const digest = "5a".repeat(64);
    const line = `/f 9 100644 1 0 0 0 0.0 5a/${digest.slice(2)} - ${digest}`;
    for (const format of FORMATS) expect(linesOf(`${ROOT}${line}\n`, format)).toEqual([line]);
  });
});

/** Lines as long as an image allows, and all bytes escaped: pieces of the output end inside of some. */
test("long lines", () => {
  const byte = "\xff";
  // 4096 bytes with the names below, which have one.
  const folders = Array.from({ length: 16 }, (_, i) => byte.repeat(i < 15 ? 255 : 253));
  const paths = folders.map((_, i) => `/${folders.slice(0, i + 1).join("/")}`);
  const last = paths.at(-1)!;
  // 12 + 8 x (7 + 6 + 4081) + 3 is the most that C allows.
  const xattrs = Array.from({ length: 8 }, (_, i) => ` user.${i}=${byte.repeat(4081)}`).join("");
  const files = [..."abcdefghijklmnopqrstuvwxyz"].map(
    (name) => `${last}/${name} 5000 100644 2 0 0 0 0.0 - ${byte.repeat(5000)} -${xattrs}`,
  );
  const directories = paths.map((path) => `${path} 0 40755 3 0 0 0 0.0 - - -`);
  const dump = Buffer.from(`${ROOT}${[...directories, ...files].join("\n")}\n`, "latin1");
  const lines = engineInfo(engine, imageOf(dump, FORMAT_V0)!).split("\n");
  const escaped = (text: string) => text.replaceAll(byte, "\\xff");
  expect(lines.slice(-1 - files.length, -1).every((line, i) => line === escaped(files[i]!))).toBe(true);
  expect(lines.slice(1, 17).map((line) => line.split(" ")[0])).toEqual(paths.map(escaped));
});

/** Images that no writer makes: what the reader lets through must not hurt the printer. */
describe("hostile images", () => {
  test("keys of overlayfs without their name index", () => {
    const patched = (xattr: string) => {
      const image = imageOf(`${ROOT}/f 9 100644 1 0 0 0 0.0 - - - ${xattr}\n`, FORMAT_V0)!;
      return Buffer.from(image.toString("latin1").replaceAll("zrusted", "trusted"), "latin1");
    };
    // The file has no payload, so the writer put no redirect of its own beside it.
    const image = patched("zrusted.overlay.redirect=/a");
    const [, line] = engineInfo(engine, image).split("\n");
    expect(line).toBe("/f 9 100644 1 0 0 0 0.0 a - -");
    if (reference !== undefined) compareWithC([{ label: "patched", image }]);
    const long = patched(`zrusted.overlay.metacopy=${"x".repeat(20_000)}`);
    expect(() => engineInfo(engine, long)).toThrow("IMAGE_METACOPY");
  });

  test("random damage", () => {
    const random = new SplitMix64(1n);
    const images = vectors.vectors.slice(0, 60).flatMap((vector) => samplesOf(vector.name, dumpOf(vector), FORMATS));
    let readable = 0;
    for (const { image } of images.filter((sample) => sample.image.length < 100_000)) {
      for (let i = 0; i < 8; i++) {
        const damaged = Buffer.from(image);
        // Behind the stubs, where most of what can be damaged lies, or anywhere.
        const from = random.chance(50) ? 0x4000 : 1024;
        const at = from + random.below(Math.max(1, Math.min(2048, image.length - from)));
        damaged[Math.min(at, image.length - 1)] = random.below(256);
        if (unlessRefused(() => engineInfo(engine, damaged)) !== undefined) readable++;
      }
    }
    expect(readable).toBeGreaterThan(100);
  });
});

describe.skipIf(reference === undefined)("beside C", () => {
  test("all fixtures", () => {
    const accepted = [
      ...vectors.vectors,
      ...vectors.generated,
      ...vectors.sha512.map(({ name, file }) => ({ name, file })),
    ];
    compareWithC(accepted.flatMap((vector) => samplesOf(vector.name, dumpOf(vector as typeof debian), FORMATS)));
  });

  test("a Debian root file system", () => {
    compareWithC(samplesOf("debian", readFixture(debian.file), FORMATS));
  });

  test("random dumpfiles", { timeout: 60_000 + CASES * 50 }, () => {
    for (let first = 0; first < CASES; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, CASES - first) }, (_, i) => first + i);
      compareWithC(
        numbers.flatMap((number) => {
          const { dump, options } = makeCase(SEED, number);
          return samplesOf(`case ${number} of seed ${SEED}`, dump, [formatOf(options), FORMAT_V2]);
        }),
      );
    }
  });
});
