/** Types of `table.mjs`. */
export interface HostResult {
  name: string;
  version: string;
  answers: number;
  identical: boolean;
  ms: number;
}
export declare const BEGIN: string;
export declare const END: string;
export declare function tableOf(results: readonly HostResult[]): string;
export declare function claimsOf(table: string): string[];
export declare function tableIn(text: string): string;
