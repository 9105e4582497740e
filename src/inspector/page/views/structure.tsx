/**
 * What the image is made of: its parts, its headers, and every structure with its bytes.
 */

import { useState } from "preact/hooks";
import type { JsonField } from "../../../explain/walk-json.ts";
import type { StructureDetails, StructureFacts } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { countText, hexText, percentText, sizeText } from "../model/format.ts";
import { fileHash, type Route, routeHash } from "../model/route.ts";
import { readable } from "../model/text.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Digest } from "../parts/digest.tsx";
import { HexView } from "../parts/hex.tsx";
import { FailureNotice } from "../parts/notice.tsx";
import { Size } from "../parts/size.tsx";
import { StructureList } from "../parts/structure-list.tsx";

/** Bytes of a structure that are shown; the longest that mean something have some 260 KiB. */
const HEX_BYTES_MAX = 1 << 20;

export function StructureView({ shown, route }: { shown: Shown; route: Route }) {
  const { side, turn, opened } = shown;
  const answer = useAnswer(String(turn), (api) => api.structure(side));
  const name = route.rest === "" ? "info" : "walk";
  return (
    <div class="stack">
      <header class="view-head">
        <div>
          <h1>Structure</h1>
          <p>{answer.state === "ready" ? headline(answer.value) : "What the bytes of the image are"}</p>
        </div>
        <Command text={commandText(name, opened)} />
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
  const hrefOf = (at: number) => routeHash({ ...route, rest: String(at) });
  return (
    <div class="walk">
      <section class="card walk-list" aria-labelledby="walk">
        <h2 id="walk">Walk</h2>
        <StructureList
          shown={shown}
          count={facts.structures}
          current={answer.state === "ready" ? answer.value : undefined}
          hrefOf={hrefOf}
        />
      </section>
      <section class="card walk-details" aria-label="The chosen structure">
        {answer.state === "waiting" && <Busy text="Reading" />}
        {answer.state === "failed" && (
          <FailureNotice what="There is no structure at this offset." failure={answer.failure} />
        )}
        {answer.state === "ready" && (
          <Structure key={answer.value.offset} structure={answer.value} shown={shown} hrefOf={hrefOf} />
        )}
      </section>
    </div>
  );
}

interface StructureProps {
  structure: StructureDetails;
  shown: Shown;
  hrefOf: (offset: number) => string;
}

function Structure({ structure, shown, hrefOf }: StructureProps) {
  const { kind, offset, bytes, path, fields } = structure;
  const { side, turn } = shown;
  const data = useAnswer(`${turn} ${offset}`, (api) => api.bytes(side, offset, Math.min(bytes, HEX_BYTES_MAX)));
  const [marked, setMarked] = useState<JsonField>();
  return (
    <>
      <header class="entry-head">
        <p class="soft mono">{`${hexText(offset)} – ${hexText(offset + bytes - 1)}`}</p>
        <h2>{kind}</h2>
        <p class="soft long">
          {sizeText(bytes)}
          {path !== null && (
            <>
              {" of "}
              <a href={fileHash(shown.side, path)}>{readable(path)}</a>
            </>
          )}
        </p>
      </header>
      <div class="entry-part">
        {data.state === "ready" && (
          <HexView
            bytes={data.value}
            offset={offset}
            mark={marked && { from: marked.offset, length: marked.bytes }}
            label={`Bytes of the ${kind}`}
          />
        )}
        {bytes > HEX_BYTES_MAX && <p class="soft">{`The first ${sizeText(HEX_BYTES_MAX)} of ${sizeText(bytes)}`}</p>}
      </div>
      <div class="table-scroll">
        <table class="table fields">
          <thead>
            <tr>
              <th scope="col" class="number">
                Offset
              </th>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <FieldRow
                key={field.offset}
                field={field}
                isMarked={field === marked}
                onMark={() => setMarked(field === marked ? undefined : field)}
                hrefOf={hrefOf}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface FieldProps {
  field: JsonField;
  isMarked: boolean;
  onMark: () => void;
  hrefOf: (offset: number) => string;
}

/** Choosing a field marks its bytes. */
function FieldRow({ field, isMarked, onMark, hrefOf }: FieldProps) {
  return (
    <tr class={isMarked ? "marked" : ""}>
      <td class="number mono soft">{`+${field.offset}`}</td>
      <th scope="row">
        <button type="button" class="link-button mono long" aria-pressed={isMarked} onClick={onMark}>
          {field.name}
        </button>
      </th>
      <td class="long">
        <FieldValue field={field} hrefOf={hrefOf} />
      </td>
    </tr>
  );
}

function FieldValue({ field, hrefOf }: Pick<FieldProps, "field" | "hrefOf">) {
  const { value, data, nid, type, entry, key, target, used } = field;
  if (entry !== undefined) {
    return (
      <>
        <code>{readable(entry)}</code> <span class="soft">{type}</span>
        {", "}
        <a href={hrefOf(Number(nid) * 32)}>{`nid ${nid}`}</a>
      </>
    );
  }
  if (key !== undefined) {
    return (
      <>
        <code>{readable(key)}</code> <code class="soft">{readable(data ?? "")}</code>
        {target !== undefined && <a href={hrefOf(target)}> shared at {hexText(target)}</a>}
      </>
    );
  }
  if (data !== undefined) {
    return /^(\\x00)+$/.test(data) ? <span class="soft">all zero</span> : <code>{readable(data)}</code>;
  }
  if (used !== undefined)
    return <span class="soft">{used === 0 ? "all zero" : `${countText(used)} bytes are not zero`}</span>;
  return (
    <>
      <code>{String(value)}</code> <span class="soft">{meaningOf(field)}</span>
    </>
  );
}

/** Numbers beyond a digit that mean nothing else are also shown in hex. */
function meaningOf({ value, meaning = "", bytes }: JsonField): string {
  if (meaning !== "") return meaning === String(value) ? "" : meaning;
  return typeof value === "number" && value > 9 ? hexText(value, 2 * bytes) : "";
}
