/** Types of `images.mjs`. */
import type { ArchiveOptions, Item } from "./tar.mjs";
export interface Image {
  layers: Item[][];
  options: ArchiveOptions;
}
export interface ImageOptions {
  seed?: number;
  scale?: number;
  argument?: string;
}
export declare const FAMILIES: Readonly<Record<string, (seed: number, scale: number, argument?: string) => Image>>;
export declare function makeImage(name: string, options?: ImageOptions): Image;
export declare function makeLayers(name: string, options?: ImageOptions): Buffer[];
