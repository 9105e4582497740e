/** Types of `launch.mjs`. */
import type { Browser } from "puppeteer-core";
export type BrowserName = "chromium" | "firefox";
export declare const PATHS: Readonly<Record<BrowserName, string>>;
export declare function startBrowser(name: BrowserName): Promise<{ browser: Browser; stop(): Promise<void> }>;
