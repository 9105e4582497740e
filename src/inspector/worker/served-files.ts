/**
 * The files that `composefs inspect INPUT` serves (served.ts), fetched into Blobs, which a browser keeps on disk when they
 * are large.
 */

import { ComposefsError } from "../../error.ts";
import { chunksOf } from "../../source/bytes.ts";
import type { InputFile } from "../protocol.ts";
import type { ServedInput } from "../served.ts";
import type { Meter } from "./meter.ts";

/** Bytes of a part that is handed over to the browser. */
const PART_BYTES = 8 * 1024 * 1024;

/** @param url of the folder that has index.json @throws {ComposefsError} IO_READ */
export async function servedFiles(
  url: string,
  meter: Meter,
  signal: AbortSignal,
): Promise<{ files: InputFile[]; reference: string | null }> {
  const { files, reference } = (await (await get(new URL("index.json", url), signal)).json()) as ServedInput;
  meter.begin(
    "Fetching",
    files.map(({ path, bytes }) => ({ layer: 0, label: path, totalBytes: bytes })),
  );
  const found: InputFile[] = [];
  for (const [i, { path, bytes }] of files.entries()) {
    const parts: Blob[] = [];
    let chunks: Uint8Array<ArrayBuffer>[] = [];
    let [held, done] = [0, 0];
    for await (const chunk of chunksOf((await get(new URL(`${i}`, url), signal)).body!, signal)) {
      chunks.push(chunk as Uint8Array<ArrayBuffer>);
      held += chunk.length;
      done += chunk.length;
      meter.update(i, done, "running");
      if (held < PART_BYTES) continue;
      parts.push(new Blob(chunks));
      [chunks, held] = [[], 0];
    }
    if (done !== bytes) {
      throw new ComposefsError("IO_READ", `${path}: it had ${bytes} bytes, and ${done} came`, {
        actual: done,
        limit: bytes,
      });
    }
    meter.update(i, done, "done");
    found.push({ path, file: new File([...parts, ...chunks], path.slice(path.lastIndexOf("/") + 1)) });
  }
  return { files: found, reference };
}

async function get(url: URL, signal: AbortSignal): Promise<Response> {
  const failure = (reason: string, cause?: unknown) =>
    new ComposefsError(
      "IO_READ",
      `the command that served this page does not answer any more: ${reason}`,
      {},
      { cause },
    );
  const response = await fetch(url, { signal, credentials: "omit", cache: "no-store" }).catch((cause) => {
    if (signal.aborted) throw signal.reason;
    throw failure((cause as Error).message, cause);
  });
  if (!response.ok) throw failure(`status ${response.status}`);
  return response;
}
