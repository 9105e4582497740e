/** Types of `judge.mjs`. */
import type { HostResult } from "./table.mjs";
import type { HostJob } from "./vectors.mjs";
export interface HostRun {
  results: readonly HostResult[];
  missing: readonly string[];
  isCi: boolean;
  readme?: string;
}
export declare function isForLibrary(vector: HostJob): boolean;
export declare function judgeEngine(vectors: readonly HostJob[], text: string, reference?: string): string[];
export declare function judgeLibrary(vectors: readonly HostJob[], text: string, reference: string): string[];
export declare function judgeRun(run: HostRun): string[];
