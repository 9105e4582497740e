/**
 * A verification in a title and a sentence.
 */

import type { VerifyReport } from "../../../seal/verify.ts";
import type { IconName } from "../parts/icon.tsx";
import type { Tone } from "../parts/notice.tsx";

export interface VerdictWords {
  tone: Tone;
  icon: IconName;
  /** For the header of the page. */
  short: string;
  title: string;
  text: string;
}

/** @param report null for what cannot be sealed @param reason why it cannot */
export function verdictOf(report: VerifyReport | null, reason: string | null): VerdictWords {
  if (report === null) {
    const text = reason ?? "Only container images with a manifest are sealed.";
    return { tone: "note", icon: "info", short: "", title: "Nothing to verify", text };
  }
  const { verdict, objects } = report;
  const states = objects.map(({ signature }) => signature.state);
  switch (verdict) {
    case "failed":
      return {
        tone: "bad",
        icon: "cross",
        short: "Seal broken",
        title: "The seal does not match",
        text: "Something that is stated of this image is not so. Do not trust it before you know why.",
      };
    case "unsealed":
      return {
        tone: "note",
        icon: "unsealed",
        short: "Not sealed",
        title: "Not sealed",
        text: "Nothing states what the tree of this image must be. The digests below are what a seal would state.",
      };
    case "not signed":
      return {
        tone: "warn",
        icon: "seal",
        short: "Sealed, not signed",
        title: "Sealed, and not signed by whom you asked",
        text: "Everything that is stated is so, but none of the certificates signed the merged tree.",
      };
    case "verified":
      break;
  }
  if (states.includes("valid")) {
    return {
      tone: "good",
      icon: "seal",
      short: "Sealed and signed",
      title: "Sealed and signed",
      text: "Everything that is stated of this image is so, and signed by a certificate that you gave.",
    };
  }
  const unchecked = states.includes("not checked")
    ? "It has signatures; a certificate says whose they are."
    : "Nobody has signed it: whoever can change the image can change the seal.";
  return {
    tone: "good",
    icon: "seal",
    short: "Sealed",
    title: "Sealed, and it matches",
    text: `Every digest that is stated of this image is that of what is in it. ${unchecked}`,
  };
}
