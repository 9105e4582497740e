/**
 * The inspector as a person has it: looked at, clicked, typed into. Nothing here calls the session behind the page.
 *
 *   const person = await Person.visit(browser, address)
 *   await person.pick("/tmp/app.oci.tar")
 *   await person.click("nav a", "Files")
 *   expect(await person.text("main h1")).toBe("Files")
 */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Browser, ElementHandle, KeyInput, Page } from "puppeteer-core";

/** How long a person waits for what does not come. */
const PATIENCE_MS = 20_000;
const POLL_MS = 40;

export interface VisitOptions {
  /** Pixels of the window. */
  width?: number;
  height?: number;
  /** Dark colours; Chromium only. */
  isDark?: boolean;
}

export class Person {
  readonly page: Page;
  readonly #address: string;
  /** What the browser complained about: errors of scripts, and what the security policy refused. */
  readonly faults: string[] = [];

  private constructor(page: Page, address: string) {
    this.page = page;
    this.#address = address;
    page.on("pageerror", (error) => this.faults.push(String(error)));
    page.on("console", (message) => message.type() === "error" && this.faults.push(message.text()));
  }

  /** Opens the page in a new tab. @param address with a hash if one is wanted */
  static async visit(browser: Browser, address: string, options: VisitOptions = {}): Promise<Person> {
    const { width = 1280, height = 900, isDark } = options;
    const page = await browser.newPage();
    const person = new Person(page, address.replace(/#.*/, ""));
    await page.setViewport({ width, height });
    if (isDark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await page.goto(address);
    await person.until("the page to begin", () => document.querySelector("#app > *") !== null);
    return person;
  }

  /** Picks files: one input each. Waits until they were read. */
  async pick(...paths: string[]): Promise<void> {
    await this.begin(...paths);
    await this.settle();
  }

  /** Picks files, and does not wait. */
  async begin(...paths: string[]): Promise<void> {
    await this.upload(".drop input[type=file]:not([webkitdirectory])", ...paths);
  }

  async upload(selector: string, ...paths: string[]): Promise<void> {
    await this.until(`${selector} to be there`, (selector) => document.querySelector(selector) !== null, selector);
    const input = (await this.page.$(selector)) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(...paths);
  }

  /**
   * Picks a folder. No driver can do that in Firefox: there its files are put into the element by hand, with the paths that the
   * browser would give them.
   */
  async pickFolder(folder: string): Promise<void> {
    if (!this.page.browser().process()?.spawnfile.includes("firefox")) {
      await this.upload(".drop input[webkitdirectory]", folder);
      return this.settle();
    }
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const files = names.filter((name) => statSync(join(folder, name)).isFile());
    const paths = files.map((name) => join(basename(folder), name));
    const helper = (await this.page.evaluateHandle(() => {
      const input = document.createElement("input");
      input.type = "file";
      input.multiple = true;
      document.body.append(input);
      return input;
    })) as ElementHandle<HTMLInputElement>;
    await helper.uploadFile(...files.map((name) => join(folder, name)));
    await this.page.evaluate(
      (input, paths) => {
        const files = [...input.files!];
        for (const [i, file] of files.entries()) Object.defineProperty(file, "webkitRelativePath", { value: paths[i] });
        const target = document.querySelector<HTMLInputElement>(".drop input[webkitdirectory]")!;
        Object.defineProperty(target, "files", { value: files, configurable: true });
        target.dispatchEvent(new Event("change", { bubbles: true }));
        input.remove();
      },
      helper,
      paths,
    );
    await this.settle();
  }

  /** Waits until nothing is being read or computed. */
  async settle(): Promise<void> {
    await this.until("nothing to be busy", () => {
      const isBusy = document.querySelector(".opening, .busy, [aria-busy=true]") !== null;
      return !isBusy && document.querySelector("main h1") !== null;
    });
  }

  /** Waits for a text in an element. */
  async see(selector: string, text: string): Promise<void> {
    await this.until(
      `${JSON.stringify(text)} in ${selector}`,
      (selector, text) =>
        [...document.querySelectorAll<HTMLElement>(selector)].some((element) =>
          element.innerText.replaceAll("\u00a0", " ").includes(text),
        ),
      selector,
      text,
    );
  }

  /** Waits for something in the page by asking again and again. @param what for people */
  async until<T extends unknown[]>(
    what: string,
    holds: (...parameters: T) => boolean,
    ...parameters: T
  ): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await this.page.evaluate(holds as (...parameters: unknown[]) => boolean, ...parameters))) {
      if (performance.now() > end) {
        const seen = await this.page.evaluate(() => document.body.innerText);
        throw new Error(`expected ${what}, ${await this.address()} has:\n${seen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** The text of the first element, as it is seen. */
  async text(selector: string): Promise<string> {
    await this.until(`${selector} to be there`, (selector) => document.querySelector(selector) !== null, selector);
    const text = await this.page.$eval(selector, (element) => (element as HTMLElement).innerText);
    return text.replaceAll("\u00a0", " ").trim();
  }

  /** The texts of all of them. */
  async texts(selector: string): Promise<string[]> {
    const texts = await this.page.$$eval(selector, (elements) => elements.map((one) => (one as HTMLElement).innerText));
    return texts.map((text) => text.replaceAll("\u00a0", " ").trim());
  }

  /** Clicks the first element whose text or label has `text`; waits for it. */
  async click(selector: string, text = ""): Promise<void> {
    await this.until(
      `${JSON.stringify(text)} in ${selector}, to be clicked`,
      (selector, text) => {
        const found = [...document.querySelectorAll(selector)].find((element) =>
          `${element.textContent} ${element.getAttribute("aria-label")}`.replaceAll("\u00a0", " ").includes(text),
        );
        document.querySelector("[data-found]")?.removeAttribute("data-found");
        found?.setAttribute("data-found", "");
        return found !== undefined;
      },
      selector,
      text,
    );
    await (await this.page.$("[data-found]"))!.click();
  }

  /** Presses keys, one after the other. */
  async press(...keys: KeyInput[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Goes to an address of the page, as from a link that somebody sent. */
  async goTo(hash: string): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = to;
    }, hash);
    await this.settle();
  }

  /** The address, without what all views have in common. */
  async address(): Promise<string> {
    return (await this.page.evaluate(() => location.href)).slice(this.#address.length);
  }

  /** Waits until the address is this one. */
  async seeAddress(hash: string): Promise<void> {
    await this.until(`the address ${hash}`, (to) => location.hash === to, hash);
  }

  async leave(): Promise<void> {
    await this.page.close();
  }
}
