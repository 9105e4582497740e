/**
 * A check in the XML of JUnit: a suite for each input, a case for each digest. What Jenkins and GitLab read.
 */

import { type CheckedDigest, type CheckedInput, type CheckReport, isSame } from "./check.ts";
import { explanationText, nameOf, verdictOf } from "./report-words.ts";

/** An XML document. */
export function formatJunit(report: CheckReport): string {
  const suites = report.inputs.map((checked) => suiteOf(checked, report.lockfile));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="composefs check">\n${suites.join("")}</testsuites>\n`;
}

function suiteOf(checked: CheckedInput, lockfile: string): string {
  const { digests, state } = checked;
  const failures = state === "different" ? digests.filter((one) => !isSame(one)).length : 0;
  const errors = state === "unreadable" ? digests.length : 0;
  const attributes = attributesOf({ name: nameOf(checked), tests: digests.length, failures, errors });
  // The explanation is the same for all digests of an input, and stands with the first one that is wrong.
  const first = digests.find((one) => !isSame(one));
  const cases = digests.map((one) => caseOf(checked, one, lockfile, one === first));
  return `  <testsuite${attributes}>\n${cases.join("")}  </testsuite>\n`;
}

function caseOf(checked: CheckedInput, digest: CheckedDigest, lockfile: string, isFirst: boolean): string {
  const head = attributesOf({ name: digest.label, classname: `${lockfile}.${nameOf(checked)}` });
  if (checked.error !== null) {
    const { code, message } = checked.error;
    return `    <testcase${head}>\n      <error${attributesOf({ type: code, message })}/>\n    </testcase>\n`;
  }
  if (isSame(digest)) return `    <testcase${head}/>\n`;
  const { explanation } = checked;
  const texts = [`locked ${digest.locked}`, `actual ${digest.actual ?? "none"}`];
  if (isFirst && explanation !== null) texts.push("", explanationText(explanation).trimEnd());
  const failure = attributesOf({ type: "digest-mismatch", message: verdictOf(checked) });
  return `    <testcase${head}>\n      <failure${failure}>${escapeXml(texts.join("\n"))}</failure>\n    </testcase>\n`;
}

function attributesOf(attributes: Record<string, string | number>): string {
  const list = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeXml(`${value}`, true)}"`);
  return list.join("");
}

/** Text of XML 1.0, which has no escape for most controls: those become U+FFFD. @param isAttribute keeps line ends, too */
function escapeXml(text: string, isAttribute = false): string {
  const plain = text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  if (!isAttribute) return plain.replaceAll("\r", "&#13;");
  return plain.replace(/["\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
