/**
 * What `npm run test:hosts` rests on, without the other hosts: the jobs, the judge, the driver in JavaScript on this Node,
 * and README's table, which speaks of all hosts.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ABI } from "../support/abi.mjs";
import { HOSTS } from "./hosts.mjs";
import { judgeEngine, judgeLibrary, judgeRun } from "./judge.mjs";
import { BEGIN, claimsOf, END, tableIn, tableOf } from "./table.mjs";
import { type HostJob, writeVectors } from "./vectors.mjs";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
let folder: string;
let vectors: HostJob[];
let answers: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "composefs-hosts-"));
  vectors = writeVectors(folder);
  answers = await HOSTS[0]!.run(folder, vectors.map(({ job }) => `${job}\n`).join(""));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The answers of which the first that begins with `prefix` is changed. */
function changed(prefix: string, change: (line: string) => string): string {
  const lines = answers.split("\n");
  const at = lines.findIndex((line) => line.startsWith(prefix));
  lines[at] = change(lines[at]!);
  return lines.filter((line) => line !== "").join("\n");
}

describe("answers of the engine", () => {
  test("takes the answers of the driver in JavaScript", () => {
    expect(judgeEngine(vectors, answers)).toEqual([]);
    expect(vectors.filter(({ job }) => job.startsWith("layers")).length).toBeGreaterThan(200);
    expect(vectors.filter(({ job }) => job.startsWith("dump")).length).toBeGreaterThan(200);
  });

  test("finds a digest that is another one", () => {
    const flipped = changed("v1-sha256-12:", (line) =>
      line.replace(/:(.)/, (_, digit) => `:${digit === "0" ? "1" : "0"}`),
    );
    expect(judgeEngine(vectors, flipped)).toEqual([expect.stringContaining("expected v1-sha256-12:")]);
  });

  test("finds an answer that is missing", () => {
    expect(
      judgeEngine(
        vectors,
        changed("v0-sha512-12:", () => ""),
      ),
    ).toEqual([expect.stringContaining("expected v0-sha512-12:")]);
    expect(judgeEngine(vectors, "")).toHaveLength(
      vectors.reduce((sum, one) => sum + Math.max(1, one.answers.length), 0),
    );
  });

  test("finds an input that is taken though it must be refused, and another reason", () => {
    for (const { job } of [vectors.find((one) => one.answers.length === 0)!, vectors.find(isRefusedDump)!]) {
      const taken = answers
        .split("\n")
        .map((line) => (line.endsWith(`  ${job}`) ? `v1-sha256-12:00  ${job}` : line))
        .join("\n");
      expect(judgeEngine(vectors, taken)).toEqual([expect.stringContaining(`${job}: expected `)]);
    }
  });
});

describe("answers of the library", () => {
  const jobs = [
    { job: "dump a", answers: ["v1-sha256-12:aa"] },
    { job: "dump b", answers: ["refused:1:0:0"] },
    { job: "layers 2 c", answers: ["v1-sha256-12:cc"] },
    { job: "layers 2 c d", answers: ["v1-sha256-12:dd"] },
  ];
  const reference = jobs.map(({ job, answers: [answer] }) => `${answer}  ${job}\n`).join("");
  const taken = "v1-sha256-12:aa  dump a\nv1-sha256-12:cc  layers 2 c\n";

  test("may leave out what it does not take, and nothing else", () => {
    expect(judgeLibrary(jobs, taken, reference)).toEqual([]);
    expect(judgeLibrary(jobs, taken.split("\n")[0]!, reference)).toEqual(["layers 2 c: no answer"]);
  });

  test("must be among those of the engine", () => {
    const finding = "dump a: no other host answers v1-sha256-12:ab";
    expect(judgeLibrary(jobs, taken.replace("aa", "ab"), reference)).toEqual([finding]);
    expect(judgeLibrary(jobs, `${taken}v1-sha256-12:bb  dump b\n`, reference)).toHaveLength(1);
  });
});

test("a host must answer as the first one does, also where no fixture says how", () => {
  const line = answers.split("\n").find((one) => one.startsWith("refused:") && one.includes("  layers "))!;
  const other = answers.replace(line, line.replace(/^refused:\d+/, "refused:1"));
  expect(judgeEngine(vectors, other)).toEqual([]);
  expect(judgeEngine(vectors, other, answers)).toEqual(["its answers are not those of the first host"]);
});

describe("a run", () => {
  const results = [{ name: "Go", version: "1", answers: 2, identical: true, ms: 3 }];
  const whole = `${BEGIN}\n${tableOf(results)}\n${END}`;
  const run = { results, missing: [] as string[], isCi: true, readme: whole };

  test("is good when all hosts are there and README says so", () => {
    expect(judgeRun(run)).toEqual([]);
  });

  test("is bad without a host, with one missing in CI alone, with another README", () => {
    expect(judgeRun({ ...run, results: [], readme: `${BEGIN}\n${tableOf([])}\n${END}` })).toEqual(["no host ran"]);
    expect(judgeRun({ ...run, missing: ["Bun"] })).toEqual(["Bun: missing, though CI=true"]);
    expect(judgeRun({ ...run, missing: ["Bun"], isCi: false })).toEqual([]);
    expect(judgeRun({ ...run, readme: whole.replace("identical", "**different**") })).toHaveLength(1);
  });
});

function isRefusedDump({ answers: [first] }: HostJob): boolean {
  return first?.startsWith("refused:") === true;
}

describe("the drivers", () => {
  const upperSnake = (name: string) => name.replace(/(?<=[a-z\d])(?=[A-Z])/g, "_").toUpperCase();

  test.each(["go/engine.go", "python/host.py", "rust/src/engine.rs", "js/engine.mjs"])(
    "%s has the numbers of abi.ts",
    (file) => {
      const text = readFileSync(new URL(file, import.meta.url), "utf8");
      const numbers = [...text.matchAll(/^(?:(?:pub )?const |\t)?(\w+)(?:: \w+)? += (\d+)(?: << (\d+))?;?$/gm)].flatMap(
        ([, name, base, shift]) => {
          const known = ABI[upperSnake(name!)];
          return known === undefined ? [] : [{ name, value: Number(base) << Number(shift ?? 0), known }];
        },
      );
      expect(numbers.map(({ name }) => upperSnake(name!)).sort()).toEqual([
        "ABI_VERSION",
        "CONTROL_LAYER_TAKEN",
        "ERROR_FIELD",
        "ERROR_LINE",
        "INPUT_WINDOW_BYTES",
      ]);
      for (const { name, value, known } of numbers) expect(value, name).toBe(known);
    },
  );
});

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
