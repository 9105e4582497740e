/**
 * The session and answers of the engine, as hooks.
 */

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Inspector, Opened, RequestFailure, Side } from "../../protocol.ts";
import { failureOf, isAbort, isClosed } from "./failure.ts";
import type { Session, SideState, SignatureCheck } from "./session.ts";

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  return useContext(SessionContext)!;
}

/** Both sides; the component is drawn anew when one changes. */
export function useSides(): Readonly<Record<Side, SideState>> {
  const session = useSession();
  const [sides, setSides] = useState(session.sides);
  useEffect(() => {
    const look = () => setSides(session.sides);
    // It may have changed between the first drawing and now.
    look();
    return session.subscribe(look);
  }, [session]);
  return sides;
}

/** What a view shows. */
export interface Shown {
  side: Side;
  opened: Opened;
  /** Names the input and its tree, for `useAnswer`. */
  turn: number;
  check: SignatureCheck;
}

/** An answer that is awaited, has come, or will not come. */
export type Answer<T> =
  | { state: "waiting"; value: undefined }
  | { state: "ready"; value: T }
  | { state: "failed"; value: undefined; failure: RequestFailure };

const WAITING = { state: "waiting", value: undefined } as const;

/**
 * Asks the session, and again when `key` changes.
 *
 * @param key what is asked, as text; undefined asks nothing
 * @param keep whether an older answer stays until the new one has come
 */
export function useAnswer<T>(key: string | undefined, ask: (api: Inspector) => Promise<T>, keep = false): Answer<T> {
  const { api } = useSession();
  const [answer, setAnswer] = useState<{ key: string | undefined; answer: Answer<T> }>({
    key: undefined,
    answer: WAITING,
  });
  useEffect(() => {
    if (key === undefined) return;
    let isCurrent = true;
    ask(api).then(
      (value) => isCurrent && setAnswer({ key, answer: { state: "ready", value } }),
      (error: unknown) => {
        if (isCurrent && !isAbort(error) && !isClosed(error)) {
          setAnswer({ key, answer: { state: "failed", value: undefined, failure: failureOf(error) } });
        }
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [key, api]);
  return answer.key === key || keep ? answer.answer : WAITING;
}
