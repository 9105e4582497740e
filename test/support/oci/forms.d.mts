/** Types of `forms.mjs`. */
export interface LayoutOptions {
  compression?: string;
  architecture?: string;
  tag?: string;
  config?: object;
}
export declare const FORM_NAMES: readonly string[];
export declare function makeLayout(tars: Uint8Array[], options?: LayoutOptions): Map<string, Uint8Array>;
export declare function makeMultiLayout(): Map<string, Uint8Array>;
export declare function makeArchive(members: [string, Uint8Array | { link: string }][]): Buffer;
export declare function makeForm(form: string, tars: Uint8Array[], options?: LayoutOptions): Buffer;
export declare function writeLayout(files: Map<string, Uint8Array>, out: string): void;
