/** Types of `generate-dump.mjs`. */
export type DumpProfile = "distro" | "edges";
export declare function generateDump(profile: DumpProfile, entries: number, seed: number): Iterable<Uint8Array>;
export declare function generateDumpBytes(profile: DumpProfile, entries: number, seed: number): Uint8Array;
