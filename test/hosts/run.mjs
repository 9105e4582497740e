/**
 * The same engine.wasm and the same vectors on every host that is here: `npm run test:hosts`.
 *
 * Each host's answers are held against the fixtures, and against those of the first host as a whole, so that also what no
 * fixture pins is the same everywhere. Prints the table of README, writes it to build/hosts/table.md, and says which hosts
 * are missing. Exit code 1 when an answer differs, README says anything else or, with CI=true, a host is missing.
 *
 *     npm run test:hosts [-- NAME …]      only the first host, and those whose names contain one of these words
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HOSTS } from "./hosts.mjs";
import { isForLibrary, judgeEngine, judgeLibrary, judgeRun } from "./judge.mjs";
import { tableOf } from "./table.mjs";
import { writeVectors } from "./vectors.mjs";

const FINDINGS_PRINTED = 5;
const OUTPUT = fileURLToPath(new URL("../../build/hosts/", import.meta.url));
const README = new URL("../../README.md", import.meta.url);

const words = process.argv.slice(2);
const chosen = HOSTS.filter(
  ({ name }, i) => i === 0 || words.length === 0 || words.some((word) => name.includes(word)),
);
const folder = `${OUTPUT}vectors`;
const vectors = writeVectors(folder);

/** What all answers must be: those of the first host that gives any. */
let reference;
const findings = [];
const missing = [];
const results = [];

for (const host of chosen) {
  const version = host.version();
  if (version === undefined) {
    missing.push(host.name);
    continue;
  }
  const jobs = vectors.filter((vector) => !host.isLibrary || isForLibrary(vector)).map(({ job }) => `${job}\n`);
  const began = performance.now();
  let answers = "";
  let wrong;
  try {
    answers = await host.run(folder, jobs.join(""));
  } catch (error) {
    wrong = [error.message];
  }
  const ms = performance.now() - began;
  if (!host.isLibrary && wrong === undefined) reference ??= answers;
  wrong ??= (host.isLibrary ? judgeLibrary : judgeEngine)(vectors, answers, reference);
  findings.push(...wrong.map((finding) => `${host.name}: ${finding}`));
  const count = answers.split("\n").length - 1;
  results.push({ name: host.name, version, answers: count, identical: wrong.length === 0, ms });
}

writeFileSync(`${OUTPUT}table.md`, `${tableOf(results)}\n`);
console.log(`${vectors.length} jobs\n\n${tableOf(results)}\n`);
for (const name of missing) console.log(`missing: ${name} (test/hosts/install.sh; browsers from Debian)`);
const isCi = process.env.CI === "true";
const readme = words.length === 0 ? readFileSync(README, "utf8") : undefined;
findings.push(...judgeRun({ results, missing, isCi, readme }));
for (const finding of findings.slice(0, FINDINGS_PRINTED)) console.error(finding);
if (findings.length > FINDINGS_PRINTED) console.error(`… and ${findings.length - FINDINGS_PRINTED} more`);
process.exitCode = findings.length === 0 ? 0 : 1;
