/**
 * `npm run bench -- [--rounds N] [--only NAME]… [--no-record]`: one table, printed and appended to test/bench/record.
 *
 * Needs the reference mkcomposefs (test/oracle/fetch-mkcomposefs.sh), fsverity and GNU time.
 */

import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { groups } from "./rows.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    only: { type: "string", multiple: true },
    "no-record": { type: "boolean", default: false },
  },
});
const names = values.only ?? Object.keys(groups);
for (const name of names) {
  if (!(name in groups)) throw new RangeError(`no rows called ${name}; there are ${Object.keys(groups).join(", ")}`);
}

const columns = { work: 66, ours: 12, reference: 12, value: 7, must: 8, aim: 6, verdict: 7 };
const line = (cells) =>
  `| ${Object.entries(columns)
    .map(([key, width]) => cells[key].padEnd(width))
    .join(" | ")} |`;
const header = [
  line(Object.fromEntries(Object.keys(columns).map((key) => [key, key]))),
  line(Object.fromEntries(Object.entries(columns).map(([key, width]) => [key, "-".repeat(width)]))),
];
console.log(header.join("\n"));

const rows = [];
for (const name of names) {
  for await (const row of groups[name](Number(values.rounds))) {
    rows.push(row);
    console.log(line(row));
  }
}

const version = (command, args) => execFileSync(command, args, { encoding: "utf8" }).trim().split("\n")[0];
const date = new Date().toISOString();
const about = [
  `## ${date.slice(0, 16).replace("T", " ")} UTC, commit ${version("git", ["rev-parse", "--short", "HEAD"])}`,
  "",
  `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; node ${process.versions.node}, ` +
    `V8 ${process.versions.v8}, OpenSSL ${process.versions.openssl}; medians of ${values.rounds} rounds, ours and reference in turn.`,
  "",
];
if (!values["no-record"]) {
  appendFileSync(
    new URL(`record/${date.slice(0, 10)}.md`, import.meta.url),
    `${[...about, ...header, ...rows.map(line)].join("\n")}\n\n`,
  );
}
process.exitCode = rows.some((row) => row.verdict === "MISSED") ? 1 : 0;
