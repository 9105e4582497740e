/** Types of `abi.mjs`. */
export declare const ABI: Readonly<Record<string, number>>;
export declare const STATUS_NAMES: ReadonlyMap<number, string>;
export declare const FIELD_NAMES: ReadonlyMap<number, string>;
