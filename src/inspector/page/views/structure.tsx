/**
 * What the image is made of: its parts, its headers, and every structure with its bytes.
 */

import type { StructureFacts } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { countText, percentText, sizeText } from "../model/format.ts";
import { type Route, routeHash } from "../model/route.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Digest } from "../parts/digest.tsx";
import { FailureNotice } from "../parts/notice.tsx";
import { Size } from "../parts/size.tsx";
import { StructureList } from "../parts/structure-list.tsx";
import { StructureDetails } from "./structure-details.tsx";

export function StructureView({ shown, route }: { shown: Shown; route: Route }) {
  const { side, turn, opened } = shown;
  const answer = useAnswer(String(turn), (api) => api.structure(side));
  return (
    <div class="stack">
      <header class="view-head">
        <div>
          <h1>Structure</h1>
          <p>{answer.state === "ready" ? headline(answer.value) : "What the bytes of the image are"}</p>
        </div>
        <Command text={commandText("info", opened)} />
      </header>
      {answer.state === "waiting" && <Busy text="Taking the image apart" />}
      {answer.state === "failed" && (
        <FailureNotice what="The image could not be taken apart." failure={answer.failure} />
      )}
      {answer.state === "ready" && (
        <>
          <Info facts={answer.value} />
          <Walk facts={answer.value} shown={shown} route={route} />
        </>
      )}
    </div>
  );
}

function headline({ profile, image, structures }: StructureFacts): string {
  return `Image ${profile}, ${sizeText(image.size)}, ${countText(structures)} structures`;
}

function Info({ facts }: { facts: StructureFacts }) {
  const { image, tree, digest, profile } = facts;
  const parts = [...image.parts].sort((x, y) => y.bytes - x.bytes);
  return (
    <div class="structure-info">
      <section class="card" aria-labelledby="parts">
        <h2 id="parts">Parts of the image</h2>
        <div class="parts-bar" aria-hidden="true">
          {parts.map(({ part, bytes }, i) => (
            <div key={part} class={`tone-${(i % 8) + 1}`} style={{ flexGrow: bytes }} title={part} />
          ))}
        </div>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" class="number">
                Count
              </th>
              <th scope="col" class="number">
                Bytes
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ part, count, bytes }, i) => (
              <tr key={part}>
                <th scope="row">
                  <span class={`swatch tone-${(i % 8) + 1}`} aria-hidden="true" />
                  {part}
                </th>
                <td class="number">{countText(count)}</td>
                <td class="number">{countText(bytes)}</td>
                <td class="number">{percentText(bytes, image.size)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div class="stack">
        <section class="card" aria-labelledby="tree">
          <h2 id="tree">Tree</h2>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col" class="number">
                  Count
                </th>
                <th scope="col" class="number">
                  Bytes
                </th>
              </tr>
            </thead>
            <tbody>
              {tree.kinds.map(({ kind, count, bytes }) => (
                <tr key={kind}>
                  <th scope="row">{kind}</th>
                  <td class="number">{countText(count)}</td>
                  <td class="number">
                    {Number(bytes) === 0 ? <span class="soft">–</span> : <Size bytes={Number(bytes)} />}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <section class="card" aria-labelledby="identity">
          <h2 id="identity">Identity</h2>
          <dl class="facts card-body">
            <dt>{profile}</dt>
            <dd>
              <Digest value={digest} what="the digest" />
            </dd>
            <dt>Objects</dt>
            <dd>{`${countText(tree.objects.count)}${tree.objects.hash === null ? "" : `, ${tree.objects.hash}`}, ${sizeText(Number(tree.objects.bytes))}`}</dd>
            <dt>Xattrs</dt>
            <dd>{`${countText(tree.xattrs.count)} on ${countText(tree.xattrs.entries)} entries, ${sizeText(tree.xattrs.bytes)}`}</dd>
            <dt>Names</dt>
            <dd>{sizeText(tree.nameBytes)}</dd>
            <dt>Stubs</dt>
            <dd>{countText(image.stubs)}</dd>
          </dl>
        </section>
      </div>
    </div>
  );
}

function Walk({ facts, shown, route }: { facts: StructureFacts; shown: Shown; route: Route }) {
  const { side, turn } = shown;
  const offset = /^\d+$/.test(route.rest) ? Number(route.rest) : 0;
  const answer = useAnswer(`${turn} ${offset}`, (api) => api.structureAt(side, offset), true);
  const current = answer.state === "ready" ? answer.value : undefined;
  const hrefOf = (at: number) => routeHash({ ...route, rest: String(at) });
  return (
    <div class="walk">
      <section class="card walk-list" aria-labelledby="walk">
        <h2 id="walk">Walk</h2>
        <StructureList shown={shown} count={facts.structures} current={current} hrefOf={hrefOf} />
      </section>
      <section class="card walk-details" aria-label="The chosen structure">
        {answer.state === "waiting" && <Busy text="Reading" />}
        {answer.state === "failed" && (
          <FailureNotice what="There is no structure at this offset." failure={answer.failure} />
        )}
        {answer.state === "ready" && (
          <StructureDetails
            key={answer.value.offset}
            structure={answer.value}
            profile={facts.profile}
            shown={shown}
            hrefOf={hrefOf}
          />
        )}
      </section>
    </div>
  );
}
