export interface RealRegistry {
  /** `127.0.0.1:PORT` */
  host: string;
  close(): void;
}
export declare function hasProgram(name: string, install: string): boolean;
export declare function startDebianRegistry(): Promise<RealRegistry>;
export declare function startNativeRegistry(): Promise<RealRegistry>;
export declare const NATIVE_REGISTRY: string;
