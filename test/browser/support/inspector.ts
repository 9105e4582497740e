/**
 * The built inspector in a browser, and its session as a test calls it: through the client that the page has, in the page.
 *
 *   const inspector = await openInspector(browser, origin)
 *   const opened = await inspector.open("a", ["/tmp/app.tar"])
 *   const rows = await inspector.call("rows", "a", 0, 50)
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, ElementHandle, Page } from "puppeteer-core";
import { pageFiles, serveFiles } from "../../../src/cli/inspect-server.ts";
import type { Profile } from "../../../src/image/profile.ts";
import type {
  Choice,
  DownloadKind,
  Inspector,
  Opened,
  OpenProgress,
  RequestFailure,
  Side,
} from "../../../src/inspector/protocol.ts";

export const PAGE_DIRECTORY = fileURLToPath(new URL("../../../build/inspector/", import.meta.url));

/** Serves the built page, at a path if one is wanted. @param path with slashes at both ends */
export async function servePage(path = "/"): Promise<{ address: string; requests: string[]; stop(): void }> {
  const files = [...pageFiles(PAGE_DIRECTORY, (file) => statSync(file).size)];
  const moved = new Map(files.map(([name, file]) => [path + name.slice(1), file]));
  const { server, origin } = await serveFiles(moved, 0);
  const requests: string[] = [];
  server.on("request", ({ url = "" }) => requests.push(url));
  return {
    address: origin + path,
    requests,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What `Inspector` methods give, by name. */
type Result<M extends keyof Inspector> = Awaited<ReturnType<Inspector[M]>>;

/** What a test has put into the page. */
export interface PageGlobals {
  client: Record<string, (...parameters: unknown[]) => Promise<unknown>>;
  progress: OpenProgress[];
  control: AbortController;
  /** What became of the request that was made last; null while it is under way. */
  settled: { result: unknown } | { failure: RequestFailure } | null;
}

/** Milliseconds between two looks for an answer, and the most that one may take. */
const POLL_MS = 20;
const ANSWER_MAX_MS = 60_000;

/** A file on disk, and its path below the folder that was dropped; alone a file that was picked by itself. */
export type Picked = string | { file: string; path: string };

export class InspectorPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens files as if they had been picked. @throws {RequestFailure} as an object */
  async open(side: Side, picked: readonly Picked[], choice: Choice = {}): Promise<Opened> {
    await this.begin(side, picked, choice);
    return this.result<Opened>();
  }

  /** An input element of which files have been picked. */
  async pick(paths: readonly string[]): Promise<ElementHandle<HTMLInputElement>> {
    const input = (await this.page.evaluateHandle(() => {
      const element = document.createElement("input");
      element.type = "file";
      element.multiple = true;
      document.body.append(element);
      return element;
    })) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(...paths);
    return input;
  }

  /** Begins to open files; `result` waits for what becomes of it. */
  async begin(side: Side, picked: readonly Picked[], choice: Choice = {}): Promise<void> {
    const input = await this.pick(picked.map((one) => (typeof one === "string" ? one : one.file)));
    await this.page.evaluate(
      (element, side, choice, paths) => {
        const globals = globalThis as unknown as PageGlobals;
        globals.progress = [];
        globals.control = new AbortController();
        const files = [...(element as HTMLInputElement).files!].map((file, i) => {
          return { path: (paths as Array<string | null>)[i] ?? file.name, file };
        });
        element.remove();
        const onProgress = (progress: OpenProgress) => globals.progress.push(progress);
        globals.settled = null;
        const opening = globals.client["open"]!(
          side,
          { kind: "files", files },
          choice,
          onProgress,
          globals.control.signal,
        );
        opening.then(
          (result) => {
            globals.settled = { result };
          },
          (error) => {
            globals.settled = { failure: error.failure ?? { code: error.name, message: String(error) } };
          },
        );
      },
      input,
      side,
      choice as Record<string, string>,
      picked.map((one) => (typeof one === "string" ? null : one.path)),
    );
  }

  /** Ends the opening that was begun. */
  async cancel(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as PageGlobals).control.abort());
  }

  /** What became of the opening that was begun. */
  async result<T>(): Promise<T> {
    return this.settled<T>();
  }

  /** Asks until the request that is under way is answered. */
  async settled<T>(): Promise<T> {
    for (let waited = 0; waited < ANSWER_MAX_MS; waited += POLL_MS) {
      const settled = await this.page.evaluate(() => (globalThis as unknown as PageGlobals).settled);
      if (settled === null) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      else if ("failure" in settled) throw settled.failure;
      else return settled.result as T;
    }
    throw new Error(`no answer in ${ANSWER_MAX_MS} ms: ${JSON.stringify((await this.progress()).at(-1))}`);
  }

  /** Progress that was told since the last `begin`. */
  progress(): Promise<OpenProgress[]> {
    return this.page.evaluate(() => (globalThis as unknown as PageGlobals).progress);
  }

  /** The bytes of a download. */
  async download(side: Side, kind: DownloadKind, profile: Profile | null): Promise<Uint8Array> {
    const base64 = await this.page.evaluate(
      async (side, kind, profile) => {
        const { client } = globalThis as unknown as PageGlobals;
        const blob = (await client["download"]!(side, kind, profile, new AbortController().signal)) as Blob;
        return new Promise<string>((resolve) => {
          const reader = new FileReader();
          reader.onload = () => resolve((reader.result as string).split(",")[1] ?? "");
          reader.readAsDataURL(blob);
        });
      },
      side,
      kind,
      profile,
    );
    return Buffer.from(base64, "base64");
  }

  /** Calls a method with parameters that are plain data. @throws {RequestFailure} as an object */
  async call<M extends keyof Inspector>(method: M, ...parameters: unknown[]): Promise<Result<M>> {
    await this.page.evaluate(
      (method, parameters) => {
        const globals = globalThis as unknown as PageGlobals;
        globals.settled = null;
        globals.client[method as string]!(...(parameters as unknown[])).then(
          (result) => {
            globals.settled = { result };
          },
          (error) => {
            globals.settled = { failure: error.failure ?? { code: error.name, message: String(error) } };
          },
        );
      },
      method,
      parameters as never[],
    );
    return this.settled<Result<M>>();
  }
}

/** Opens the page in a new tab, and a session of the test's own in it. */
export async function openInspector(browser: Browser, address: string): Promise<InspectorPage> {
  const page = await browser.newPage();
  await page.goto(address);
  const manifest = JSON.parse(readFileSync(join(PAGE_DIRECTORY, ".vite/manifest.json"), "utf8"));
  const client = new URL(manifest["../client.ts"].file, address).href;
  // As text: what transforms the tests would take the import for one of its own.
  await page.evaluate(
    `import(${JSON.stringify(client)}).then(({ connectInspector }) => void (globalThis.client = connectInspector()))`,
  );
  return new InspectorPage(page);
}

/** The failure of a promise. @param what for the message when there is none */
export async function failureOf(promise: Promise<unknown>, what = "the request"): Promise<RequestFailure> {
  return promise.then(
    () => Promise.reject(new Error(`${what}: expected a failure`)),
    (failure) => failure as RequestFailure,
  );
}
