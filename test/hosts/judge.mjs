/** What is wrong with the answers of a host, with a run on many of them, and what README says of them. */
import { claimsOf, tableIn, tableOf } from "./table.mjs";

/** Whether the library takes a job: dumpfiles, and images of one layer with the transform. */
export function isForLibrary({ job }) {
  return /^(dump|layers 2) \S+$/.test(job);
}

/** Answers by job. @param {string} text lines `ANSWER  JOB` */
function byJob(text) {
  const given = new Map();
  for (const line of text.trimEnd().split("\n")) {
    const [answer, job] = line.split("  ");
    given.set(job, [...(given.get(job) ?? []), answer]);
  }
  return given;
}

/**
 * Findings on the answers of a host that drives the engine.
 *
 * @param {import("./vectors.mjs").HostJob[]} vectors
 * @param {string} text
 * @param {string} [reference] answers of another host, which must be the same also where no fixture says what they are
 */
export function judgeEngine(vectors, text, reference = text) {
  const given = byJob(text);
  const findings = text === reference ? [] : ["its answers are not those of the first host"];
  for (const { job, answers } of vectors) {
    const got = given.get(job) ?? [];
    const shown = got.join(" ") || "nothing";
    const isRefused = got.length === 1 && got[0].startsWith("refused:");
    if (answers.length === 0 && !isRefused) findings.push(`${job}: expected a refusal, got ${shown}`);
    for (const answer of answers) {
      if (!got.includes(answer)) findings.push(`${job}: expected ${answer}, got ${shown}`);
    }
  }
  return findings;
}

/** Findings on those of one that runs the library: no answer that the engine does not give, and one for each input that is taken. */
export function judgeLibrary(vectors, text, reference = "") {
  const given = byJob(text);
  const known = byJob(reference);
  const findings = [];
  for (const [job, answers] of given) {
    const other = answers.filter((answer) => !known.get(job)?.includes(answer));
    findings.push(...other.map((answer) => `${job}: no other host answers ${answer}`));
  }
  for (const { job, answers } of vectors.filter(isForLibrary)) {
    const isTaken = answers.length > 0 && !answers[0].startsWith("refused:");
    if (isTaken && !given.has(job)) findings.push(`${job}: no answer`);
  }
  return findings;
}

/**
 * Findings on a run as a whole.
 *
 * @param {{ results: import("./table.mjs").HostResult[], missing: string[], isCi: boolean, readme?: string }} run `readme`: its
 *   text, when the run is on all hosts
 */
export function judgeRun({ results, missing, isCi, readme }) {
  const findings = results.length === 0 ? ["no host ran"] : [];
  if (isCi) findings.push(...missing.map((name) => `${name}: missing, though CI=true`));
  if (missing.length > 0 || readme === undefined) return findings;
  const same = claimsOf(tableOf(results)).join("\n") === claimsOf(tableIn(readme)).join("\n");
  return same ? findings : [...findings, "README has another table: put build/hosts/table.md in its place"];
}
