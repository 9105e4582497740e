/** Types of `escape.mjs`. */
export declare function escapeBytes(bytes: string, equals?: boolean): string;
export declare function escapeOptional(bytes: string | undefined): string;
