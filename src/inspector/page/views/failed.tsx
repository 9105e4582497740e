/**
 * An input that could not be read: why, and what to do.
 */

import type { Choice, Side } from "../../protocol.ts";
import type { SideState } from "../model/session.ts";
import { useSession } from "../model/use-session.ts";
import { FailureNotice, Notice } from "../parts/notice.tsx";

export function FailedView({ side, failed }: { side: Side; failed: Extract<SideState, { state: "failed" }> }) {
  const session = useSession();
  const { name, input, failure } = failed;
  const choose = (choice: Choice) => void session.open(side, input, choice);
  const other = (
    <button type="button" class="button" onClick={() => session.close(side)}>
      Open something else
    </button>
  );
  if (failure.choices.length > 0) {
    return (
      <div class="stack readable">
        <h1 class="long">{name}</h1>
        <Notice tone="note" title="There are several images in it. Which one is meant?">
          <div class="buttons">
            {failure.choices.map((choice) => {
              const text = [choice.reference, choice.platform].filter((part) => part !== undefined).join(", ");
              return (
                <button key={text} type="button" class="button primary" onClick={() => choose(choice)}>
                  {text}
                </button>
              );
            })}
            {other}
          </div>
        </Notice>
      </div>
    );
  }
  return (
    <div class="stack readable">
      <h1 class="long">{name}</h1>
      <FailureNotice what="This could not be read." failure={failure}>
        <div class="buttons">
          <button type="button" class="button" onClick={() => choose({})}>
            Try again
          </button>
          {other}
        </div>
      </FailureNotice>
    </div>
  );
}
