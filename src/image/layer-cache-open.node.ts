/**
 * Where a layer cache is, as one text:
 *
 *   /var/cache/composefs                                   a directory, also on storage that machines share
 *   s3://BUCKET[/PREFIX][?region=…&endpoint=http://HOST]   a bucket of S3, or of a store that speaks its protocol
 *
 * The text never holds a secret. Those of a bucket are in the environment, by the names that the tools of AWS use:
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; AWS_REGION and AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL stand
 * for what the text does not say.
 */

import { ComposefsError } from "../error.ts";
import type { Environment } from "../registry/credential-files.node.ts";
import { machineFetch } from "../registry/fetch.node.ts";
import { DirectoryCache, defaultCacheDirectory } from "./layer-cache.node.ts";
import type { CacheStore } from "./layer-cache.ts";
import type { S3Bucket } from "./layer-cache-s3.ts";

/** Where buckets are that nothing else was said of. */
const REGION_DEFAULT = "us-east-1";

/** Options of {@link openCache}. */
export interface OpenCacheOptions {
  /** Default: that of the process. */
  environment?: Environment | undefined;
  /** Told why a store could not be used; the entry is then as if it were not there. */
  onFailure?: ((reason: string) => void) | undefined;
}

/**
 * Opens a layer cache. The library for buckets is loaded only for one.
 *
 * @param location default: the directory of this user
 * @throws {ComposefsError} CACHE_LOCATION
 */
export async function openCache(location?: string, options: OpenCacheOptions = {}): Promise<CacheStore> {
  const { environment = process.env, onFailure } = options;
  if (!location?.startsWith("s3:")) return new DirectoryCache(location ?? defaultCacheDirectory(), onFailure);
  const bucket = bucketOf(location, environment);
  const { S3Cache } = await import("./layer-cache-s3.ts");
  return new S3Cache(bucket, { fetch: machineFetch(), onFailure });
}

/** @throws {ComposefsError} CACHE_LOCATION */
export function bucketOf(location: string, environment: Environment): S3Bucket {
  // Messages show nothing of the text: a key may have been put where none belongs.
  const refuse = (what: string) => new ComposefsError("CACHE_LOCATION", `the layer cache s3://…: ${what}`);
  const wanted = "expected s3://BUCKET[/PREFIX][?region=…&endpoint=…]";
  const [, name, prefix = "", query = ""] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9._-]+)*)\/?(?:\?(.*))?$/.exec(location) ?? [];
  if (name === undefined) throw refuse(wanted);
  const asked = new URLSearchParams(query);
  for (const key of asked.keys()) if (key !== "region" && key !== "endpoint") throw refuse(wanted);

  const region = asked.get("region") ?? environment["AWS_REGION"] ?? REGION_DEFAULT;
  if (!/^[a-z0-9-]+$/.test(region)) throw refuse("expected a region such as eu-central-1");
  const endpoint = asked.get("endpoint") ?? environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"];
  let address = `https://${name}.s3.${region}.amazonaws.com${prefix}`;
  if (endpoint !== undefined) {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
    const isPlain = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === "";
    if (!isPlain || !/^https?:$/.test(url.protocol)) throw refuse("expected an endpoint such as https://HOST:PORT");
    // Stores other than that of AWS seldom have a name for each bucket.
    address = `${url.href.replace(/\/$/, "")}/${name}${prefix}`;
  }
  const [accessKeyId, secretAccessKey] = [environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]];
  if (!accessKeyId || !secretAccessKey) throw refuse("needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return { address, region, accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
