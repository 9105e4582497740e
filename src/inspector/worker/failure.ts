/**
 * Failures on their way to the page, with what a person can do.
 */

import { ComposefsError } from "../../error.ts";
import { type JsonNumber, jsonNumber } from "../../explain/listing.ts";
import { RequestError, type RequestFailure } from "../protocol.ts";

/** An answer to a request about a side that is not open, or not any more. */
export function closedFailure(): RequestError {
  return new RequestError({ code: "CLOSED", message: "this image is not open", data: {}, choices: [], advice: [] });
}

/** What the page is told. */
export function requestFailure(error: unknown): RequestFailure {
  if (error instanceof RequestError) return error.failure;
  const nothing = { data: {}, choices: [], advice: [] };
  if (!(error instanceof ComposefsError)) {
    const isAbort = error instanceof DOMException && error.name === "AbortError";
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { code: isAbort ? "CANCELLED" : "BUG", message, ...nothing };
  }
  const { code, message } = error;
  const { choices = [], ...data } = error.data;
  return { code, message, data: plain(data), choices: [...choices], advice: adviceFor(error) };
}

function plain(data: Record<string, string | number | bigint>): Record<string, JsonNumber> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, typeof value === "bigint" ? jsonNumber(value) : value]),
  );
}

/**
 * What has to be so that a page may read from a registry. A browser does not say why it did not let a page have an answer: a
 * registry that cannot be reached and one that does not allow pages look alike.
 */
const CORS_ADVICE: readonly string[] = [
  "The browser did not let this page read the answer, and does not say why: the registry cannot be reached, or it does not allow web pages to read from it.",
  "Its operator allows it with the headers Access-Control-Allow-Origin and Access-Control-Allow-Headers: Authorization, Accept, Range, on all answers below /v2/, on those of its token service and on those of the store that blobs are redirected to, and Access-Control-Expose-Headers: Docker-Content-Digest, WWW-Authenticate, Link.",
  "Without that, save the image first, such as with skopeo copy docker://… oci-archive:app.tar, and open the file here; or use the command below, which no such rule binds.",
];

function adviceFor({ code }: ComposefsError): string[] {
  return code === "REGISTRY_CONNECT" ? [...CORS_ADVICE] : [];
}
