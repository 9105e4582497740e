/**
 * Two images: what differs, why, and what would make them equal.
 */

import { useState } from "preact/hooks";
import { baseOf, CLASSES, type ClassId } from "../../../explain/diff-classes.ts";
import type { Comparison, DiffRow } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import type { Dropped } from "../model/dropped.ts";
import { countOf, countText } from "../model/format.ts";
import { fileHash, type Route, routeHash } from "../model/route.ts";
import { readable } from "../model/text.ts";
import { useAnswer, useSides } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Icon } from "../parts/icon.tsx";
import { FailureNotice } from "../parts/notice.tsx";
import { DropZone } from "./start.tsx";

const PAGE_ROWS = 200;

export function CompareView({ route, onInputs }: { route: Route; onInputs: (inputs: Dropped) => void }) {
  const { a, b } = useSides();
  const key = a.state === "open" && b.state === "open" ? `${a.turn} ${b.turn}` : undefined;
  const answer = useAnswer(key, (api) => api.compare());
  if (a.state !== "open" || b.state !== "open") {
    return (
      <div class="stack readable">
        <header class="view-head">
          <div>
            <h1>Compare</h1>
            <p>What differs between two images, why, and what would make them equal</p>
          </div>
        </header>
        <DropZone onInputs={onInputs} title="Drop a second image" isSmall />
      </div>
    );
  }
  return (
    <div class="stack readable">
      <header class="view-head">
        <div>
          <h1>Compare</h1>
          <p class="long">
            A is {a.opened.name}, B is {b.opened.name}
          </p>
        </div>
        <Command
          text={commandText("diff", a.opened, [b.opened.operand, ...(route.rest === "" ? [] : ["--only", route.rest])])}
        />
      </header>
      {answer.state === "waiting" && <Busy text="Comparing" />}
      {answer.state === "failed" && <FailureNotice what="The images could not be compared." failure={answer.failure} />}
      {answer.state === "ready" && <Result comparison={answer.value} route={route} turn={key!} />}
    </div>
  );
}

function Result({ comparison, route, turn }: { comparison: Comparison; route: Route; turn: string }) {
  const { equal, entries, classes, hints, equalAfter, remaining, imageLines } = comparison;
  const total = classes.reduce((sum, { count }) => sum + count, 0);
  const chosen = classes.find((one) => one.class === route.rest) ?? classes[0];
  return (
    <>
      <section class={`card verdict ${equal ? "good" : "note"}`} aria-labelledby="compared">
        <div class="verdict-head">
          <span class="verdict-icon">
            <Icon name={equal ? "check" : "info"} size={28} />
          </span>
          <div>
            <h2 id="compared">{equal ? "The trees are equal" : countOf(total, "difference")}</h2>
            <p>
              {equal
                ? `All ${countOf(entries.common, "entry", "entries")} are the same, so their digests are, too, in every profile.`
                : `A has ${countOf(entries.a, "entry", "entries")}, B has ${countText(entries.b)}; ${countText(entries.common)} have the same name in both.`}
            </p>
          </div>
        </div>
        {imageLines.length > 0 && (
          <div class="causes">
            <h3>The images as files</h3>
            <pre class="image-lines">{imageLines.join("\n")}</pre>
          </div>
        )}
        {hints.length > 0 && (
          <div class="causes">
            <h3>Why</h3>
            <ul>
              {hints.map(({ id, text, classes: explained }) => (
                <li key={id}>
                  <p>{text}</p>
                  <p class="soft">
                    explains{" "}
                    {explained.map((one, i) => (
                      <span key={one}>
                        {i > 0 && ", "}
                        <a href={routeHash({ ...route, rest: one })}>{readable(one)}</a>
                      </span>
                    ))}
                  </p>
                </li>
              ))}
            </ul>
          </div>
        )}
        {!equal && (
          <div class="causes">
            <h3>{remaining.length === 0 ? "What makes them equal" : "What brings them together"}</h3>
            {equalAfter.length > 0 && (
              <ol class="normalisations">
                {equalAfter.map(({ id, text }) => (
                  <li key={id}>{text}</li>
                ))}
              </ol>
            )}
            <p class="soft">
              {equalAfter.length === 0
                ? "No normalisation does: these are different trees."
                : remaining.length === 0
                  ? "After this, done to both, the trees have the same digest. There is no smaller set."
                  : `What remains are real differences: ${remaining.map((one) => `${readable(one.class)} (${countText(one.count)})`).join(", ")}.`}
            </p>
          </div>
        )}
      </section>
      {chosen !== undefined && (
        <div class="compare-panes">
          <nav class="card classes" aria-label="Classes of differences">
            <ul>
              {classes.map((one) => (
                <li key={one.class}>
                  <a
                    href={routeHash({ ...route, rest: one.class })}
                    aria-current={one.class === chosen.class ? "true" : undefined}
                  >
                    <span class="long">{readable(one.class)}</span>
                    <span class="number soft">{countText(one.count)}</span>
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <Differences key={chosen.class} chosen={chosen} turn={turn} />
        </div>
      )}
    </>
  );
}

function Differences({ chosen, turn }: { chosen: Comparison["classes"][number]; turn: string }) {
  const [shown, setShown] = useState(PAGE_ROWS);
  const answer = useAnswer(`${turn} ${chosen.class} ${shown}`, (api) => api.differences(chosen.class, 0, shown), true);
  return (
    <section class="card" aria-labelledby="class">
      <div class="card-head">
        <div>
          <h2 id="class" class="long">
            {readable(chosen.class)}
          </h2>
          <p class="soft">{`${CLASSES[baseOf(chosen.class as ClassId)]}; ${countText(chosen.count)} of ${countText(chosen.of)}`}</p>
        </div>
      </div>
      {answer.state === "waiting" && <Busy text="Reading" />}
      {answer.state === "failed" && (
        <FailureNotice what="The differences could not be read." failure={answer.failure} />
      )}
      {answer.state === "ready" && (
        <div class="table-scroll">
          <table class="table differences">
            <thead>
              <tr>
                <th scope="col">Path</th>
                <th scope="col">A</th>
                <th scope="col">B</th>
              </tr>
            </thead>
            <tbody>
              {answer.value.map((row) => (
                <DifferenceRow key={row.path} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {chosen.count > shown && (
        <div class="card-foot">
          <button type="button" class="button" onClick={() => setShown(shown + 5 * PAGE_ROWS)}>
            {`Show more of ${countText(chosen.count)}`}
          </button>
        </div>
      )}
    </section>
  );
}

function DifferenceRow({ row }: { row: DiffRow }) {
  const { path, a, b, layers, texts } = row;
  return (
    <tr>
      <th scope="row">
        <a class="long" href={fileHash(a === null ? "b" : "a", path)}>
          {readable(path)}
        </a>
      </th>
      <Value text={a === null ? null : texts[0]} layer={layers?.a} />
      <Value text={b === null ? null : texts[1]} layer={layers?.b} />
    </tr>
  );
}

function Value({ text, layer }: { text: string | null; layer: number | undefined }) {
  return (
    <td class="long">
      {text === null ? <span class="soft">none</span> : <code>{text}</code>}
      {layer !== undefined && <span class="soft">{` layer ${layer}`}</span>}
    </td>
  );
}
