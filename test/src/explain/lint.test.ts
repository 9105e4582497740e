/**
 * The rules of the lint: each has a fixture in which it finds something, and what it finds there is in lint.golden.txt.
 * Nothing writes them anew: a difference is read, understood, and entered by hand.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { escapeBytes } from "../../../src/explain/display.ts";
import { type LintOptions, type LintReport, lintTree } from "../../../src/explain/lint.ts";
import { formatLint, formatRule, formatRules, lintToJson } from "../../../src/explain/lint-text.ts";
import { findRule, RULES } from "../../../src/explain/rules.ts";
import { DumpJob, ScanJob } from "../../../src/image/job.ts";
import type { ImageFormat } from "../../../src/image/profile.ts";
import type { Tree } from "../../../src/image/tree.ts";
import { debian, readFixture } from "../../support/fixtures.ts";
import { expectGolden } from "../../support/golden-text.ts";

const READ = { strict: false, accelerator: "off" } as const;

/** Rules that cannot find anything without another one that does. */
const COMPANIONS: Record<string, string[]> = { "many-xattrs": ["user-xattr"], "whiteout-marker": ["whiteout"] };

/** What is found in the image of a fixture, where it is something else: images do not hold all that dumpfiles say. */
const IN_IMAGES: Record<string, string[]> = {
  "directory-nlink": [],
  "empty-object": [],
  "hardlink-order": [],
  "special-size": [],
  "whiteout-file": ["whiteout"],
  "whiteout-marker": ["whiteout"],
};

const fixture = (name: string) => readFixture(`lint/${name}.dump`);
const ids = (report: LintReport) => report.findings.map(({ rule }) => rule);
const pathsOf = (report: LintReport) =>
  report.findings.flatMap(({ places }) => places.map(({ path }) => escapeBytes(path)));

function lint(dump: Uint8Array | string, options?: LintOptions): LintReport {
  return withTree(dump, (tree) => lintTree(tree, options));
}

function withTree<T>(dump: Uint8Array | string, use: (tree: Tree) => T): T {
  const engine = acquireEngineSync();
  const job = new DumpJob(engine, READ);
  job.write(Buffer.from(dump));
  const result = use(job.end());
  releaseEngine(engine);
  return result;
}

function imageOf(dump: Uint8Array, format: ImageFormat): Uint8Array {
  return withTree(dump, (tree) => {
    const image = tree.openImage(format, []);
    const pieces: Uint8Array[] = [];
    for (let piece = image.read(); piece.length > 0; piece = image.read()) pieces.push(piece.slice());
    return Buffer.concat(pieces);
  });
}

function lintImage(image: Uint8Array): LintReport {
  const engine = acquireEngineSync();
  const job = new ScanJob(engine, READ);
  job.write(image);
  const report = lintTree(job.end());
  releaseEngine(engine);
  return report;
}

describe("the table", () => {
  test.each(RULES.map((rule) => [rule.id, rule] as const))("%s reads well", (id, rule) => {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(rule.title).not.toMatch(/\.$/);
    // One sentence, and one line below its rule.
    expect(rule.reason).toMatch(/^.{1,95}\.$/);
    expect(rule.reason).not.toMatch(/\. [A-Z]/);
    expect(rule.advice).toMatch(/[.)]$/);
    expect(rule.advice).not.toContain("  ");
    expect(rule.name ?? rule.inode ?? rule.directory).toBeTypeOf("function");
  });

  test("every id is there once and is found", () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    for (const rule of RULES) expect(findRule(rule.id)).toBe(rule);
    expect(findRule("nothing")).toBeUndefined();
  });

  test("explanations", async () => {
    const text = [formatRules(RULES), ...RULES.map(formatRule)].join("\n");
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
    expectGolden(text, "lint-explain.golden.txt", import.meta.url);
  });
});

describe("fixtures", () => {
  test("each rule has one", () => {
    const names = readdirSync(new URL("../../fixtures/lint", import.meta.url)).map((name) => name.replace(".dump", ""));
    expect(names.sort()).toEqual([...RULES.map(({ id }) => id), "clean", "clean-epoch"].sort());
  });

  test.each(["clean", "clean-epoch"])("nothing is found in %s", (name) => {
    const report = lint(fixture(name));
    expect(report).toMatchObject({ counts: { error: 0, warning: 0, note: 0 }, findings: [] });
    for (const format of ["v0", "v1", "v2"] as const) {
      expect(lintImage(imageOf(fixture(name), format))).toMatchObject({ origin: "nid", findings: [] });
    }
  });

  test.each(RULES.map(({ id }) => id))("%s is found in its own, and nothing else", (id) => {
    expect(ids(lint(fixture(id)))).toEqual([id, ...(COMPANIONS[id] ?? [])]);
    expect(ids(lintImage(imageOf(fixture(id), "v1")))).toEqual(IN_IMAGES[id] ?? [id, ...(COMPANIONS[id] ?? [])]);
  });

  test("what is said of them", async () => {
    const text = RULES.map(({ id }) => formatLint(lint(fixture(id)))).join("\n");
    expectGolden(text, "lint.golden.txt", import.meta.url);
  });
});

describe("reports", () => {
  const dump = `/ 0 40755 2 0 0 0 1.0 - - -
/a 1 100644 1 0 0 0 -1.0 - x -
/b\\x20\\xff\\x1b 1 100644 3 0 0 0 1.5 - x -
/c 0 @120000 - - - - 0.0 /a - -
/d\\xc3\\xa4 1 100644 2 0 0 0 1.0 - x -
`;

  test("count all and keep the first", () => {
    const report = lint(dump, { max: 2 });
    expect(report.counts).toEqual({ error: 4, warning: 0, note: 1 });
    expect(report.findings.map(({ rule, count, places }) => [rule, count, places.length])).toEqual([
      ["nlink", 3, 2],
      ["negative-mtime", 1, 1],
      ["mtime-fraction", 1, 1],
    ]);
    expect(formatLint(lint(dump, { max: 0 }))).not.toContain("    /");
  });

  test("judge the inode of hardlinks once", () => {
    expect(
      pathsOf(lint("/ 0 40755 2 0 0 0 1.0 - - -\n/a 1 104777 2 0 0 0 1.0 - x -\n/b 0 @120000 - - - - 0.0 /a - -\n")),
    ).toEqual(["/a"]);
  });

  test("judge every name", () => {
    const report = lint(
      "/ 0 40755 2 0 0 0 1.0 - - -\n/a 1 100644 2 0 0 0 1.0 - x -\n/ff 0 @120000 - - - - 0.0 /a - -\n",
    );
    expect([ids(report), pathsOf(report)]).toEqual([["stub-name"], ["/ff"]]);
  });

  test("are text that nothing in a tree can bend", () => {
    expect(formatLint(lint(dump)).split("\n").slice(2, 5)).toEqual([
      "    /a (nlink 1, names 2)",
      "    /b \\xff\\x1b (nlink 3, names 1)",
      "    /dä (nlink 2, names 1)",
    ]);
  });

  test("are JSON with the lines of the dumpfile", () => {
    const json = JSON.parse(JSON.stringify(lintToJson(lint(dump, { level: "error", ignore: ["negative-mtime"] }))));
    const { title, reason } = findRule("nlink")!;
    expect(json).toEqual({
      entries: 5,
      counts: { error: 3, warning: 0, note: 1 },
      findings: [
        {
          rule: "nlink",
          level: "error",
          title,
          reason,
          count: 3,
          places: [
            { path: "/a", line: 2, detail: "nlink 1, names 2" },
            { path: "/b\\x20\\xff\\x1b", line: 3, detail: "nlink 3, names 1" },
            { path: "/d\\xc3\\xa4", line: 5, detail: "nlink 2, names 1" },
          ],
        },
      ],
    });
  });

  test("of an image have nids", () => {
    const json = lintToJson(lintImage(imageOf(fixture("socket"), "v1")));
    expect(json).toMatchObject({ findings: [{ places: [{ path: "/srv/agent", nid: expect.any(Number) }] }] });
  });

  test("take a deep tree with all its directories", () => {
    let lines = "/ 0 40755 2 0 0 0 1.0 - - -\n";
    for (let depth = 1; depth <= 2000; depth++) lines += `${"/d".repeat(depth)} 0 40755 2 0 0 0 1.0 - - -\n`;
    const report = lint(lines, { ignore: ["long-path"] });
    expect(report.findings.map(({ rule, count }) => [rule, count])).toEqual([["directory-nlink", 2000]]);
  });

  test("say the same of an image and of its dumpfile", () => {
    const dump = readFixture(debian.file);
    const { counts, findings } = lint(dump);
    const places = (report: LintReport["findings"]) => report.map(({ rule, count }) => [rule, count]);
    const image = lintImage(imageOf(dump, "v1"));
    expect([image.counts, places(image.findings)]).toEqual([counts, places(findings)]);
  });
});
