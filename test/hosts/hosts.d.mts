/** Types of `hosts.mjs`. */
export interface Host {
  name: string;
  isLibrary: boolean;
  version(): string | undefined;
  run(folder: string, jobs: string): Promise<string>;
}
export declare const HOSTS: readonly Host[];
