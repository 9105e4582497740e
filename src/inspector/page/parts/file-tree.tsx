// biome-ignore-all lint/a11y/useSemanticElements: a table cannot be virtual, and has no levels
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names the current row
/**
 * The tree of files: a treegrid (WAI-ARIA 1.2) of which only the rows in sight are elements.
 *
 * Arrows move and open, Home and End go to the ends, Enter shows an entry, * opens all that is below. The grid keeps the
 * focus and names the current row, since rows come and go.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FileRow, Filter } from "../../protocol.ts";
import { type FileList, useFileList } from "../model/file-list.ts";
import { dayText, modeText } from "../model/format.ts";
import { baseName, parentOf, readable } from "../model/text.ts";
import type { Shown } from "../model/use-session.ts";
import { Empty } from "./empty.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { FailureNotice } from "./notice.tsx";
import { Size } from "./size.tsx";
import { scrollFor, useRows } from "./virtual.ts";

const ROW_PX = 28;
const INDENT_REM = 1.125;
/** Deeper entries are not moved further to the right: their level is still said. */
const INDENT_LEVELS_MAX = 12;

interface TreeProps {
  shown: Shown;
  filter: Filter;
  /** Path of the chosen entry. */
  selected: string;
  /** @param isStep whether the choice is one of many on the way */
  onSelect: (path: string, isStep: boolean) => void;
  onCounts: (counts: { rows: number; matches: number }) => void;
}

export function FileTree({ shown, filter, selected, onSelect, onCounts }: TreeProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useFileList(shown, filter);
  const [active, showActive] = useState(0);
  // Keys may come faster than the page is drawn.
  const activeNow = useRef(0);
  const setActive = (at: number) => {
    activeNow.current = at;
    showActive(at);
  };
  const rows = useRows(scroller, list.total, ROW_PX);
  const hasLayers = shown.opened.layers.length > 1;

  useEffect(() => list.need(rows.from, rows.to), [rows.from, rows.to, list.total]);
  useEffect(() => onCounts({ rows: list.total, matches: list.matches }), [list.total, list.matches]);

  const scrollTo = (at: number, isCentred = false) => {
    const node = scroller.current!;
    const top = scrollFor(at, list.total, ROW_PX, node.scrollTop, node.clientHeight - HEAD_PX, isCentred);
    if (top !== undefined) node.scrollTop = top;
  };
  // A row that was revealed can be scrolled to when the element is as high as the list has become.
  const revealed = useRef<number>(null);
  useLayoutEffect(() => {
    if (revealed.current === null || revealed.current >= list.total) return;
    scrollTo(revealed.current, true);
    revealed.current = null;
  });
  // The address may name an entry that is out of sight, or below closed directories.
  const isThere = list.row(active)?.path === selected;
  useEffect(() => {
    if (isThere || list.total === 0) return;
    void list.reveal(selected).then((at) => {
      if (at === undefined) return;
      revealed.current = at;
      setActive(at);
    });
  }, [selected, shown.turn, list.total === 0]);

  const move = (at: number) => {
    const next = Math.max(0, Math.min(at, list.total - 1));
    setActive(next);
    scrollTo(next);
    const row = list.row(next);
    if (row !== undefined) onSelect(row.path, true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = list.row(activeNow.current);
    if (event.ctrlKey || event.metaKey || event.altKey || row === undefined) return;
    const action = actionOf(event.key, { row, active: activeNow.current, list, page: rows.pageRows, move });
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const click = (at: number, row: FileRow) => {
    setActive(at);
    onSelect(row.path, false);
  };

  if (list.failure !== undefined) return <FailureNotice what="The files could not be listed." failure={list.failure} />;
  return (
    <div
      class={hasLayers ? "tree with-layers" : "tree"}
      ref={scroller}
      role="treegrid"
      aria-label="Files"
      aria-rowcount={list.total + 1}
      aria-activedescendant={list.row(active) === undefined ? undefined : `row-${active}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div class="tree-row tree-head" role="row" aria-rowindex={1}>
        <span role="columnheader">Name</span>
        <span role="columnheader" class="number">
          Size
        </span>
        <span role="columnheader">Mode</span>
        <span role="columnheader" class="tree-owner">
          Owner
        </span>
        {hasLayers && (
          <span role="columnheader" class="number">
            Layer
          </span>
        )}
        <span role="columnheader" class="tree-time">
          Modified
        </span>
      </div>
      {list.total === 0 ? (
        <Empty icon="search" title="Nothing fits">
          No entry fits this filter.
        </Empty>
      ) : (
        <div role="presentation" style={{ height: `${rows.heightPx}px` }}>
          <div role="presentation" style={{ transform: `translateY(${rows.topPx}px)` }}>
            {Array.from({ length: rows.to - rows.from }, (_, i) => {
              const at = rows.from + i;
              const row = list.row(at);
              return row === undefined ? (
                <div key={at} class="tree-row" role="presentation" />
              ) : (
                <Row
                  key={at}
                  row={row}
                  at={at}
                  isActive={at === active}
                  isSelected={row.path === selected}
                  hasLayers={hasLayers}
                  onClick={() => click(at, row)}
                  onToggle={(isDeep) => list.toggle(row, !row.isOpen, isDeep)}
                />
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

/** Height of the row of headers, which stays in sight. */
const HEAD_PX = 30;

interface KeyContext {
  row: FileRow;
  active: number;
  list: FileList;
  page: number;
  move: (at: number) => void;
}

/** What a key does; undefined for one that does nothing here. */
function actionOf(key: string, { row, active, list, page, move }: KeyContext): (() => void) | undefined {
  const isDirectory = row.type === "directory";
  const isOpen = row.isOpen && row.children > 0;
  switch (key) {
    case "ArrowDown":
      return () => move(active + 1);
    case "ArrowUp":
      return () => move(active - 1);
    case "PageDown":
      return () => move(active + page - 2);
    case "PageUp":
      return () => move(active - page + 2);
    case "Home":
      return () => move(0);
    case "End":
      return () => move(list.total - 1);
    case "ArrowRight":
      if (!isDirectory) return undefined;
      return () => (isOpen ? move(active + 1) : list.toggle(row, true, false));
    case "ArrowLeft":
      if (isOpen && active > 0) return () => list.toggle(row, false, false);
      return () => void list.reveal(parentOf(row.path)).then((at) => at !== undefined && move(at));
    case "Enter":
    case " ":
      return isDirectory ? () => list.toggle(row, !row.isOpen, false) : () => move(active);
    case "*":
      return isDirectory ? () => list.toggle(row, true, true) : undefined;
    default:
      return undefined;
  }
}

interface RowProps {
  row: FileRow;
  at: number;
  isActive: boolean;
  isSelected: boolean;
  hasLayers: boolean;
  onClick: () => void;
  onToggle: (isDeep: boolean) => void;
}

function Row({ row, at, isActive, isSelected, hasLayers, onClick, onToggle }: RowProps) {
  const { type, depth, isOpen, children, isMatch, isWhiteout, layer } = row;
  const isDirectory = type === "directory";
  const indent = Math.min(depth, INDENT_LEVELS_MAX) * INDENT_REM;
  const classes = [
    "tree-row",
    isSelected && "selected",
    isActive && "active",
    !isMatch && "passing",
    isWhiteout && "gone",
  ];
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    onToggle(event.altKey);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
    <div
      class={classes.filter(Boolean).join(" ")}
      role="row"
      id={`row-${at}`}
      aria-rowindex={at + 2}
      aria-level={depth + 1}
      aria-selected={isSelected}
      {...(isDirectory && children > 0 && { "aria-expanded": isOpen })}
      onClick={onClick}
      onDblClick={isDirectory ? () => onToggle(false) : undefined}
    >
      <span role="gridcell" class="tree-name" style={{ paddingInlineStart: `${indent}rem` }}>
        {isDirectory && children > 0 ? (
          <button
            type="button"
            class={isOpen ? "tree-toggle open" : "tree-toggle"}
            tabIndex={-1}
            aria-hidden="true"
            onClick={toggle}
          >
            <Icon name="chevron" size={12} />
          </button>
        ) : (
          <span class="tree-toggle" />
        )}
        <Icon name={iconOf(row)} />
        <span class="tree-text">{depth === 0 ? "/" : readable(baseName(row.path))}</span>
      </span>
      <span role="gridcell" class="number">
        {row.bytes === 0 && type !== "file" ? <span class="soft">–</span> : <Size bytes={row.bytes} />}
      </span>
      <span role="gridcell" class="mono soft">
        {modeText(row.mode)}
      </span>
      <span role="gridcell" class="tree-owner soft">{`${row.uid}:${row.gid}`}</span>
      {hasLayers && (
        <span role="gridcell" class="number soft">
          {layer === 0 ? "" : layer}
        </span>
      )}
      <span role="gridcell" class="tree-time soft">
        {dayText(row.seconds)}
      </span>
    </div>
  );
}

function iconOf({ type, isWhiteout }: FileRow): IconName {
  if (isWhiteout) return "whiteout";
  switch (type) {
    case "directory":
      return "directory";
    case "symlink":
      return "symlink";
    case "hardlink":
      return "link";
    case "character device":
    case "block device":
      return "device";
    case "fifo":
    case "socket":
      return "pipe";
    default:
      return "file";
  }
}
