/**
 * Credential helpers: programs `docker-credential-NAME` that keep passwords (docker-credential-helpers, README). They are
 * found in $PATH and run without a shell; what they print, and how long they take, is bounded.
 */

import { execFile } from "node:child_process";
import { ComposefsError } from "../error.ts";
import { type Credentials, isToken } from "./credentials.ts";
import { jsonObject, show, textOf } from "./text.ts";

/** Bytes of an answer: a name and a secret. */
const OUTPUT_BYTES_MAX = 256 * 1024;
/** Milliseconds: a helper may ask its user, or a cloud. */
const HELPER_MS = 60_000;
/** What helpers print when they have nothing: credentials/error.go. */
const NOT_FOUND = "credentials not found in native keychain";
/** The name with which a helper says that the secret is an identity token. */
const TOKEN_NAME = "<token>";

/** Whether a text can be the name of a helper: nothing that leads out of $PATH. */
export function isHelperName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
}

/**
 * Asks a helper.
 *
 * @param name behind `docker-credential-`
 * @param server the key under which the credentials are kept
 * @param timeoutMs milliseconds that it may take
 * @returns null when it has none
 * @throws {ComposefsError} REGISTRY_CREDENTIALS; nothing that the helper printed is in the message
 */
export async function askHelper(name: string, server: string, timeoutMs = HELPER_MS): Promise<Credentials | null> {
  const program = `docker-credential-${name}`;
  const failed = (what: string, cause?: unknown) => {
    const code = (cause as { code?: unknown } | undefined)?.code;
    const why = typeof code === "string" || typeof code === "number" ? ` (${code})` : "";
    return new ComposefsError("REGISTRY_CREDENTIALS", `${show(program)} for ${show(server)}: ${what}${why}`);
  };
  if (!isHelperName(name)) throw failed("this cannot be the name of a helper");
  const output = await new Promise<Buffer | null>((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      maxBuffer: OUTPUT_BYTES_MAX,
      encoding: "buffer",
      killSignal: "SIGKILL",
    } as const;
    const child = execFile(program, ["get"], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (stdout.toString("latin1").trim() === NOT_FOUND) resolve(null);
      else if (error.killed) reject(failed("it took too long or printed too much"));
      else reject(failed("it failed", error));
    });
    // A helper that does not read what it is told is found out by what it answers.
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${server}\n`);
  });
  if (output === null) return null;
  const answer = jsonObject(output);
  const username = answer && textOf(answer, "Username");
  const secret = answer && textOf(answer, "Secret");
  if (username === null || secret === null) throw failed("it answered something else than a name and a password");
  if (username !== TOKEN_NAME) return { kind: "password", username, password: secret };
  if (!isToken(secret)) throw failed("its token cannot stand in a header");
  return { kind: "identity-token", token: secret };
}
