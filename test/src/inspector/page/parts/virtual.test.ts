/** Rows of long lists: where they are, and where to scroll for one. */
import { describe, expect, test } from "vitest";
import { rowWindow, scrollFor } from "../../../../../src/inspector/page/parts/virtual.ts";

const ROW_PX = 28;
const VIEW_PX = 600;

describe.each([
  ["as high as its rows", 100_000],
  ["higher than a browser draws", 5_000_000],
])("a list %s", (_name, count) => {
  const { heightPx } = rowWindow(count, ROW_PX, 0, VIEW_PX);

  test("is not higher than a browser draws", () => {
    // Firefox: 2^30 / 60 px.
    expect(heightPx).toBeLessThan(2 ** 30 / 60);
  });

  test.each([0, 0.25, 0.5, 0.999, 1])("fills the view at %d of its scroll bar", (part) => {
    const scrollPx = part * (heightPx - VIEW_PX);
    const { from, to, topPx } = rowWindow(count, ROW_PX, scrollPx, VIEW_PX);
    expect(topPx).toBeLessThanOrEqual(scrollPx);
    expect(topPx + (to - from) * ROW_PX).toBeGreaterThanOrEqual(scrollPx + VIEW_PX - 1e-3);
    expect(to - from).toBeLessThan(60);
    expect(to).toBeLessThanOrEqual(count);
  });

  test("ends with its last row at the lower edge", () => {
    const { from, topPx } = rowWindow(count, ROW_PX, heightPx - VIEW_PX, VIEW_PX);
    expect(topPx + (count - from) * ROW_PX).toBeCloseTo(heightPx, 3);
  });

  test.each([0, 1, 999, count >> 1, count - 1])("row %d can be scrolled into sight", (row) => {
    for (const start of [0, heightPx / 2, heightPx - VIEW_PX]) {
      for (const isCentred of [false, true]) {
        const scrollPx = scrollFor(row, count, ROW_PX, start, VIEW_PX, isCentred) ?? start;
        const { from, topPx } = rowWindow(count, ROW_PX, scrollPx, VIEW_PX);
        const rowPx = topPx + (row - from) * ROW_PX;
        expect(rowPx).toBeGreaterThanOrEqual(scrollPx - 1e-3);
        expect(rowPx + ROW_PX).toBeLessThanOrEqual(scrollPx + VIEW_PX + 1e-3);
      }
    }
  });
});

test("an empty list has no rows", () => {
  expect(rowWindow(0, ROW_PX, 0, VIEW_PX)).toMatchObject({ from: 0, to: 0, heightPx: 0 });
});
