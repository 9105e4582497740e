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
import { claimsOf, tableIn, tableOf } from "./table.mjs";
import { judge, writeVectors } from "./vectors.mjs";

const FINDINGS_PRINTED = 5;
const OUTPUT = fileURLToPath(new URL("../../build/hosts/", import.meta.url));
const README = new URL("../../README.md", import.meta.url);

const words = process.argv.slice(2);
const chosen = HOSTS.filter(
  ({ name }, i) => i === 0 || words.length === 0 || words.some((word) => name.includes(word)),
);
const folder = `${OUTPUT}vectors`;
const vectors = writeVectors(folder);
const jobs = `${vectors.map(({ job }) => job).join("\n")}\n`;

/** What all answers must be: those of the first host that has none wrong. */
let reference;
const findings = [];
const missing = [];
const results = [];

/** What is wrong with a host's answers. */
function findingsOf({ isLibrary }, answers) {
  if (!isLibrary) {
    const wrong = judge(vectors, answers);
    if (wrong.length === 0) reference ??= answers;
    return wrong.length === 0 && answers !== reference ? ["its answers are not those of the first host"] : wrong;
  }
  // The library answers less: nothing else, and something for every dumpfile that is taken.
  const lines = answers.trimEnd().split("\n");
  const known = new Set(reference?.split("\n"));
  const answered = new Set(lines.map((line) => line.split("  ")[1]));
  const expected = vectors.filter(
    ({ job, answers: [first] }) => job.startsWith("dump") && !first.startsWith("refused:"),
  );
  return [
    ...lines.filter((line) => !known.has(line)).map((line) => `no other host answers ${line}`),
    ...expected.filter(({ job }) => !answered.has(job)).map(({ job }) => `${job}: no answer`),
  ];
}

for (const host of chosen) {
  const version = host.version();
  if (version === undefined) {
    missing.push(host.name);
    continue;
  }
  const began = performance.now();
  let answers = "";
  let wrong;
  try {
    answers = await host.run(folder, jobs);
    wrong = findingsOf(host, answers);
  } catch (error) {
    wrong = [error.message];
  }
  const ms = performance.now() - began;
  findings.push(...wrong.map((finding) => `${host.name}: ${finding}`));
  results.push({
    ...{ name: host.name, version, ms },
    answers: answers.trimEnd().split("\n").length,
    identical: wrong.length === 0,
  });
}

const table = tableOf(results);
writeFileSync(`${OUTPUT}table.md`, `${table}\n`);
console.log(`${vectors.length} jobs\n\n${table}\n`);
for (const name of missing) console.log(`missing: ${name} (test/hosts/install.sh; browsers from Debian)`);
const isWhole = words.length === 0 && missing.length === 0;
if (isWhole && `${claimsOf(table)}` !== `${claimsOf(tableIn(readFileSync(README, "utf8")))}`) {
  findings.push("the table in README is another one: put build/hosts/table.md in its place");
}
if (process.env.CI === "true") findings.push(...missing.map((name) => `${name}: missing, though CI=true`));
if (results.length === 0) findings.push("no host ran");
for (const finding of findings.slice(0, FINDINGS_PRINTED)) console.error(finding);
if (findings.length > FINDINGS_PRINTED) console.error(`… and ${findings.length - FINDINGS_PRINTED} more`);
process.exitCode = findings.length === 0 ? 0 : 1;
