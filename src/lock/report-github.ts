/**
 * A check as annotations of GitHub Actions: workflow commands on standard output, one for each input that is not as
 * locked. They stand at the line of the input in the lock file.
 *
 *   ::error file=composefs.lock.json,line=4,title=root.dump is not what is locked::mtime-seconds: …
 *
 * How texts are escaped is in actions/toolkit, packages/core/src/command.ts.
 */

import { type CheckedInput, type CheckReport, isSame } from "./check.ts";
import { causesOf, nameOf, summaryOf, verdictOf } from "./report-words.ts";

/** Errors that GitHub shows of one step; the last one then counts the others. */
export const ANNOTATIONS_MAX = 10;

/** Characters of a message: GitHub takes 64 KiB, a page has room for less. */
const MESSAGE_CHARACTERS_MAX = 4096;

/** Workflow commands, each on a line. */
export function formatGithub(report: CheckReport): string {
  const wrong = report.inputs.filter(({ state }) => state !== "same");
  const shown = wrong.length > ANNOTATIONS_MAX ? wrong.slice(0, ANNOTATIONS_MAX - 1) : wrong;
  const level = report.isUpdated ? "notice" : "error";
  const file = report.lockfile;
  const lines = shown.map((one) => command(level, { file, line: one.line, title: titleOf(one) }, messageOf(one)));
  if (shown.length < wrong.length) {
    const message = `${wrong.length - shown.length} more inputs are not as locked: ${summaryOf(report)}`;
    lines.push(command(level, { file, line: 1, title: "more inputs are not as locked" }, message));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function titleOf(checked: CheckedInput): string {
  return checked.state === "unreadable"
    ? `${nameOf(checked)} cannot be checked`
    : `${nameOf(checked)} is not what is locked`;
}

function messageOf(checked: CheckedInput): string {
  const { digests, changes, explanation, error } = checked;
  if (error !== null) return verdictOf(checked);
  const lines = [
    ...(explanation === null ? [] : causesOf(explanation)),
    ...digests.filter((one) => !isSame(one)).map((one) => `${one.label}: locked ${one.locked}, actual ${one.actual}`),
    ...changes.map(({ field, locked, actual }) => `${field} was ${locked}, is ${actual}`),
  ];
  const text = lines.join("\n");
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text;
}

/** A workflow command. */
export function command(name: string, properties: Record<string, string | number>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(`${value}`)}`);
  return `::${name}${list.length > 0 ? ` ${list.join(",")}` : ""}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
