/**
 * The head of the page: what is open, and whether it is sealed.
 */

import { useRef } from "preact/hooks";
import type { Side } from "../../protocol.ts";
import { type Dropped, pickedInputs } from "../model/dropped.ts";
import { type Route, routeHash } from "../model/route.ts";
import { reportOf } from "../model/session.ts";
import { useSession, useSides } from "../model/use-session.ts";
import { verdictOf } from "../model/verdict.ts";
import { Icon } from "./icon.tsx";

export function Header({ route, onInputs }: { route: Route; onInputs: (inputs: Dropped) => void }) {
  const sides = useSides();
  const isEmpty = sides.a.state === "empty" && sides.b.state === "empty";
  const hasBoth = sides.a.state !== "empty" && sides.b.state !== "empty";
  return (
    <header class="header">
      <div class="header-row">
        <a class="brand" href="#/overview">
          <Icon name="seal" size={20} />
          <span>
            <b>composefs</b> inspector
          </span>
        </a>
        {!isEmpty && (
          <div class="inputs">
            <InputChip side="a" route={route} hasLetter={hasBoth} />
            <InputChip side="b" route={route} hasLetter={hasBoth} />
            <OpenButton onInputs={onInputs} />
          </div>
        )}
      </div>
    </header>
  );
}

function InputChip({ side, route, hasLetter }: { side: Side; route: Route; hasLetter: boolean }) {
  const session = useSession();
  const state = useSides()[side];
  if (state.state === "empty") return null;
  const name = state.state === "open" ? state.opened.name : state.name;
  const verdict = state.state === "open" ? verdictOf(reportOf(state), state.opened.sealReason) : undefined;
  const isCurrent = hasLetter && route.side === side && route.view !== "compare";
  const view = route.view === "compare" ? "overview" : route.view;
  return (
    <div class={isCurrent ? "input-chip current" : "input-chip"}>
      {hasLetter && <span class="input-letter">{side.toUpperCase()}</span>}
      <a href={routeHash({ ...route, side, view })} title={name} aria-current={isCurrent ? "true" : undefined}>
        {name}
      </a>
      {verdict !== undefined && verdict.short !== "" && <span class={`badge ${verdict.tone}`}>{verdict.short}</span>}
      <button
        type="button"
        class="icon-button"
        aria-label={`Close ${name}`}
        title="Close"
        onClick={() => session.close(side)}
      >
        <Icon name="cross" size={12} />
      </button>
    </div>
  );
}

function OpenButton({ onInputs }: { onInputs: (inputs: Dropped) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button quiet" onClick={() => input.current!.click()}>
        <Icon name="open" />
        <span>Open</span>
      </button>
      <input
        class="visually-hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        ref={input}
        onChange={(event) => {
          const inputs = pickedInputs(event.currentTarget.files!, false);
          event.currentTarget.value = "";
          onInputs(inputs);
        }}
      />
    </>
  );
}
