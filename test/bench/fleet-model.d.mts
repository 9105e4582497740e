export interface Push {
  /** Seconds. */
  at: number;
  /** Of each layer. */
  layers: number[];
}
export declare function uniform(seed: number): () => number;
export declare function makePushes(options: { pushesPerHour: number; hours: number; seed: number }): Push[];
export declare function simulate(
  pushes: readonly Push[],
  workers: number,
  imageSeconds: number,
): { waits: Float64Array; busySeconds: number };
