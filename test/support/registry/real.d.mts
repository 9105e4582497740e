export interface RealRegistry {
  /** `127.0.0.1:PORT` */
  host: string;
  close(): void;
}
/** A port that nobody listens at. */
export declare function freePort(): Promise<number>;
export declare function hasProgram(name: string, install: string): boolean;
export declare function startDebianRegistry(
  notify?: { url: string; authorization: string } | null,
  headers?: Record<string, string[]>,
): Promise<RealRegistry>;
export declare function startNativeRegistry(): Promise<RealRegistry>;
export declare const NATIVE_REGISTRY: string;
