/** Suites that run in every browser, each by its name. */
import { describe } from "vitest";
import { BROWSERS } from "./browsers.ts";
import type { BrowserName } from "./launch.mjs";

/** Declares a suite for each browser that is there. */
export function inEachBrowser(suite: (name: BrowserName) => void): void {
  for (const name of BROWSERS) describe(name, () => suite(name));
}
