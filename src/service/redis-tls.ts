/**
 * Certificates for `rediss://`, from files that the environment names, as they are given to redis-cli by --cacert, --cert, --key:
 *
 *   COMPOSEFS_REDIS_CA            the authorities that may vouch for Redis, in PEM; these and no others; default: those of Node
 *   COMPOSEFS_REDIS_CERTIFICATE   what is shown to Redis, which wants one unless it has `tls-auth-clients no`
 *   COMPOSEFS_REDIS_KEY           its private key
 */

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { ComposefsError } from "../error.ts";
import type { Environment } from "../registry/credential-files.node.ts";
import { ioError, quote } from "../source/files.node.ts";

/** What a connection shows and whom it trusts, in PEM. */
export interface RedisTls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

const [CA, CERTIFICATE, KEY] = ["COMPOSEFS_REDIS_CA", "COMPOSEFS_REDIS_CERTIFICATE", "COMPOSEFS_REDIS_KEY"] as const;

/**
 * Reads the files.
 *
 * @param isTls whether the connection has TLS: who names an authority for one that has none is mistaken about it
 * @returns null where the connection has none
 * @throws {ComposefsError} SERVICE_CONFIG, IO_OPEN
 */
export function redisTls(environment: Environment, isTls: boolean): RedisTls | null {
  const named = [CA, CERTIFICATE, KEY].find((name) => environment[name]);
  if (!isTls) {
    if (named !== undefined) throw new ComposefsError("SERVICE_CONFIG", `${named}: --queue is not rediss://…`);
    return null;
  }
  if (Boolean(environment[CERTIFICATE]) !== Boolean(environment[KEY])) {
    throw new ComposefsError("SERVICE_CONFIG", `expected both ${CERTIFICATE} and ${KEY}`);
  }
  const tls: RedisTls = {};
  // Node takes an authority that is none, and then trusts nobody.
  const ca = (pem: Buffer) => new X509Certificate(pem);
  if (environment[CA]) tls.ca = read(environment, CA, ca);
  if (environment[CERTIFICATE]) {
    const cert = read(environment, CERTIFICATE, (pem) => createSecureContext({ cert: pem }));
    const key = read(environment, KEY, (pem) => createSecureContext({ cert, key: pem }));
    Object.assign(tls, { cert, key });
  }
  return tls;
}

/** @param check throws where the file is not what is expected */
function read(environment: Environment, name: string, check: (pem: Buffer) => unknown): Buffer {
  const path = environment[name]!;
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
  try {
    check(pem);
  } catch (cause) {
    const what = name === KEY ? "the private key of the certificate" : "a certificate";
    throw new ComposefsError(
      "SERVICE_CONFIG",
      `${name}: ${quote(path)}: expected ${what}, in PEM`,
      { path },
      { cause },
    );
  }
  return pem;
}
