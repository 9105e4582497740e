/**
 * Where the queue of a fleet is, as one text: `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?prefix=NAME]`, or `rediss://` for
 * TLS (redis-tls.ts). Queues with different prefixes know nothing of each other. Messages repeat nothing of the text.
 *
 * A password had better be in COMPOSEFS_REDIS_PASSWORD than in arguments, which others on the machine can see.
 */

import { ComposefsError } from "../error.ts";
import type { Environment } from "../registry/credential-files.node.ts";
import { type RedisTls, redisTls } from "./redis-tls.ts";

/** What a connection needs. */
export interface RedisPlace {
  connection: {
    host: string;
    port: number;
    db: number;
    username?: string;
    password?: string;
    tls?: RedisTls;
    /** Null: what is asked while Redis is away waits until it is back. */
    maxRetriesPerRequest: null;
  };
  /** Of all keys. */
  prefix: string;
}

const PORT_DEFAULT = 6379;
const PREFIX_DEFAULT = "composefs";

/** Whether a text names a queue in Redis. */
export function isRedisPlace(text: string): boolean {
  return /^rediss?:/.test(text);
}

/** @throws {ComposefsError} USAGE, SERVICE_CONFIG, IO_OPEN */
export function redisPlace(text: string, environment: Environment = process.env): RedisPlace {
  const wanted = "expected redis://HOST[:PORT][/DATABASE][?prefix=NAME] or rediss://…";
  const url = URL.canParse(text) ? new URL(text) : null;
  const [, db] = /^\/?(\d{0,4})$/.exec(url?.pathname ?? "") ?? [];
  const isKnown = url !== null && isRedisPlace(text) && [...url.searchParams.keys()].every((key) => key === "prefix");
  const prefix = url?.searchParams.get("prefix") ?? PREFIX_DEFAULT;
  if (
    !isKnown ||
    url.hostname === "" ||
    db === undefined ||
    url.hash !== "" ||
    !/^[A-Za-z0-9._-]{1,64}$/.test(prefix)
  ) {
    throw new ComposefsError("USAGE", `--queue: ${wanted}`);
  }
  const password = decode(url.password) || environment["COMPOSEFS_REDIS_PASSWORD"];
  const username = decode(url.username);
  const tls = redisTls(environment, url.protocol === "rediss:");
  return {
    connection: {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || PORT_DEFAULT),
      db: Number(db),
      ...(username && { username }),
      ...(password && { password }),
      ...(tls && { tls }),
      maxRetriesPerRequest: null,
    },
    prefix,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ComposefsError("USAGE", "--queue: expected user and password with %XX for what is no letter or digit");
  }
}
