/** Types of `splitmix64.mjs`. */
export declare class SplitMix64 {
  high: number;
  low: number;
  constructor(seed: bigint | number);
  next(): void;
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  chance(percent: number): boolean;
  hex(bytes: number): string;
  bytes(bytes: number): string;
}
