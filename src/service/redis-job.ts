/** What BullMQ stores of a job, and what it means here: the id is the key, and the reason of a failure has its code in front. */

/** What BullMQ says of a job whose worker died too often. */
const STALLED = /stalled/;
const CODED = /^([A-Z][A-Z0-9_]*): (.*)$/s;

/** BullMQ allows neither a colon in an id nor one that is a number. */
export function idOf(key: string): string {
  return `k${encodeURIComponent(key)}`;
}

export function keyOf(id: string): string {
  return decodeURIComponent(id.slice(1));
}

/** The text by which {@link failureIn} tells code and reason. */
export function failureText({ code, reason }: { code: string; reason: string }): string {
  return `${code}: ${reason}`;
}

/** Code and reason of a job that failed. */
export function failureIn({ failedReason = "" }: { failedReason?: string }): { code: string; reason: string } {
  const [, code, reason] = CODED.exec(failedReason) ?? [];
  if (code !== undefined) return { code, reason: reason! };
  if (STALLED.test(failedReason))
    return { code: "CRASHED", reason: "the process ended several times while it worked on this" };
  return { code: "BUG", reason: failedReason };
}
