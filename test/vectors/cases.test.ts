/**
 * The package of vectors: every fixture is a case and every file belongs to one, the list has the form of its schema, and
 * what is expected is what the fixtures say.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { CONTENTS, LEVELS, PARAMETERS, parseCases } from "../../src/conformance/cases.ts";
import { readFixture, vectors } from "../support/fixtures.ts";
import { canonicalAfter } from "../support/naive/erofs-losses.ts";
import { golden } from "../support/oci/golden.ts";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";

const FOLDER = fileURLToPath(new URL("../../build/vectors/", import.meta.url));
const read = (name: string) => readFileSync(join(FOLDER, name));
const { cases } = JSON.parse(read("cases.json").toString()) as { cases: PlainCase[] };
const schema = JSON.parse(read("cases.schema.json").toString());

interface PlainCase {
  id: string;
  level: string;
  input: { file?: string; layout?: string };
  expected: { dump?: { sha256: string } };
}

/** Files of the package that are no inputs. */
const OWN = ["LICENSE", "README.md", "cases.json", "cases.schema.json", "package.json"];
/** Images of the fixtures that are left out, for the reasons in test/vectors/cases-oci.mjs. */
const OCI_LEFT_OUT = /^large|^(random|chaos)-[3-7]/;

const idsOf = (level: string) => cases.filter((one) => one.level === level).map(({ id }) => id.slice(level.length + 1));
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => relative(FOLDER, join(folder, name)).replaceAll("\\", "/"))
    .filter((path) => statSync(join(FOLDER, path)).isFile());

describe("the list", () => {
  test("has the form of its schema, and the parser takes it", () => {
    const isValid = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(schema);
    expect(isValid(JSON.parse(read("cases.json").toString())), JSON.stringify(isValid.errors)).toBe(true);
    expect(parseCases(read("cases.json"), "cases.json").map(({ id }) => id)).toEqual(cases.map(({ id }) => id));
  });

  test("names of the schema are those of the program", () => {
    const { properties } = schema.definitions.case;
    expect(properties.level.enum).toEqual([...LEVELS]);
    expect(Object.keys(schema.definitions.parameters.properties)).toEqual([...PARAMETERS]);
    expect(schema.definitions.input.oneOf[1].properties.content.enum).toEqual([...CONTENTS]);
  });

  test("names each file of the package, and no other", () => {
    const layouts = new Set(cases.flatMap(({ input }) => input.layout ?? []));
    const used = new Set(cases.flatMap(({ input }) => input.file ?? []));
    for (const layout of layouts) for (const path of filesIn(join(FOLDER, layout))) used.add(path);
    expect(filesIn(FOLDER).sort()).toEqual([...used, ...OWN].sort());
  });
});

describe("every fixture is a case", () => {
  const { vectors: accepted, rejects, sha512 } = vectors;
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  const refused = names(rejects);

  test.each([
    ["auto", [...names(accepted), "debian-minbase", ...refused]],
    ["v0", [...names(accepted), "debian-minbase", ...names(sha512), ...refused]],
    ["v1", [...names(accepted), "debian-minbase", ...names(sha512), ...refused]],
    ["v2", [...names(accepted.filter(({ v2 }) => v2 !== undefined)), ...names(sha512), ...refused]],
  ])("%s", (level, expected) => {
    expect(idsOf(level).sort()).toEqual([...expected].sort());
  });

  test("reader: all images but one that nobody reads, all malformed ones but those of strict mode", () => {
    const formats = [...accepted, ...sha512].flatMap((vector) => {
      const hasV2 = "images" in vector || vector.v2 !== undefined;
      return ["v0", "v1", ...(hasV2 ? ["v2"] : [])].map((format) => `${vector.name}.${format}`);
    });
    const { cases: malformed } = JSON.parse(readFixtureText("reader-negative.json"));
    const bad = names(malformed.filter(({ expect }: { expect: string }) => expect === "reject"));
    expect(idsOf("reader").sort()).toEqual([...formats.filter((id) => !/^random-13\./.test(id)), ...bad].sort());
  });

  test("verity", () => {
    expect(idsOf("verity")).toHaveLength(JSON.parse(readFixtureText("fsverity.json")).digests.length);
  });

  test("oci: a layout for each image", () => {
    const images = golden.images
      .map(({ image, seed }) => `${image}-${seed}`)
      .filter((name) => !OCI_LEFT_OUT.test(name));
    const found = new Set(idsOf("oci").map((id) => id.split("/")[0]!));
    expect([...found].sort()).toEqual([...images, ...golden.refused, ...golden["refused-ours"]].sort());
  });
});

function readFixtureText(name: string): string {
  return Buffer.from(readFixture(name)).toString();
}

describe("trees of readers are worked out of the dumpfile alone", () => {
  const engine = new RawEngine(compileEngine());
  const expected = new Map(cases.map(({ id, expected: { dump } }) => [id, dump?.sha256]));
  const sha256 = (text: string) => createHash("sha256").update(Buffer.from(text, "latin1")).digest("hex");

  test.each([...vectors.vectors, ...vectors.sha512].map(({ name, file }) => [name, file!] as const))(
    "%s",
    (name, file) => {
      engine.parse([readFixture(file)]);
      const canonical = engine.print().toString("latin1");
      const own = vectors.vectors.find((vector) => vector.name === name)?.canonical;
      // The fixtures have the canonical dumpfile by another implementation.
      if (own !== undefined) expect(sha256(canonical)).toBe(own.sha256);
      for (const format of [0, 1, 2]) {
        const found = expected.get(`reader/${name}.v${format}`);
        if (found !== undefined) expect(found, `v${format}`).toBe(sha256(canonicalAfter(canonical, format)));
      }
    },
  );
});

test("the package says whose it is", () => {
  const manifest = JSON.parse(read("package.json").toString());
  const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(manifest).toMatchObject({ name: "composefs-vectors", version: own.version, license: own.license });
  expect(read("LICENSE").equals(readFileSync(new URL("../../LICENSE", import.meta.url)))).toBe(true);
});

test("the README names every level, input and answer", () => {
  const text = read("README.md").toString();
  const words = [...LEVELS, ...PARAMETERS, ...CONTENTS, "patches", "truncate", "image", "dump", "digest", "refusal"];
  expect(words.filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
});
