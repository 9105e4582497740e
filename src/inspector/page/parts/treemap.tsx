/**
 * A treemap: each rectangle is an entry, its area the bytes below it. Directories are links to their own map.
 *
 * It repeats what the table beside it says, so that screen readers and the keyboard pass it by.
 */

import { type HierarchyRectangularNode, hierarchy, treemap } from "d3-hierarchy";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { sizeText } from "../model/format.ts";

/** An entry with what is below it. */
export interface MapNode {
  name: string;
  bytes: number;
  /** CSS class of its colour. */
  tone: string;
  /** Where it leads. */
  href: string;
  /** Stands for the entries that have no rectangle of their own. */
  isRest?: true;
  /** Of a directory that is shown from inside. */
  children?: MapNode[];
}

const HEADER_PX = 20;
const GAP_PX = 2;
/** Smaller directories are shown from outside. */
const GROUP_WIDTH_PX = 64;
const GROUP_HEIGHT_PX = 48;
/** Below these no name is readable. */
const LABEL_WIDTH_PX = 44;
const LABEL_HEIGHT_PX = 16;
/** Of a letter of the labels, on average; measured with Inter and DejaVu Sans at 12 px. */
const LETTER_PX = 7;

export function Treemap({ root }: { root: MapNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const node = box.current!;
    const observer = new ResizeObserver(() => setSize({ width: node.clientWidth, height: node.clientHeight }));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  const cells = useMemo(() => layOut(root, width, height), [root, width, height]);
  return (
    <div class="treemap" ref={box}>
      <svg width={width} height={height} aria-hidden="true">
        {cells.map((cell, i) => (
          <Cell key={i} cell={cell} />
        ))}
      </svg>
    </div>
  );
}

function layOut(root: MapNode, width: number, height: number): Array<HierarchyRectangularNode<MapNode>> {
  if (width < 1 || height < 1) return [];
  const tree = hierarchy(root, ({ children }) => children)
    .sum(({ children, bytes }) => (children === undefined ? bytes : 0))
    .sort((a, b) => Number(a.data.isRest ?? false) - Number(b.data.isRest ?? false) || b.value! - a.value!);
  const place = treemap<MapNode>()
    .size([width, height])
    .paddingInner(GAP_PX)
    .paddingOuter(GAP_PX)
    .paddingTop(({ x0, x1, depth }) => (depth === 0 ? 0 : x1 - x0 > LABEL_WIDTH_PX ? HEADER_PX : GAP_PX))
    .round(true);
  return visible(place(tree)).filter(({ x0, x1, y0, y1 }) => x1 - x0 >= 1 && y1 - y0 >= 1);
}

/** What is below a node, but for what lies in a group too small to be looked into: that is one rectangle. */
function visible(node: HierarchyRectangularNode<MapNode>): Array<HierarchyRectangularNode<MapNode>> {
  return (node.children ?? []).flatMap((child) => (isGroup(child) ? [child, ...visible(child)] : [child]));
}

function isGroup({ x0, x1, y0, y1, children }: HierarchyRectangularNode<MapNode>): boolean {
  return children !== undefined && x1 - x0 >= GROUP_WIDTH_PX && y1 - y0 >= GROUP_HEIGHT_PX;
}

function Cell({ cell }: { cell: HierarchyRectangularNode<MapNode> }) {
  const { x0, y0, x1, y1, data, value } = cell;
  const [width, height] = [x1 - x0, y1 - y0];
  const isOpen = isGroup(cell);
  const size = sizeText(value ?? 0);
  const hasLabel = width >= LABEL_WIDTH_PX && height >= LABEL_HEIGHT_PX;
  const name = clip(data.name, width - 10);
  const hasSize = isOpen ? width - 10 > (data.name.length + size.length + 2) * LETTER_PX : height >= 34;
  return (
    <a href={data.href} tabindex={-1} class={isOpen ? "cell cell-group" : `cell ${data.tone}`}>
      <title>{`${data.name}, ${size}`}</title>
      <rect x={x0} y={y0} width={width} height={height} rx={isOpen ? 4 : 2} />
      {hasLabel && (
        <text x={x0 + 5} y={y0 + 14}>
          {name}
        </text>
      )}
      {hasLabel && hasSize && (
        <text
          class="cell-size"
          {...(isOpen ? { x: x1 - 5, y: y0 + 14, "text-anchor": "end" } : { x: x0 + 5, y: y0 + 29 })}
        >
          {isOpen ? size : clip(size, width - 10)}
        </text>
      )}
    </a>
  );
}

/** A name as long as it fits. */
function clip(text: string, widthPx: number): string {
  const letters = Math.floor(widthPx / LETTER_PX);
  if (text.length <= letters) return text;
  return letters < 3 ? "" : `${text.slice(0, letters - 1)}…`;
}
