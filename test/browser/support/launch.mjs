/** Starts Debian's Chromium and Firefox, both through puppeteer-core, so that one test runs in both. Plain, for scripts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

/** Where Debian has them. */
export const PATHS = {
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

/**
 * Starts a browser with an empty profile.
 *
 * @param {keyof typeof PATHS} name
 * @returns closing it removes the profile
 */
export async function startBrowser(name) {
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
