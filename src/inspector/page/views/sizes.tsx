/**
 * Where the bytes are: a map of the tree, its table, and what the layers wasted.
 */

import { useMemo } from "preact/hooks";
import type { Side, SizeNode } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { countOf, countText, percentText, sizeText } from "../model/format.ts";
import { fileHash, type Route, routeHash } from "../model/route.ts";
import { readable } from "../model/text.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Empty } from "../parts/empty.tsx";
import { FailureNotice } from "../parts/notice.tsx";
import { Size } from "../parts/size.tsx";
import { type MapNode, Treemap } from "../parts/treemap.tsx";

const TONES = 8;
/** Rectangles of a map: more are too small to be told apart. */
const MAP_NODES = 1200;
/** Files of a layer that are listed. */
const WASTED_ROWS = 100;

export function SizesView({ shown, route }: { shown: Shown; route: Route }) {
  const { opened, side, turn } = shown;
  const path = `/${route.rest}`;
  const answer = useAnswer(`${turn} ${path}`, (api) => api.sizes(side, path, MAP_NODES), true);
  return (
    <div class="stack">
      <header class="view-head">
        <div>
          <h1>Sizes</h1>
          {path === "/" ? <p>Where the bytes of the tree are</p> : <Crumbs side={side} path={path} />}
        </div>
        <Command text={commandText("ls -R", opened, [path])} />
      </header>
      {answer.state === "waiting" && <Busy text="Adding up" />}
      {answer.state === "failed" && (
        <FailureNotice what={`There is no directory at ${readable(path)}.`} failure={answer.failure} />
      )}
      {answer.state === "ready" && <SizeMap node={answer.value} shown={shown} />}
      {opened.layers.length > 1 && <Wasted shown={shown} route={route} />}
    </div>
  );
}

function Crumbs({ side, path }: { side: Side; path: string }) {
  const parts = path === "/" ? [] : path.slice(1).split("/");
  const hrefOf = (rest: string) => routeHash({ side, view: "sizes", rest, query: {} });
  return (
    <nav class="crumbs" aria-label="Directories above">
      <a href={hrefOf("")}>/</a>
      {parts.map((name, i) => (
        <span key={parts.slice(0, i + 1).join("/")}>
          <a href={hrefOf(parts.slice(0, i + 1).join("/"))}>{readable(name)}</a>
          {i < parts.length - 1 && "/"}
        </span>
      ))}
    </nav>
  );
}

function SizeMap({ node, shown }: { node: SizeNode; shown: Shown }) {
  const { side, opened } = shown;
  const hasLayers = opened.layers.length > 1;
  const root = useMemo(() => mapOf(node, side, hasLayers), [node, side, hasLayers]);
  const rows = [...(node.children ?? [])].sort((x, y) => y.bytes - x.bytes);
  if (node.bytes === 0) {
    return (
      <div class="card">
        <Empty icon="directory" title="No bytes below this directory">
          It holds {countOf(node.entries, "entry", "entries")}, all of them empty.
        </Empty>
      </div>
    );
  }
  return (
    <div class="sizes">
      <figure class="card sizes-map" aria-labelledby="map-title">
        <figcaption class="card-head">
          <h2 id="map-title">{sizeText(node.bytes)}</h2>
          <Legend shown={shown} />
        </figcaption>
        <Treemap root={root} />
      </figure>
      <section class="card sizes-table" aria-label="Largest first">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="number">
                Entries
              </th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((child) => (
              <tr key={child.path}>
                <th scope="row">
                  <a class="long" href={hrefOfNode(child, side)}>
                    {readable(child.name)}
                    {child.type === "directory" && "/"}
                  </a>
                </th>
                <td class="number">{child.type === "directory" ? countText(child.entries) : ""}</td>
                <td class="number">
                  <Size bytes={child.bytes} />
                </td>
                <td class="number">{percentText(child.bytes, node.bytes)}</td>
              </tr>
            ))}
            {node.rest !== undefined && node.rest.entries > 0 && (
              <tr>
                <th scope="row" class="soft">
                  others
                </th>
                <td class="number">{countText(node.rest.entries)}</td>
                <td class="number">
                  <Size bytes={node.rest.bytes} />
                </td>
                <td class="number">{percentText(node.rest.bytes, node.bytes)}</td>
              </tr>
            )}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Legend({ shown }: { shown: Shown }) {
  const { layers } = shown.opened;
  if (layers.length < 2) return <p class="soft">Area is size</p>;
  return (
    <ul class="legend" aria-label="Colours">
      {layers.slice(0, TONES).map(({ layer }) => (
        <li key={layer}>
          <span class={`swatch tone-${layer}`} aria-hidden="true" />
          {`layer ${layer}${layer === TONES && layers.length > TONES ? " and above" : ""}`}
        </li>
      ))}
    </ul>
  );
}

function mapOf(node: SizeNode, side: Side, hasLayers: boolean): MapNode {
  const { bytes, layer, children, path, rest } = node;
  const name = readable(node.name);
  const tone = hasLayers ? `tone-${Math.min(Math.max(layer, 1), TONES)}` : `tone-${(hashOf(path) % TONES) + 1}`;
  const base = { name, bytes, tone, href: hrefOfNode(node, side) };
  if (children === undefined) return base;
  const nodes = children.map((child) => mapOf(child, side, hasLayers));
  if (rest !== undefined && rest.bytes > 0) {
    nodes.push({
      name: `${countText(rest.entries)} more`,
      bytes: rest.bytes,
      tone: "tone-rest",
      href: base.href,
      isRest: true,
    });
  }
  return { ...base, children: nodes };
}

/** A colour for each directory: the same every time. */
function hashOf(path: string): number {
  const parent = path.slice(0, path.lastIndexOf("/"));
  let hash = 7;
  for (let i = 0; i < parent.length; i++) hash = (hash * 31 + parent.charCodeAt(i)) % 1_000_003;
  return hash;
}

function hrefOfNode({ type, path }: SizeNode, side: Side): string {
  if (type !== "directory") return fileHash(side, path);
  return routeHash({ side, view: "sizes", rest: path.slice(1), query: {} });
}

/** What lower layers bring and upper layers replace or remove. */
function Wasted({ shown, route }: { shown: Shown; route: Route }) {
  const { opened, side, turn } = shown;
  const { layers } = opened;
  const wasted = layers.filter(({ wastedBytes }) => wastedBytes > 0);
  const asked = Number(route.query["wasted"] ?? 0);
  const chosen = layers.find(({ layer }) => layer === asked) ?? wasted[0];
  const answer = useAnswer(
    chosen && `${turn} ${chosen.layer}`,
    (api) => api.wasted(side, chosen!.layer, 0, WASTED_ROWS),
    true,
  );
  const total = layers.reduce((sum, { wastedBytes }) => sum + wastedBytes, 0);
  return (
    <section class="card" aria-labelledby="wasted">
      <div class="card-head">
        <h2 id="wasted">Layers</h2>
        <p class="soft">
          {total === 0
            ? "No layer brings what another one replaces or removes"
            : `${sizeText(total)} that upper layers replace or remove`}
        </p>
      </div>
      <ul class="layer-bars">
        {layers.map(({ layer, contentBytes, wastedBytes, whiteouts }) => {
          const largest = Math.max(...layers.map((one) => one.contentBytes), 1);
          return (
            <li key={layer}>
              <a
                href={routeHash({ ...route, query: { ...route.query, wasted: String(layer) } })}
                aria-current={layer === chosen?.layer ? "true" : undefined}
              >{`Layer ${layer}`}</a>
              <div class="layer-bar" aria-hidden="true">
                <div
                  class={`tone-${Math.min(layer, TONES)}`}
                  style={{ width: `${(100 * (contentBytes - wastedBytes)) / largest}%` }}
                />
                <div class="wasted" style={{ width: `${(100 * wastedBytes) / largest}%` }} />
              </div>
              <span class="number">{sizeText(contentBytes)}</span>
              <span class="soft">
                {[wastedBytes > 0 && `${sizeText(wastedBytes)} wasted`, whiteouts > 0 && countOf(whiteouts, "whiteout")]
                  .filter(Boolean)
                  .join(", ")}
              </span>
            </li>
          );
        })}
      </ul>
      {chosen !== undefined && chosen.whiteouts > 0 && <Whiteouts shown={shown} layer={chosen.layer} />}
      {chosen !== undefined && answer.state === "failed" && (
        <FailureNotice what="The layer could not be read." failure={answer.failure} />
      )}
      {chosen !== undefined && answer.state === "ready" && answer.value.total > 0 && (
        <div class="table-scroll">
          <table class="table">
            <caption class="table-caption">{`What layer ${chosen.layer} brings for nothing, largest first`}</caption>
            <thead>
              <tr>
                <th scope="col">Path</th>
                <th scope="col">Fate</th>
                <th scope="col" class="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {answer.value.rows.map(({ path, bytes, by, how }) => (
                <tr key={path}>
                  <th scope="row" class="long">
                    {how === "replaced" ? <a href={fileHash(side, path)}>{readable(path)}</a> : readable(path)}
                  </th>
                  <td>{`${how} by layer ${by}`}</td>
                  <td class="number">
                    <Size bytes={bytes} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** What a layer takes away from those below it. */
function Whiteouts({ shown, layer }: { shown: Shown; layer: number }) {
  const { side, turn } = shown;
  const answer = useAnswer(`${turn} ${layer}`, (api) => api.whiteouts(side, layer, 0, WASTED_ROWS), true);
  if (answer.state !== "ready") return null;
  const { total, rows } = answer.value;
  return (
    <div class="whiteouts">
      <h3>{`What layer ${layer} removes`}</h3>
      <ul>
        {rows.map(({ path, isOpaque, hasTarget }) => (
          <li key={path} class="long">
            {readable(path)}
            <span class="soft">
              {isOpaque ? " and all that was in it" : ""}
              {hasTarget ? "" : ", which no layer below has"}
            </span>
          </li>
        ))}
      </ul>
      {total > rows.length && <p class="soft">{`and ${countText(total - rows.length)} more`}</p>}
    </div>
  );
}
