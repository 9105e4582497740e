/**
 * What an answer is worth.
 *
 *   pass         as the case wants it
 *   optional     refused where the case wants an answer, or answered where it wants a refusal, and the case says that
 *                other implementations do so, too
 *   unsupported  exit code 77, or the command cannot say what the case is about
 *   fail         everything else: a wrong answer, a crash, no end
 *
 * A refusal is an exit code from 1 to 125. What is above is how shells tell of signals and of programs that are not
 * there, and those are no refusals.
 */

import type { ConformanceCase, Expected } from "./cases.ts";
import { valuesOf } from "./question.ts";
import { sha256Of } from "./sha256.ts";

/** automake's code for a test that is skipped. */
export const EXIT_UNSUPPORTED = 77;
const EXIT_REFUSAL_MAX = 125;

export const STATES = ["pass", "fail", "optional", "unsupported"] as const;
export type State = (typeof STATES)[number];

/** How a command ended. */
export type End =
  | { kind: "exit"; code: number }
  | { kind: "signal"; signal: string }
  | { kind: "timeout"; seconds: number }
  | { kind: "flood"; bytes: number };

/** What came of a command. */
export interface Outcome {
  end: End;
  /** Standard output, or the file that the command wrote in its place. */
  answer: Uint8Array;
  /** The end of standard error. */
  stderr: string;
}

export interface Verdict {
  state: State;
  /** One sentence; null for a pass. */
  reason: string | null;
  /** Whether an answer is there that can be compared with what the case wants. */
  isWrongAnswer: boolean;
}

/** Which answers the cases want: names of cases by SHA-256 or digest, to say whose answer a wrong one is. */
export type AnswerIndex = ReadonlyMap<string, string>;

/** The first case of each answer. */
export function indexAnswers(cases: readonly ConformanceCase[]): AnswerIndex {
  const index = new Map<string, string>();
  for (const { id, expected } of cases) {
    for (const answer of answersOf(expected)) if (!index.has(answer)) index.set(answer, id);
  }
  return index;
}

function answersOf(expected: Expected): string[] {
  return expected.kind === "image" ? [expected.image.sha256, ...digestsOf(expected)] : digestsOf(expected);
}

/** The fs-verity digests that are right. The SHA-256 of an image is none. */
function digestsOf(expected: Expected): string[] {
  if (expected.kind === "image") return Object.values(expected.image.fsverity);
  return expected.kind === "digest" ? [expected.digest] : [];
}

/**
 * Judges an answer.
 *
 * @param canonical SHA-256 of the canonical dumpfile of a dumpfile; it throws when that is none
 */
export async function judge(
  one: ConformanceCase,
  { end, answer }: Outcome,
  index: AnswerIndex,
  canonical: (dump: Uint8Array) => Promise<string>,
): Promise<Verdict> {
  if (end.kind !== "exit") return fail(brokenEnd(end));
  const { code } = end;
  if (code === EXIT_UNSUPPORTED) return { ...fail(`exit code ${code}`), state: "unsupported" };
  if (code > EXIT_REFUSAL_MAX) return fail(`exit code ${code}, which is no refusal`);
  if (one.expected.kind === "refusal") return code === 0 ? opposite(one, "not refused") : PASS;
  if (code > 0) return opposite(one, `refused with exit code ${code}`);
  if (answer.length === 0) return fail("no answer, and exit code 0");
  if (one.expected.kind === "dump") return judgeDump(one.expected.sha256, answer, canonical);
  const line = readDigestLine(answer);
  if (line !== undefined) return judgeDigest(one, line, index);
  if (one.expected.kind === "digest") return fail("no digest in the first line of the answer");
  const { image } = one.expected;
  const sha256 = await sha256Of(answer);
  if (sha256 === image.sha256) return PASS;
  const whose = index.get(sha256);
  const what = whose === undefined ? `SHA-256 ${sha256}` : `it is the one of ${whose}`;
  return { ...fail(`another image, ${what}; wanted ${image.sha256}`), isWrongAnswer: true };
}

const PASS: Verdict = { state: "pass", reason: null, isWrongAnswer: false };

function fail(reason: string): Verdict {
  return { state: "fail", reason, isWrongAnswer: false };
}

/** The answer is the opposite of what is wanted. */
function opposite({ optional }: ConformanceCase, reason: string): Verdict {
  return optional === null ? fail(reason) : { ...fail(`${reason}: ${optional}`), state: "optional" };
}

function brokenEnd(end: Exclude<End, { kind: "exit" }>): string {
  if (end.kind === "signal") return `ended by ${end.signal}`;
  return end.kind === "timeout" ? `no end within ${end.seconds} s` : `more than ${end.bytes} bytes of output`;
}

async function judgeDump(
  wanted: string,
  answer: Uint8Array,
  canonical: (dump: Uint8Array) => Promise<string>,
): Promise<Verdict> {
  try {
    const sha256 = await canonical(answer);
    return sha256 === wanted ? PASS : { ...fail("a dumpfile of another tree"), isWrongAnswer: true };
  } catch (error) {
    return fail(`the answer is no dumpfile: ${(error as Error).message}`);
  }
}

interface DigestLine {
  /** Such as `v1-sha512-12`; undefined where the line names none. */
  profile: string | undefined;
  digest: string;
}

/** Longest line with a digest: names of files may stand behind it. */
const DIGEST_LINE_BYTES_MAX = 1 << 13;

/** The digest that an answer consists of: `HEX`, `v1-sha512-12:HEX`, `sha256:HEX FILE`, of which it is the first line. */
export function readDigestLine(answer: Uint8Array): DigestLine | undefined {
  const text = new TextDecoder("latin1").decode(answer.subarray(0, DIGEST_LINE_BYTES_MAX));
  const [, names, digest] = /^((?:[\w.-]+:)*)([0-9a-f]{64}|[0-9a-f]{128})(?=\s|$)/.exec(text) ?? [];
  if (digest === undefined) return undefined;
  return { profile: names!.split(":").find((name) => /^v\d-sha\d+-\d+$/.test(name)), digest };
}

function judgeDigest(one: ConformanceCase, { profile, digest }: DigestLine, index: AnswerIndex): Verdict {
  // Of an image both hashes are good, told by their length.
  const wanted = digestsOf(one.expected);
  if (!wanted.includes(digest)) {
    const right = wanted.find((text) => text.length === digest.length) ?? wanted[0];
    return fail(`another digest, ${nameDigest(one, digest, index)}; wanted ${right}`);
  }
  const asked = valuesOf(one).get("profile");
  if (profile === undefined || asked === undefined || profile === asked) return PASS;
  return fail(`the digest is said to be of ${profile}; asked for ${asked}`);
}

/** A wrong digest, and what it is of where that is known. */
function nameDigest({ expected }: ConformanceCase, digest: string, index: AnswerIndex): string {
  const isSha256 = expected.kind === "image" && expected.image.sha256 === digest;
  const whose = isSha256 ? "the SHA-256 of the image and not its fs-verity digest" : index.get(digest);
  if (whose === undefined) return digest;
  return `${digest}, ${isSha256 ? whose : `the one of ${whose}`}`;
}
