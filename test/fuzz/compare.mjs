/** Our engine against one answer of the reference. */
import { ABI } from "../support/abi.mjs";
import { EngineStatus } from "../support/raw-engine.mjs";
import { isIntendedRefusal, isReplacementDefect } from "./intended.mjs";

const FORMATS = { "": ABI.FORMAT_AUTO, "--min-version=1": ABI.FORMAT_V1, "--max-version=0": ABI.FORMAT_V0 };
const SHA256_4K = [{ algorithm: ABI.HASH_SHA256, blockBits: 12 }];

/** Our answer to a case: an image, or an `EngineStatus`. A trap or anything else is thrown. */
export function runEngine(engine, { dump, options, printDigest }) {
  try {
    return engine.build(dump, FORMATS[options.join(" ")], printDigest ? SHA256_4K : []);
  } catch (error) {
    if (error instanceof EngineStatus) return error;
    throw error;
  }
}

/**
 * Compares the two answers to one case.
 *
 * @returns {{ kind: 'same' | 'refused' | 'intended' | 'different', detail: string }}
 */
export function compareAnswers(ours, reference, { dump, printDigest }) {
  const code = ours instanceof EngineStatus ? ours.code : undefined;
  if (reference.image === undefined) {
    if (code !== undefined) return { kind: "refused", detail: code };
    if (isReplacementDefect(reference.stderr, dump)) return { kind: "intended", detail: "C: replacement defect" };
    return {
      kind: "different",
      detail: `the reference refuses (exit ${reference.exitCode}): ${reference.stderr.trim()}`,
    };
  }
  if (code !== undefined) {
    if (isIntendedRefusal(ours, dump)) return { kind: "intended", detail: code };
    return { kind: "different", detail: `we refuse: ${ours.message}` };
  }
  if (!ours.image.equals(reference.image)) {
    let at = 0;
    while (ours.image[at] === reference.image[at]) at++;
    const sizes = `${ours.image.length} and ${reference.image.length} bytes`;
    return { kind: "different", detail: `images differ from 0x${at.toString(16)} on (ours and theirs: ${sizes})` };
  }
  if (printDigest && ours.digests[0] !== reference.printed) {
    return { kind: "different", detail: `digests differ: ${ours.digests[0]} and ${reference.printed}` };
  }
  return { kind: "same", detail: "" };
}
