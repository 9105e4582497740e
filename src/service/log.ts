/** Log lines: one JSON object each, with time, level and message. Nothing that is a secret is ever given to it. */

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes a line. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** @param write gets whole lines @param lowest lines of lower levels are left out */
export function makeLog(write: (line: string) => void, lowest: LogLevel): Log {
  const from = LOG_LEVELS.indexOf(lowest);
  return (level, message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < from) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  };
}
