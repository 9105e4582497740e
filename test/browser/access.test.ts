/**
 * For everybody: with the keyboard alone, with a screen reader, in light and dark, on a narrow and on a wide screen; and addresses
 * that can be shared, with back and forward.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBrowser } from "./support/browsers.ts";
import { inEachBrowser } from "./support/each-browser.ts";
import { servePage } from "./support/inspector.ts";
import { Person } from "./support/person.ts";
import { Samples } from "./support/samples.ts";

const VIEWS = [
  "#/overview",
  "#/files/etc",
  "#/sizes",
  "#/compare",
  "#/findings",
  "#/structure/1024",
  "#/documents/config",
  "#/downloads",
];

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const samples = new Samples();
afterAll(() => samples.remove());
const base = samples.image("base");
const sealed = samples.sealed().archive;
const dump = samples.debianDump();

interface AxeResult {
  violations: Array<{ id: string; nodes: Array<{ html: string; failureSummary: string }> }>;
}

inEachBrowser((name) => {
  let served: Awaited<ReturnType<typeof servePage>>;
  let browser: Awaited<ReturnType<typeof startBrowser>>;

  beforeAll(async () => {
    served = await servePage();
    browser = await startBrowser(name);
  });
  afterAll(async () => {
    await browser.stop();
    served.stop();
  });

  test.each([320, 400, 820, 1280, 2000])("nothing is wider than a window of %d px", async (width) => {
    const person = await Person.visit(browser.browser, served.address, { width });
    const overflow = () => person.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(await overflow(), "before anything is open").toBeLessThanOrEqual(0);
    await person.pick(sealed, base);
    for (const view of VIEWS) {
      await person.goTo(view);
      expect(await overflow(), view).toBeLessThanOrEqual(0);
      expect(await isCurrentInSight(person), `${view} in the navigation`).toBe(true);
      expect(await headingTop(person), `${view} begins at the top`).toBeLessThan(260);
    }
    await person.leave();
  });

  test.each([320, 640, 1000, 1180, 1280, 1366, 2000])(
    "in a window of %d px no column of the files is cut",
    async (width) => {
      const person = await Person.visit(browser.browser, served.address, { width });
      await person.pick(sealed);
      await person.goTo("#/files/usr");
      await person.see(".tree-row.selected", "usr");
      const { hidden, nameWidth } = await person.page.evaluate(() => {
        const tree = document.querySelector(".tree")!;
        const name = document.querySelector(".tree-head > :first-child")!;
        return { hidden: tree.scrollWidth - tree.clientWidth, nameWidth: name.getBoundingClientRect().width };
      });
      expect(hidden).toBe(0);
      expect(nameWidth).toBeGreaterThan(140);
      await person.leave();
    },
  );

  test("a command is never broken inside of an option", async () => {
    const person = await Person.visit(browser.browser, served.address, { width: 1600 });
    await person.pick(base);
    await person.goTo("#/downloads");
    const texts = await person.texts(".command code");
    expect(texts.join("\n")).toContain("--hash sha512");
    const broken = await person.page.$$eval(
      ".command .word",
      (words) =>
        words.filter((word) => word.textContent!.length < 12 && word.getBoundingClientRect().height > 30).length,
    );
    expect(broken).toBe(0);
    await person.leave();
  });

  test("back and forward, and an address that somebody sent", async () => {
    const person = await Person.visit(browser.browser, `${served.address}#/files/etc/passwd`);
    await person.see(".start-place", "/etc/passwd in the view files");
    await person.pick(dump);
    await person.see(".entry h2", "passwd");
    await person.see(".tree-row.selected", "passwd");
    await person.click(".nav a", "Sizes");
    await person.click(".sizes-table a", "usr/");
    await person.seeAddress("#/sizes/usr");
    await person.page.goBack();
    await person.seeAddress("#/sizes");
    await person.page.goBack();
    await person.see(".entry h2", "passwd");
    await person.page.goForward();
    await person.seeAddress("#/sizes");
    await person.see(".sizes-table", "usr/");
    await person.goTo("#/files/no/such/file");
    await person.see(".entry .notice", "TREE_PATH");
    // The list is there all the same, with a way to what does exist.
    await person.see(".tree-row", "etc");
    expect(person.faults).toEqual([]);
    await person.leave();
  });

  test("with the keyboard alone", async () => {
    const person = await Person.visit(browser.browser, served.address);
    await person.press("Tab");
    expect(await person.page.evaluate(() => document.activeElement!.textContent)).toBe("Skip to the content");
    await tabTo(person, ".drop .button.primary");
    await person.pick(dump);

    await tabTo(person, ".nav a[href='#/files']");
    await person.press("Enter");
    await person.see("main h1", "Files");
    await tabTo(person, "[role=treegrid]");
    const row = () =>
      person.page.evaluate(() => {
        const id = document.querySelector("[role=treegrid]")!.getAttribute("aria-activedescendant");
        return document.getElementById(id ?? "")?.querySelector(".tree-text")?.textContent ?? null;
      });
    const until = (name: string) => expect.poll(row, { timeout: 5000 }).toBe(name);
    await until("/");
    await person.press("ArrowDown", "ArrowDown");
    await until("boot");
    await person.press("End");
    await until("var");
    await person.press("ArrowRight");
    await person.until(
      "the row to be so",
      (selector) => document.querySelector(selector) !== null,
      ".tree-row.active[aria-expanded=true]",
    );
    await person.press("ArrowRight");
    await until("backups");
    await person.see(".entry h2", "backups");
    await person.seeAddress("#/files/var/backups");
    await person.press("ArrowLeft");
    await until("var");
    await person.press("ArrowLeft");
    await person.until(
      "the row to be so",
      (selector) => document.querySelector(selector) !== null,
      ".tree-row.active[aria-expanded=false]",
    );
    await person.press("Home");
    await until("/");
    await person.press("/");
    await person.page.keyboard.type("shadow");
    await person.see(".view-head", "fit of");
    expect(person.faults).toEqual([]);
    await person.leave();
  });

  // Driven by the protocol of WebDriver, Firefox can neither be told a colour scheme nor to overlook the page's policy.
  describe.runIf(name === "chromium")("a screen reader", () => {
    test.each([
      ["light", false],
      ["dark", true],
    ])("finds its way, and colours can be told apart: %s", async (_scheme, isDark) => {
      const person = await Person.visit(browser.browser, served.address, { isDark });
      await person.page.setBypassCSP(true);
      await person.page.reload();
      const check = async (where: string) => {
        await person.page.evaluate(AXE);
        const { violations } = (await person.page.evaluate(() =>
          (globalThis as unknown as { axe: { run(context: Document, options: object): Promise<unknown> } }).axe.run(
            document,
            {
              runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            },
          ),
        )) as AxeResult;
        const found = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => [id, html, failureSummary]),
        );
        expect(found, where).toEqual([]);
      };
      await check("before anything is open");
      await person.begin(samples.file("bad.dump", "/ 0\n"));
      await person.see(".notice.bad", "DUMP_");
      await check("an error");
      await person.click(".notice button", "Open something else");
      await person.pick(sealed, base);
      for (const view of VIEWS) {
        await person.goTo(view);
        await check(view);
      }
      await person.leave();
    });
  });
});

/** Whether the link to the view that is shown can be seen, where the navigation is a row that scrolls. */
function isCurrentInSight(person: Person): Promise<boolean> {
  return person.page.$eval(".nav [aria-current=page]", (link) => {
    const { left, right } = link.getBoundingClientRect();
    return left >= 0 && right <= window.innerWidth;
  });
}

/** Pixels above the heading of the view. */
function headingTop(person: Person): Promise<number> {
  return person.page.$eval("main h1", (heading) => heading.getBoundingClientRect().top + window.scrollY);
}

/** Presses Tab until an element has the focus. */
async function tabTo(person: Person, selector: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (await person.page.evaluate((selector) => document.activeElement!.matches(selector), selector)) return;
    await person.press("Tab");
  }
  throw new Error(`Tab does not lead to ${selector}`);
}
