/**
 * Writes build/vectors: the vectors of test/fixtures as a package of their own, for other implementations.
 *
 *     npm run build:vectors
 *
 * `cases.json` lists all cases (cases-*.mjs make them), the files beside it are their inputs. What an answer must be
 * comes from test/fixtures. Images for readers are made here, by our engine, and each has to have the SHA-256 that
 * another implementation gave it; layouts are made of the layers whose diff_ids the fixtures pin.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { imageCases } from "./cases-image.mjs";
import { ociCases } from "./cases-oci.mjs";
import { readerCases } from "./cases-reader.mjs";
import { verityCases } from "./cases-verity.mjs";

const ROOT = new URL("../../", import.meta.url);
const OUTPUT = fileURLToPath(new URL("build/vectors/", ROOT));
const CASES_VERSION = 1;

/** Files that the package has as they stand here. */
const COPIED = ["README.md", "cases.schema.json"];

function manifest() {
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));
  return {
    name: "composefs-vectors",
    version,
    description: "What an implementation of composefs must answer: inputs and expected images, digests and refusals",
    license,
    keywords: ["composefs", "erofs", "fs-verity", "conformance", "test-vectors"],
  };
}

/** The list, a case on each line, so that a change of one is a change of one line. */
function listOf(cases) {
  return `{"version": ${CASES_VERSION}, "cases": [\n${cases.map((one) => JSON.stringify(one)).join(",\n")}\n]}\n`;
}

rmSync(OUTPUT, { recursive: true, force: true });
const files = new Map();
const cases = [...imageCases(files), ...readerCases(files), ...verityCases(), ...ociCases(files)];
files.set("cases.json", Buffer.from(listOf(cases)));
files.set("package.json", Buffer.from(`${JSON.stringify(manifest(), null, 2)}\n`));
files.set("LICENSE", readFileSync(new URL("LICENSE", ROOT)));
for (const name of COPIED) files.set(name, readFileSync(new URL(name, import.meta.url)));
for (const [path, bytes] of files) {
  mkdirSync(dirname(join(OUTPUT, path)), { recursive: true });
  writeFileSync(join(OUTPUT, path), bytes);
}
