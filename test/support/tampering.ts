/** A signed image in both modes, and what verification says of what became of it. */
import { ComposefsError } from "../../src/error.ts";
import { type VerifySealsOptions, verifySeals } from "../../src/seal/in-memory.ts";
import type { VerifyReport } from "../../src/seal/verify.ts";
import { imageOf, looseImage, makeKey, type StoredImage, seal, store } from "./sealed-image.ts";

export const KEYS = { rsa: await makeKey("rsa", "release"), ec: await makeKey("ec", "release") };
export const STRANGER = await makeKey("ec", "stranger");
export const IMAGE = store(looseImage());
export const SEALED = {
  artifact: await seal(IMAGE, "artifact", KEYS.rsa),
  inline: await seal(IMAGE, "inline", KEYS.ec),
};
export const CERTIFICATES = { artifact: [KEYS.rsa.certificate], inline: [KEYS.ec.certificate] };
export type Mode = keyof typeof SEALED;

/** A report, or the error with which there is none. */
export type Outcome = VerifyReport | ComposefsError;

export async function outcomeOf(image: StoredImage, mode: Mode, options: VerifySealsOptions = {}): Promise<Outcome> {
  try {
    return await verifySeals(imageOf(image), { certificates: CERTIFICATES[mode], ...options });
  } catch (error) {
    if (error instanceof ComposefsError) return error;
    throw error;
  }
}

/** The objects that are wrong. */
export function wrongOf(outcome: Outcome): string[] {
  if (outcome instanceof ComposefsError) return [outcome.code];
  const objects = outcome.objects.filter(({ isEqual, problem, signature }) => {
    return !isEqual || problem !== null || signature.state === "invalid";
  });
  return [...new Set(objects.map(({ role, layer }) => (layer === null ? role : `${role} ${layer}`)))];
}

export const verdictOf = (outcome: Outcome) => (outcome instanceof ComposefsError ? "error" : outcome.verdict);

/** Copies with one bit changed, here and there. */
export function* flips(bytes: Uint8Array): Generator<[at: number, changed: Uint8Array]> {
  for (let at = 0; at < bytes.length; at += bytes.length > 2000 ? 97 : 7) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    yield [at, changed];
  }
}
