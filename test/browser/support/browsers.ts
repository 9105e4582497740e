/** The browsers that the tests drive. Locally a missing one skips its tests aloud; with CI=true it is a failure. */
import { existsSync } from "node:fs";
import { type BrowserName, PATHS } from "./launch.mjs";

export { startBrowser } from "./launch.mjs";

/** The browsers that are there. */
export const BROWSERS: readonly BrowserName[] = (Object.keys(PATHS) as BrowserName[]).filter((name) => {
  if (existsSync(PATHS[name])) return true;
  const how = `${PATHS[name]} is missing: test/oracle/install-packages.sh chromium firefox-esr`;
  if (process.env["CI"] === "true") throw new Error(how);
  console.warn(`SKIPPED: tests in ${name}; ${how}`);
  return false;
});
