/** Suites that run in every browser, each by its name. */
import { describe } from "vitest";
import { BROWSERS } from "./browsers.ts";
import type { BrowserName } from "./launch.mjs";

/**
 * How often a test is tried again. In Firefox 153 a worker now and then does not come up when two images are opened at once on a
 * busy machine: the page then stays at "Reading layers", and opening again helps. In Chromium that was never seen.
 */
const RETRIES: Readonly<Record<BrowserName, number>> = { chromium: 0, firefox: 2 };

/** Declares a suite for each browser that is there. */
export function inEachBrowser(suite: (name: BrowserName) => void): void {
  for (const name of BROWSERS) describe(name, { retry: RETRIES[name] }, () => suite(name));
}
