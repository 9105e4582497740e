/**
 * The CMS library, pkijs with asn1js: 83 kB gzipped, loaded when the first signature is handled and by nothing else.
 *
 * It reads BER, and passes over what it does not know. So bytes go through checkDer before it, and what it has read
 * is written again and has to be the same bytes: nothing was overlooked.
 */

import type * as Asn1js from "asn1js";
import type * as Pkijs from "pkijs";

export type { Asn1js, Pkijs };

/** The two packages. */
export interface CmsLibrary {
  pkijs: typeof Pkijs;
  asn1js: typeof Asn1js;
}

/** Loads the library. */
export async function loadCmsLibrary(): Promise<CmsLibrary> {
  const [pkijs, asn1js] = await Promise.all([import("pkijs"), import("asn1js")]);
  return { pkijs, asn1js };
}
