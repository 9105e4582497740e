/**
 * The engine beside the other implementations, as far as they are installed.
 *
 * The goldens already pin what they said; this shows that the installed ones still say it, and that the reading side
 * (fsck.erofs) takes what we write.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FORMAT_AUTO, FORMAT_V1 } from "../../assembly/abi.ts";
import { debian, dumpOf, formatOf, readFixture, vectors } from "../support/fixtures.ts";
import { findOracle, isNewer, runMkcomposefs, runOracle } from "../support/oracle.ts";
import { compileEngine, RawEngine, VERITY_4K } from "../support/raw-engine.mjs";

const engine = new RawEngine(compileEngine());
const mkcomposefs = findOracle("mkcomposefs");
const fsck = findOracle("fsck.erofs");
const fsverity = findOracle("fsverity");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "composefs-oracle-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const accepted = [...vectors.vectors, debian].map((vector) => [vector.name, vector] as const);

describe.skipIf(mkcomposefs === undefined)("mkcomposefs", () => {
  test.each(accepted)("%s", (_, vector) => {
    const dump = dumpOf(vector);
    engine.parse([dump]);
    for (const { options } of vector.runs) {
      const { image, stderr } = runMkcomposefs(mkcomposefs!, dump, options);
      expect(stderr).toBe("");
      expect(engine.image(formatOf(options)).image.equals(image!), options.join(" ")).toBe(true);
    }
  });

  test.each(vectors.rejects.map((reject) => [reject.name, reject] as const))("%s", (_, { file, c }) => {
    const { image } = runMkcomposefs(mkcomposefs!, readFixture(file));
    expect(image === undefined ? "reject" : "accept").toBe(c);
  });

  test("--print-digest", () => {
    const dump = readFixture(debian.file);
    const { output } = runOracle(mkcomposefs!, ["--from-file", "--print-digest-only", "-"], dump);
    expect(engine.build(dump, FORMAT_AUTO, VERITY_4K).digests[0]).toBe(output.toString().trim());
  });
});

describe.skipIf(fsck === undefined)("fsck.erofs takes our images", () => {
  test.each(accepted)("%s", (name, vector) => {
    const path = join(folder, `${name}.img`);
    writeFileSync(path, engine.build(dumpOf(vector), FORMAT_V1).image);
    const { exitCode, output, stderr } = runOracle(fsck!, [path]);
    expect(exitCode, `${output}${stderr}`).toBe(0);
  });
});

describe.skipIf(fsverity === undefined)("fsverity digest", () => {
  test("of the Debian image, both hashes", () => {
    const { image, digests } = engine.build(readFixture(debian.file), FORMAT_V1, VERITY_4K);
    const path = join(folder, "digest.img");
    writeFileSync(path, image);
    const answers = ["sha256", "sha512"].map((hash) =>
      runOracle(fsverity!, ["digest", "--compact", `--hash-alg=${hash}`, path])
        .output.toString()
        .trim(),
    );
    expect(digests).toEqual(answers);
  });
});

test("versions are compared by number", () => {
  expect(["1.0.8", "1.0.10", "1.1", "0.9.9", "1.0.8.1"].map((version) => isNewer(version, "1.0.8"))).toEqual([
    false,
    true,
    true,
    false,
    true,
  ]);
});
