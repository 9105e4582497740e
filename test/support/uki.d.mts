/** Types of `uki.mjs`. */
export interface Section {
  name: string | Uint8Array;
  content: string | Uint8Array;
  /** What the header says, when it is not what is true. */
  size?: number;
  offset?: number;
}
export declare function peFile(
  sections: readonly Section[],
  options?: { peAt?: number; optionalBytes?: number; count?: number },
): Buffer;
export declare function unifiedKernelImage(cmdline: string | Uint8Array, osRelease: string | Uint8Array): Buffer;
