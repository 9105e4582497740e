/**
 * A verification in words.
 *
 *   manifest  fsverity-sha512-12  right                      signed by CN=release (sha256:9f1c…)
 *   merged    fsverity-sha512-12  right, xattrs keep-user-xattrs  not signed (manifest)
 *   layer 2   fsverity-sha512-12  WRONG: stated 9f1c…, computed 77b0…  (layer 2)
 *
 *   verdict     failed
 *   checked     by this tool, now; what the machine reads later, a kernel checks: composefs mount --check
 *   not covered the config: entry point, environment, user
 */

import { displayBytes } from "../explain/display.ts";
import type { Verdict, VerifiedObject, VerifyReport } from "./verify.ts";

const VERDICTS: Record<Verdict, string> = {
  verified: "verified",
  failed: "failed: something that is stated is not so",
  "not signed": "not signed: all digests are right, and nobody with one of the certificates signed the merged tree",
  unsealed: "unsealed: nothing is stated of what was asked for",
};

const DIGITS = 16;
const LABEL_COLUMNS = 13;

/** @param input the operand, for what to run next */
export function verifyText(report: VerifyReport, input: string): string {
  const objects = report.objects.map(objectLine);
  const wrong = report.objects.find(({ isEqual, role }) => !isEqual && (role === "merged" || role === "bootable"));
  const rows: Array<[string, string]> = [
    ["verdict", VERDICTS[report.verdict]],
    ...report.failures.map((text): [string, string] => ["failure", text]),
    ...report.violations.map((text): [string, string] => ["violation", text]),
    ["checked", "by this tool, now; what is read later, a kernel checks (composefs mount --check)"],
    ...report.uncovered.map((text): [string, string] => ["not covered", text]),
    ...report.unknown.map((key): [string, string] => ["unknown key", key]),
    ...report.legacy.map(({ key, scheme, isMerged }): [string, string] => [
      "older scheme",
      `${key} (${scheme})${isMerged ? ", the digest of the merged tree" : ""}`,
    ]),
    ...(wrong === undefined
      ? []
      : [["run next", `composefs identify --expected ${wrong.expected} ${input}`] as [string, string]]),
  ];
  const text = rows.map(([label, value]) => `${label.padEnd(LABEL_COLUMNS)}${display(value)}\n`).join("");
  return `${objects.join("")}${objects.length > 0 ? "\n" : ""}${text}`;
}

function objectLine({
  role,
  layer,
  algorithm,
  where,
  expected,
  computed,
  isEqual,
  transform,
  problem,
  signature,
}: VerifiedObject): string {
  const name = layer === null ? role : `${role} ${layer}`;
  const how =
    transform === null
      ? ""
      : `, xattrs ${transform.xattrs}${transform.revision === null ? "" : `, revision ${transform.revision}`}`;
  let state = `right${how}`;
  if (problem !== null) state = `WRONG: ${problem}`;
  else if (!isEqual)
    state = `WRONG: stated ${expected.slice(0, DIGITS)}…, computed ${computed?.slice(0, DIGITS) ?? "none"}…`;
  const signed = {
    valid: `signed by ${signature.detail}`,
    invalid: `SIGNATURE WRONG: ${signature.detail}`,
    "not checked": "signed, not checked: no certificate given",
    none: "not signed",
  }[signature.state];
  return display(`${name.padEnd(9)} ${algorithm.padEnd(18)}  ${state}; ${signed} (${where})`).concat("\n");
}

/** What comes from an image is none of the terminal's business. */
function display(text: string): string {
  return displayBytes(new TextEncoder().encode(text));
}
