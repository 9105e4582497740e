/**
 * What the lint has found: hazards for sealing, the worst first.
 */

import { useState } from "preact/hooks";
import type { LintFacts, Side } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { countOf, countText } from "../model/format.ts";
import { fileHash, type Route } from "../model/route.ts";
import { readable } from "../model/text.ts";
import { replace } from "../model/use-route.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Empty } from "../parts/empty.tsx";
import { FailureNotice, type Tone } from "../parts/notice.tsx";

const LEVELS = ["error", "warning", "note"] as const;
const TONES: Record<(typeof LEVELS)[number], Tone> = { error: "bad", warning: "warn", note: "note" };

/** Places of a finding that are shown at first. */
const FIRST_PLACES = 24;
/** Fewer findings are all shown in full. */
const OPEN_FINDINGS_MAX = 6;

export function FindingsView({ shown, route }: { shown: Shown; route: Route }) {
  const { side, turn, opened } = shown;
  const answer = useAnswer(String(turn), (api) => api.lint(side));
  return (
    <div class="stack readable">
      <header class="view-head">
        <div>
          <h1>Findings</h1>
          <p>{answer.state === "ready" ? summary(answer.value) : "Hazards of a tree that is to be sealed"}</p>
        </div>
        <Command text={commandText("lint", opened)} />
      </header>
      {answer.state === "waiting" && <Busy text="Checking the tree" />}
      {answer.state === "failed" && <FailureNotice what="The tree could not be checked." failure={answer.failure} />}
      {answer.state === "ready" && <Findings facts={answer.value} route={route} shown={shown} />}
    </div>
  );
}

function summary({ counts, entries }: LintFacts): string {
  const parts = LEVELS.filter((level) => counts[level] > 0).map((level) => countOf(counts[level], level));
  const all = countOf(entries, "entry", "entries");
  return parts.length === 0 ? `Nothing found in ${all}` : `${parts.join(", ")} in ${all}`;
}

function Findings({ facts, route, shown }: { facts: LintFacts; route: Route; shown: Shown }) {
  const { findings } = facts;
  if (findings.length === 0) {
    return (
      <div class="card">
        <Empty icon="check" title="Nothing to remark">
          Every tool writes this tree alike, and nothing in it gets lost when it is sealed.
        </Empty>
      </div>
    );
  }
  return (
    <ul class="stack">
      {findings.map((finding) => (
        <li key={finding.rule} class="card finding" id={`rule-${finding.rule}`}>
          <details
            open={route.rest === finding.rule || (route.rest === "" && findings.length < OPEN_FINDINGS_MAX)}
            onToggle={(event) => {
              if (event.currentTarget.open && findings.length >= OPEN_FINDINGS_MAX)
                replace({ ...route, rest: finding.rule });
            }}
          >
            <summary>
              <span class={`badge ${TONES[finding.level]}`}>{finding.level}</span>
              <span class="finding-title">{finding.title}</span>
              <code class="finding-rule">{finding.rule}</code>
              <span class="number">{countText(finding.count)}</span>
            </summary>
            <div class="finding-body">
              <p>{finding.reason}</p>
              <p class="soft">{finding.advice}</p>
              <Places finding={finding} side={shown.side} />
            </div>
          </details>
        </li>
      ))}
    </ul>
  );
}

/** The first places; all that are known when somebody wants them. */
function Places({ finding, side }: { finding: LintFacts["findings"][number]; side: Side }) {
  const { places, count } = finding;
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? places : places.slice(0, FIRST_PLACES);
  return (
    <>
      <ul class="finding-places">
        {shown.map(({ path, layer, line, detail }) => (
          <li key={`${path} ${layer} ${line}`}>
            <a class="long" href={fileHash(side, path)}>
              {readable(path)}
            </a>
            {detail !== undefined && <span class="soft">{detail}</span>}
            {layer !== undefined && layer > 0 && <span class="soft">layer {layer}</span>}
            {line !== undefined && line > 0 && <span class="soft">line {countText(line)}</span>}
          </li>
        ))}
      </ul>
      {places.length > shown.length && (
        <p>
          <button type="button" class="link-button" onClick={() => setWhole(true)}>
            {`Show ${countText(places.length)} of ${countText(count)}`}
          </button>
        </p>
      )}
      {isWhole && count > places.length && <p class="soft">{`and ${countText(count - places.length)} more`}</p>}
    </>
  );
}
