/**
 * What `composefs inspect INPUT` serves beside the page: the files of the input, under a path that nobody can guess.
 *
 *   http://127.0.0.1:41234/?input=TOKEN          the address that the command prints
 *   http://127.0.0.1:41234/input/TOKEN/index.json
 *     {"name": "app.oci.tar", "reference": null, "files": [{"path": "app.oci.tar", "bytes": 10240}]}
 *   http://127.0.0.1:41234/input/TOKEN/0          the first of the files
 */

import type { Input } from "./protocol.ts";

/** What index.json holds. Paths are as in `InputFile`. */
export interface ServedInput {
  name: string;
  /** The tag or name that was asked for; null for none. */
  reference: string | null;
  files: Array<{ path: string; bytes: number }>;
}

/** The query of the address that the command prints. */
export const INPUT_QUERY = "input";

/** The input that the page was opened with; null for none. @param address of the page */
export function servedInput(address: string): Input | null {
  const { origin, pathname, searchParams } = new URL(address);
  const token = searchParams.get(INPUT_QUERY) ?? "";
  if (!/^[0-9a-f]{32,}$/.test(token)) return null;
  return { kind: "served", url: new URL(`input/${token}/`, `${origin}${pathname}`).href };
}
