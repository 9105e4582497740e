/**
 * The structures of an image in the order of its bytes, of which only those in sight are elements.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { StructureRow } from "../../protocol.ts";
import { countText, hexText } from "../model/format.ts";
import { readable } from "../model/text.ts";
import { type Shown, useSession } from "../model/use-session.ts";
import { scrollFor, useRows } from "./virtual.ts";

const ROW_PX = 28;
const MARGIN_ROWS = 200;

interface ListProps {
  shown: Shown;
  count: number;
  /** The chosen structure. */
  current: StructureRow | undefined;
  hrefOf: (offset: number) => string;
}

export function StructureList({ shown, count, current, hrefOf }: ListProps) {
  const { side, turn } = shown;
  const { api } = useSession();
  const scroller = useRef<HTMLDivElement>(null);
  const { from, to, topPx, heightPx } = useRows(scroller, count, ROW_PX);
  const [chunk, setChunk] = useState<{ turn: number; from: number; rows: StructureRow[] }>({
    turn: 0,
    from: 0,
    rows: [],
  });
  const isCovered = chunk.turn === turn && from >= chunk.from && Math.min(to, count) <= chunk.from + chunk.rows.length;

  useEffect(() => {
    if (isCovered) return;
    let isCurrent = true;
    const first = Math.max(0, from - MARGIN_ROWS);
    api.structures(side, first, to - first + MARGIN_ROWS).then(
      (rows) => isCurrent && setChunk({ turn, from: first, rows }),
      // The details beside the list say what is wrong.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [isCovered, from, to, turn, api, side]);

  useEffect(() => {
    const node = scroller.current;
    if (node === null || current === undefined) return;
    const top = scrollFor(current.at, count, ROW_PX, node.scrollTop, node.clientHeight);
    if (top !== undefined) node.scrollTop = top;
  }, [current?.at, count]);

  const rows = Array.from({ length: to - from }, (_, i) => chunk.rows[from + i - chunk.from]);
  return (
    <div class="structures" ref={scroller}>
      <ol aria-label="Structures" style={{ height: `${heightPx}px`, paddingTop: `${topPx}px` }}>
        {rows.map((row, i) =>
          row === undefined ? (
            <li key={from + i} class="structure-row" />
          ) : (
            <li key={from + i} class="structure-row" aria-setsize={count} aria-posinset={from + i + 1}>
              <a href={hrefOf(row.offset)} aria-current={row.offset === current?.offset ? "true" : undefined}>
                <span class="mono soft">{hexText(row.offset)}</span>
                <span class="structure-kind">{row.kind}</span>
                <span class="structure-path soft">{row.path === null ? "" : readable(row.path)}</span>
                <span class="number soft">{countText(row.bytes)}</span>
              </a>
            </li>
          ),
        )}
      </ol>
    </div>
  );
}
