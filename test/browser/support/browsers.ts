/**
 * The browsers that the tests drive: Debian's Chromium and Firefox, both through puppeteer-core, so that one test runs in
 * both. Locally a missing one skips its tests aloud; with CI=true it is a failure.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser } from "puppeteer-core";

export type BrowserName = "chromium" | "firefox";

const PATHS: Readonly<Record<BrowserName, string>> = {
  chromium: "/usr/bin/chromium",
  firefox: "/usr/bin/firefox-esr",
};

/** As root there is no sandbox; what is off would look things up in networks. */
const CHROMIUM_ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Preferences of Firefox that keep it from looking things up. */
const FIREFOX_PREFERENCES = {
  "app.update.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "",
  "toolkit.telemetry.enabled": false,
};

/** The browsers that are there. */
export const BROWSERS: readonly BrowserName[] = (Object.keys(PATHS) as BrowserName[]).filter((name) => {
  if (existsSync(PATHS[name])) return true;
  const how = `${PATHS[name]} is missing: test/oracle/install-packages.sh chromium firefox-esr`;
  if (process.env["CI"] === "true") throw new Error(how);
  console.warn(`SKIPPED: tests in ${name}; ${how}`);
  return false;
});

/** Starts a browser with an empty profile. @returns closing it removes the profile */
export async function startBrowser(name: BrowserName): Promise<{ browser: Browser; stop(): Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), "composefs-browser-"));
  const browser = await puppeteer.launch({
    browser: name === "chromium" ? "chrome" : "firefox",
    executablePath: PATHS[name],
    userDataDir: profile,
    headless: true,
    protocolTimeout: 600_000,
    args: name === "chromium" ? CHROMIUM_ARGUMENTS : [],
    extraPrefsFirefox: name === "firefox" ? FIREFOX_PREFERENCES : {},
  });
  return {
    browser,
    async stop() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
