/** Types of `refused.mjs`. */
import type { Image } from "./images.mjs";
export declare const REFUSED: Readonly<Record<string, () => Image>>;
export declare const REFUSED_OURS: Readonly<Record<string, () => Image>>;
