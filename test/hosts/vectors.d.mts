/** Types of `vectors.mjs`. */
export interface HostJob {
  job: string;
  answers: string[];
}
export declare function writeVectors(folder: string): HostJob[];
