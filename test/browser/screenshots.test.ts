/**
 * Pictures of the main views, for people to look at: build/screenshots/. What they show is held by the other tests; these hold that
 * each view draws without a complaint of the browser.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBrowser } from "./support/browsers.ts";
import { inEachBrowser } from "./support/each-browser.ts";
import { servePage } from "./support/inspector.ts";
import { writeLargeLayer } from "./support/large-layer.ts";
import { Person } from "./support/person.ts";
import { Samples } from "./support/samples.ts";

const FOLDER = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));

const samples = new Samples();
afterAll(() => samples.remove());
const sealed = samples.sealed();
const dump = samples.debianDump();
const changed = samples.debianChanged();
const image = samples.debianImage();

/** Name, what is opened, where; and on which window. */
type Shot = readonly [name: string, inputs: string[], hash: string, size?: [width: number, height: number]];

const SHOTS: readonly Shot[] = [
  ["start", [], ""],
  ["start-narrow", [], "", [400, 800]],
  ["overview", [sealed.archive], "#/overview"],
  ["overview-wide", [sealed.archive], "#/overview", [2000, 1100]],
  ["overview-narrow", [sealed.archive], "#/overview", [400, 1200]],
  ["files", [dump], "#/files/usr/bin/passwd"],
  ["files-wide", [dump], "#/files/usr/bin/passwd", [2000, 1100]],
  ["files-narrow", [dump], "#/files/usr/bin/passwd", [400, 1200]],
  ["files-filter", [dump], "#/files?path=perl"],
  ["sizes", [dump], "#/sizes/usr"],
  ["compare", [dump, changed], "#/compare/owner"],
  ["findings", [dump], "#/findings"],
  ["structure", [image], "#/structure/1024", [1440, 1400]],
  ["documents", [sealed.archive], "#/documents/manifest"],
  ["downloads", [sealed.archive], "#/downloads"],
];

inEachBrowser((name) => {
  let served: Awaited<ReturnType<typeof servePage>>;
  let browser: Awaited<ReturnType<typeof startBrowser>>;

  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    served = await servePage();
    browser = await startBrowser(name);
  });
  afterAll(async () => {
    await browser.stop();
    served.stop();
  });

  /** Firefox cannot be told a colour scheme by its driver. */
  const schemes = name === "chromium" ? ["light", "dark"] : ["light"];
  const shots = schemes.flatMap((scheme) => SHOTS.map((shot) => [scheme, shot[0], shot] as const));

  test.each(shots)("%s %s", async (scheme, shot, [, inputs, hash, size]) => {
    const [width, height] = size ?? [1440, 900];
    const person = await Person.visit(browser.browser, served.address, { width, height, isDark: scheme === "dark" });
    if (inputs.length > 0) {
      await person.pick(...inputs);
      await person.see(".nav", "Overview");
      await person.goTo(hash);
      await person.see("main h1", "");
    }
    await person.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    await person.page.screenshot({ path: join(FOLDER, `${name}-${scheme}-${shot}.png`) as `${string}.png` });
    expect(person.faults).toEqual([]);
    await person.leave();
  });

  test("reading", async () => {
    const large = samples.file("large.tar", "");
    writeLargeLayer(large, 1 << 30);
    const person = await Person.visit(browser.browser, served.address, { width: 1440, height: 900 });
    await person.begin(large);
    await person.see(".opening", "left");
    await person.page.screenshot({ path: join(FOLDER, `${name}-light-reading.png`) as `${string}.png` });
    await person.leave();
  });
});
