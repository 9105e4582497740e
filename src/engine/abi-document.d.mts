/** Types of `abi-document.mjs`. */
export declare function abiDocument(
  abi: Readonly<Record<string, number>>,
  statusRows: Readonly<Record<string, readonly [number, string]>>,
): string;
