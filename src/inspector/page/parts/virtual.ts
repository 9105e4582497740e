/**
 * Long lists: of all rows only those in sight are elements.
 *
 * The scrolled element gets the height that all rows would have, up to a limit of browsers; beyond it a place of the
 * scroll bar stands for a place in the list, and rows are laid where the view is.
 */

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** Firefox draws nothing beyond 17,895,697 px (2^30 / 60), Chromium beyond 33,554,428 px. */
const HEIGHT_LIMIT_PX = 15_000_000;
/** Rows outside of the view on either side, so that a fast scroll does not show an empty ground. */
const OVERSCAN_ROWS = 12;

/** Which rows are elements, and where. */
export interface RowWindow {
  from: number;
  /** Beyond the last one. */
  to: number;
  /** Where row `from` begins, px from the top of the scrolled element. */
  topPx: number;
  /** Of the scrolled element, px. */
  heightPx: number;
  /** Rows that fit into the view. */
  pageRows: number;
}

/** Places rows. @param scrollPx scrollTop @param viewPx clientHeight */
export function rowWindow(count: number, rowPx: number, scrollPx: number, viewPx: number): RowWindow {
  const wholePx = count * rowPx;
  const heightPx = Math.min(wholePx, HEIGHT_LIMIT_PX);
  const scrollMaxPx = Math.max(heightPx - viewPx, 0);
  const isScaled = heightPx < wholePx;
  const realPx = isScaled && scrollMaxPx > 0 ? (scrollPx / scrollMaxPx) * (wholePx - viewPx) : scrollPx;
  const first = Math.max(0, Math.min(Math.floor(realPx / rowPx), count));
  const pageRows = Math.max(1, Math.floor(viewPx / rowPx));
  const from = Math.max(0, first - OVERSCAN_ROWS);
  const to = Math.min(count, first + pageRows + 1 + OVERSCAN_ROWS);
  return { from, to, topPx: from * rowPx - realPx + scrollPx, heightPx, pageRows };
}

/**
 * Where to scroll so that a row is in sight; undefined when it is.
 *
 * @param isCentred whether a row out of sight comes to the middle, and not just in sight
 */
export function scrollFor(
  row: number,
  count: number,
  rowPx: number,
  scrollPx: number,
  viewPx: number,
  isCentred = false,
): number | undefined {
  const wholePx = count * rowPx;
  const scrollMaxPx = Math.max(Math.min(wholePx, HEIGHT_LIMIT_PX) - viewPx, 0);
  const realMaxPx = Math.max(wholePx - viewPx, 0);
  const scale = realMaxPx > 0 ? scrollMaxPx / realMaxPx : 1;
  const realPx = scrollPx / scale;
  const [topPx, bottomPx] = [row * rowPx, (row + 1) * rowPx];
  if (topPx >= realPx && bottomPx <= realPx + viewPx) return undefined;
  const wantedPx = isCentred ? topPx - viewPx / 2 : topPx < realPx ? topPx : bottomPx - viewPx;
  return Math.max(0, Math.min(wantedPx, realMaxPx)) * scale;
}

/** The rows to show of a list in an element that scrolls. @param rowPx height of a row, the same for all */
export function useRows(element: RefObject<HTMLElement | null>, count: number, rowPx: number): RowWindow {
  const [{ scrollPx, viewPx }, setView] = useState({ scrollPx: 0, viewPx: 600 });
  useLayoutEffect(() => {
    const node = element.current;
    if (node === null) return;
    const look = () => setView({ scrollPx: node.scrollTop, viewPx: node.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(node);
    node.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      node.removeEventListener("scroll", look);
    };
  }, [element]);
  return rowWindow(count, rowPx, scrollPx, viewPx);
}
