/**
 * Builds for people.
 *
 *   control            v1-sha512-12:d06f…
 *   repeat             same
 *   source-date-epoch  follows (1000000000 to 1100000000), as it may
 *     mtime-seconds: 3 of 12 entries: /etc (A 2001-09-09T01:46:40Z, B 2004-11-09T11:33:20Z), …
 *   umask              DIFFERS (0022 to 0002)
 *     v1-sha512-12
 *       control  d06f…
 *       actual   77b0…
 *
 *     A: control
 *     B: umask (0022 to 0002)
 *     …
 *
 *   user               not varied: needs root
 *
 *   4 builds: 2 same, 1 follows, 1 differs; 1 not varied
 *   umask changes the digest.
 */

import { formatDiff } from "../explain/diff-format.ts";
import { formatImages } from "../explain/image-text.ts";
import { countOf, formatCount } from "../explain/words.ts";
import { causeOf } from "../lock/report-words.ts";
import { type BuildReport, type BuildState, countBuilds, type RebuildReport } from "./compare.ts";
import { CONTROL, isRepeat, variationNames } from "./variations.ts";

const WORDS: Readonly<Record<BuildState, string>> = {
  control: "",
  same: "same",
  differs: "DIFFERS",
  follows: "follows",
  "as-repeat": "as the repeat",
  failed: "FAILED",
  "not-varied": "not varied",
};
/** Notes of what is not in the copies: JSON has all. */
const NOTES_MAX = 5;
const NAME_COLUMNS = Math.max(...variationNames().map((name) => name.length));

/** Lines with their ends. */
export function formatText(report: RebuildReport): string {
  const { notCopied } = report;
  const more = notCopied.length - NOTES_MAX;
  const shown = [...notCopied.slice(0, NOTES_MAX), ...(more > 0 ? [`and ${formatCount(more)} more`] : [])];
  const notes = shown.map((what) => `note: not in the copies of the source: ${what}\n`);
  if (report.unseen.length > 0) notes.push(`note: not seen, and so not compared: ${report.unseen.join(", ")}\n`);
  return `${notes.join("")}${report.builds.map(formatBuild).join("")}\n${summaryOf(report)}\n`;
}

function formatBuild(build: BuildReport): string {
  const { name, state, change, limit, reason, digests, failure } = build;
  const about = change === null ? "" : ` (${change})`;
  const what = {
    control: failure === null ? digests.map(({ label, actual }) => `${label}:${actual}`).join(", ") : "FAILED",
    same: `same${about}`,
    differs: `DIFFERS${about}`,
    follows: `follows${about}, as it may`,
    "as-repeat": `no more than the repeat${about}`,
    failed: `FAILED${about}`,
    "not-varied": `not varied: ${reason}`,
  }[state];
  const lines = [`${name.padEnd(NAME_COLUMNS)}  ${what}${limit === null ? "" : `; ${limit}`}`, ...detailsOf(build)];
  return lines.map((line) => `${line}\n`).join("");
}

function detailsOf(build: BuildReport): string[] {
  const { name, state, change, digests, diff, images, failure } = build;
  if (failure !== null) {
    const output = withoutControls(failure.output).trimEnd();
    const shown = output === "" ? [] : ["  the end of its output:", ...indented(output, "    ")];
    return [`  ${failure.code}: ${failure.message}`, ...shown];
  }
  if (state === "follows") return [...(diff?.classes ?? []).map((found) => `  ${causeOf(found)}`)];
  if (state !== "differs") return [];
  const changed = digests.filter(({ control, actual }) => control !== actual);
  const rows = changed.flatMap(({ label, control, actual }) => [
    `  ${label}`,
    `    control  ${control}`,
    `    actual   ${actual}`,
  ]);
  const explained = [...(diff === null ? [] : [formatDiff(diff)]), ...(images === null ? [] : [formatImages(images)])];
  const sides = ["  A: control", `  B: ${name}${change === null ? "" : ` (${change})`}`];
  return [...rows, "", ...sides, ...indented(explained.join("").trimEnd(), "  "), ""];
}

function indented(text: string, indent: string): string[] {
  return text.split("\n").map((line) => (line === "" ? "" : `${indent}${line}`));
}

/** What a command printed, without what could steer a terminal; what it wrote over a line stands below it. */
function withoutControls(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return output.replace(/\r\n?/g, "\n").replace(controls, hex);
}

/** What is to be said in the end. */
export function summaryOf(report: RebuildReport): string {
  const counts = countBuilds(report);
  const made = report.builds.length - counts["not-varied"];
  const states = (["same", "differs", "follows", "as-repeat", "failed"] as const).filter((state) => counts[state] > 0);
  const parts = states.map((state) => `${counts[state]} ${WORDS[state].toLowerCase()}`);
  const left = counts["not-varied"] === 0 ? "" : `; ${counts["not-varied"]} not varied`;
  return `${[countOf(made, "build"), ...(parts.length === 0 ? [] : [parts.join(", ")])].join(": ")}${left}\n${verdictOf(report)}`;
}

/** What builds that failed leave open. */
function unknownText(names: readonly string[]): string {
  if (names.includes(CONTROL)) return "The control failed: there is nothing to compare other builds with.";
  return `Nothing is known of ${names.join(", ")}.`;
}

/** The sentence that people came for. */
export function verdictOf({ builds }: RebuildReport): string {
  const of = (wanted: BuildState) => builds.filter(({ state }) => state === wanted).map(({ name }) => name);
  const [differing, failed] = [of("differs"), builds.filter(({ failure }) => failure !== null)];
  const blamed = differing.filter((name) => !isRepeat(name));
  const sentences = [
    ...(differing.some(isRepeat) ? ["Two builds that are made alike do not have the same digest."] : []),
    ...(blamed.length > 0 ? [`The digest depends on ${blamed.join(", ")}.`] : []),
    ...(failed.length > 0 ? [unknownText(failed.map(({ name }) => name))] : []),
  ];
  if (sentences.length > 0) return sentences.join(" ");
  if (builds.every(({ name, state }) => name === CONTROL || isRepeat(name) || state === "not-varied")) {
    return "Builds that are made alike have the same digest; nothing was varied.";
  }
  if (of("follows").length === 0) return "The digest depends on nothing that was varied.";
  return "The digest follows SOURCE_DATE_EPOCH, and depends on nothing else that was varied.";
}
