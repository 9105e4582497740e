/** Types of `random-dump.mjs`. */
export interface RandomCase {
  dump: Buffer;
  options: string[];
  /** Whether something in it was broken on purpose. */
  broken: boolean;
  printDigest: boolean;
}
export declare function makeCase(seed: number, number: number): RandomCase;
