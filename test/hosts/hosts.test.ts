/**
 * What `npm run test:hosts` rests on, without the other hosts: the jobs, the judge, the driver in JavaScript on this Node,
 * and README's table, which speaks of all hosts.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOSTS } from "./hosts.mjs";
import { BEGIN, claimsOf, END, tableIn, tableOf } from "./table.mjs";
import { type HostJob, judge, writeVectors } from "./vectors.mjs";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
let folder: string;
let vectors: HostJob[];
let answers: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "composefs-hosts-"));
  vectors = writeVectors(folder);
  answers = await HOSTS[0]!.run(folder, vectors.map(({ job }) => `${job}\n`).join(""));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The answers of which the first that begins with `prefix` is changed. */
function changed(prefix: string, change: (line: string) => string): string {
  const lines = answers.split("\n");
  const at = lines.findIndex((line) => line.startsWith(prefix));
  lines[at] = change(lines[at]!);
  return lines.filter((line) => line !== "").join("\n");
}

describe("the judge", () => {
  test("takes the answers of the driver in JavaScript", () => {
    expect(judge(vectors, answers)).toEqual([]);
    expect(vectors.filter(({ job }) => job.startsWith("layers")).length).toBeGreaterThan(200);
    expect(vectors.filter(({ job }) => job.startsWith("dump")).length).toBeGreaterThan(200);
  });

  test("finds a digest that is another one", () => {
    const flipped = changed("v1-sha256-12:", (line) =>
      line.replace(/:(.)/, (_, digit) => `:${digit === "0" ? "1" : "0"}`),
    );
    expect(judge(vectors, flipped)).toEqual([expect.stringContaining("expected v1-sha256-12:")]);
  });

  test("finds an answer that is missing", () => {
    expect(
      judge(
        vectors,
        changed("v0-sha512-12:", () => ""),
      ),
    ).toEqual([expect.stringContaining("expected v0-sha512-12:")]);
    expect(judge(vectors, "")).toHaveLength(vectors.reduce((sum, one) => sum + Math.max(1, one.answers.length), 0));
  });

  test("finds an input that is taken though it must be refused, and another reason", () => {
    for (const { job } of [vectors.find((one) => one.answers.length === 0)!, vectors.find(isRefusedDump)!]) {
      const taken = answers
        .split("\n")
        .map((line) => (line.endsWith(`  ${job}`) ? `v1-sha256-12:00  ${job}` : line))
        .join("\n");
      expect(judge(vectors, taken)).toEqual([expect.stringContaining(`${job}: expected `)]);
    }
  });
});

function isRefusedDump({ answers: [first] }: HostJob): boolean {
  return first?.startsWith("refused:") === true;
}

describe("README's table", () => {
  const claims = claimsOf(tableIn(readme));

  test("has all hosts and no other, each with the same number of answers, all identical", () => {
    const count = answers.trimEnd().split("\n").length.toLocaleString("en");
    const library = /library: ([\d,]+) /.exec(claims.join("\n"))![1];
    expect(claims).toEqual(HOSTS.map(({ name, isLibrary }) => `${name}: ${isLibrary ? library : count} identical`));
  });

  test("is read as it was written, but for versions and times", () => {
    const one = { name: "Go, wazero", version: "1.0", answers: 1234, identical: true, ms: 12.5 };
    const table = tableOf([one]);
    expect(tableIn(`text\n${BEGIN}\n${table}\n${END}\ntext`)).toBe(table);
    expect(claimsOf(table)).toEqual(claimsOf(tableOf([{ ...one, version: "2.0", ms: 99 }])));
    for (const other of [{ identical: false }, { answers: 1233 }, { name: "Go" }]) {
      expect(claimsOf(table)).not.toEqual(claimsOf(tableOf([{ ...one, ...other }])));
    }
    expect(() => tableIn("no table")).toThrow(BEGIN);
  });
});
