/**
 * A verification in words: each object, the verdict, and who checks what: this tool, now; a kernel, at every open, where it is
 * told to; nobody.
 *
 *   manifest  fsverity-sha512-12  right; signed by CN=release (sha256:9f1c…)
 *   merged    fsverity-sha512-12  right, xattrs keep-user-xattrs; not signed (manifest)
 *   layer 2   fsverity-sha512-12  WRONG: stated 9f1c…, computed 77b0…; not signed (layer 2)
 *
 *   verdict     failed: something that is stated is not so
 *   recognised  9f1c… is v2-sha512-12 of this image: layer 2 alone
 *   this tool   has checked 3 digests and 1 signature, now
 *   a kernel    checks the merged tree at every open, when it is mounted by its digest: composefs mount DIGEST …
 *   nobody      checks the config: entry point, environment, user
 */

import { displayBytes } from "../explain/display.ts";
import { countOf } from "../explain/words.ts";
import type { Verdict, VerifiedObject, VerifyReport } from "./verify.ts";

const VERDICTS: Record<Verdict, string> = {
  verified: "verified",
  failed: "failed: something that is stated is not so",
  "not signed":
    "not signed: all digests are right, and nobody with one of the certificates signed what has to be signed",
  unsealed: "unsealed: nothing is stated of what was asked for",
};

const DIGITS = 16;
const LABEL_COLUMNS = 12;

type Row = [label: string, text: string];

/** @param input the operand, for what to run next */
export function verifyText(report: VerifyReport, input: string): string {
  const objects = report.objects.map(objectLine);
  const wrong = report.objects.find(({ isEqual, role }) => !isEqual && (role === "merged" || role === "bootable"));
  const rows: Row[] = [
    ["verdict", VERDICTS[report.verdict]],
    ...report.failures.map((text): Row => ["failure", text]),
    ...report.violations.map((text): Row => ["violation", text]),
    ...report.objects.flatMap(({ recognised, expected }): Row[] =>
      recognised === null
        ? []
        : [["recognised", `${short(expected)} is ${recognised.profile} of this image: ${recognised.tree}`]],
    ),
    ...(wrong === undefined ? [] : [["run next", `composefs identify --expected ${wrong.expected} ${input}`] as Row]),
    ...checkers(report),
    ...report.unknown.map((key): Row => ["unknown key", key]),
    ...report.legacy.map(
      ({ key, scheme, isMerged }): Row => [
        "older seal",
        `${key} (${scheme})${isMerged ? ", the digest of the merged tree" : ""}`,
      ],
    ),
  ];
  const text = rows.map(([label, value]) => `${label.padEnd(LABEL_COLUMNS)}${display(value)}\n`).join("");
  return `${objects.join("")}${objects.length > 0 ? "\n" : ""}${text}`;
}

/** Who checks what. A check of this tool holds for what it has read, not for what is read later. */
function checkers({ objects, uncovered }: VerifyReport): Row[] {
  const checked = objects.filter(({ signature: { state } }) => state === "valid" || state === "invalid").length;
  const tree = objects.find(({ role, isEqual }) => isEqual && (role === "merged" || role === "bootable"));
  const isSigned = objects.some(({ signature }) => signature.state === "valid");
  const enable = isSigned ? "; signed objects, when verity is enabled with their signatures" : "";
  const mounted = `the ${tree?.role} tree at every open, when it is mounted by its digest (composefs mount)`;
  return [
    ["this tool", `has checked ${countOf(objects.length, "digest")} and ${countOf(checked, "signature")}, now`],
    ["a kernel", tree === undefined ? "can check nothing of this" : `checks ${mounted}${enable}`],
    ...uncovered.map((text): Row => ["nobody", `has checked ${text}`]),
  ];
}

function short(digest: string): string {
  return `${digest.slice(0, DIGITS)}…`;
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
  else if (!isEqual) state = `WRONG: stated ${short(expected)}, computed ${short(computed ?? "none")}`;
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
