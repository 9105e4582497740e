/** Types of `content.mjs`. */
import type { Content, Text } from "./tar.mjs";
export declare function zeros(length: number): () => Buffer;
export declare function mod(length: number, modulus: number): () => Buffer;
export declare function lin(length: number, factor: number, offset: number): () => Buffer;
export declare function noise(seed: number, length: number): () => Buffer;
export declare function contentBytes(content: Content): Buffer;
export declare function toBytes(value: Text): Buffer;
