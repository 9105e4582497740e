/** Whether Redis can be reached, and why not, in words without secrets: messages of its client may hold what it was told. */

import type { Queue, QueueEvents, Worker } from "bullmq";
import { ComposefsError } from "../error.ts";
import { sleep } from "../registry/endpoint.ts";

/** The first word of what Redis answers when it refuses: WRONGPASS, READONLY, LOADING. */
const REFUSAL = /^[A-Z]+(?= )/;
/** Those that no waiting helps against: also what was said of a certificate. */
const LOCKED_OUT = /^(WRONGPASS|NOAUTH|NOPERM)$|COMPOSEFS_REDIS_/;
/** Codes by which Node refuses a certificate, as OpenSSL names them, and the one for a certificate of another host. */
const UNTRUSTED = /^(CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET_ISSUER|VERIFY))/;
const MISNAMED = "ERR_TLS_CERT_ALTNAME_INVALID";
/** By which Redis refuses ours, or that there is none. */
const REFUSED = /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA)/;
const LOOK_MS = 20;

export class RedisHealth {
  #isReachable = false;
  #isClosing = false;
  /** What was told last. */
  #trouble: string | null = null;
  readonly #onTrouble: (reason: string) => void;

  /** @param onTrouble told once for each reason, until Redis is there again */
  constructor(queue: Queue, onTrouble: (reason: string) => void = () => {}) {
    this.#onTrouble = onTrouble;
    this.hear(queue);
    queue.backend.on("close", () => {
      if (this.#isReachable && !this.#isClosing) this.#tell("the connection ended");
      this.#isReachable = false;
    });
    queue.backend.on("ready", () => {
      this.#isReachable = true;
      this.#trouble = null;
    });
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** Hears of the errors of one more connection. */
  hear(emitter: Queue | Worker | QueueEvents): void {
    const hear = (error: Error) => {
      const { code } = error as Error & { code?: unknown };
      const isCode = typeof code === "string" && /^[A-Z0-9_]+$/.test(code);
      this.#tell(isCode ? wordsOf(code) : (REFUSAL.exec(error.message)?.[0] ?? error.name));
    };
    (emitter as { on(event: "error", listener: (error: Error) => void): unknown }).on("error", hear);
  }

  /** Waits until Redis is there. @param ms at most so many milliseconds @throws {ComposefsError} SERVICE_QUEUE */
  async reach(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (!this.#isReachable) {
      if (performance.now() > end || LOCKED_OUT.test(this.#trouble ?? "")) {
        throw new ComposefsError("SERVICE_QUEUE", `Redis cannot be reached: ${this.#trouble ?? "no answer"}`);
      }
      await sleep(LOOK_MS);
    }
  }

  /** From now on connections end because they are to. */
  close(): void {
    this.#isClosing = true;
  }

  #tell(reason: string): void {
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    this.#onTrouble(reason);
  }
}

/** The code of a failure to connect, with words where it takes some to know what to do. */
function wordsOf(code: string): string {
  if (UNTRUSTED.test(code)) return `its certificate is not trusted (${code}); COMPOSEFS_REDIS_CA names its authority`;
  if (code === MISNAMED) return `its certificate is for another host (${code})`;
  if (REFUSED.test(code)) return `it refuses our certificate (${code}), which COMPOSEFS_REDIS_CERTIFICATE names`;
  return code;
}
