/**
 * What a person opens: every form that an image comes in, with the digests of the vectors; what is damaged, ambiguous or out of
 * reach, in words; reading that is watched and called off. No request goes out unless it was asked for.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { truncateSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { debian } from "../support/fixtures.ts";
import { startDebianRegistry } from "../support/registry/real.mjs";
import { startBrowser } from "./support/browsers.ts";
import { inEachBrowser } from "./support/each-browser.ts";
import { servePage } from "./support/inspector.ts";
import { writeLargeLayer } from "./support/large-layer.ts";
import { Person } from "./support/person.ts";
import { goldenImage, Samples } from "./support/samples.ts";

const samples = new Samples();
afterAll(() => samples.remove());

inEachBrowser((name) => {
  let served: Awaited<ReturnType<typeof servePage>>;
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  let person: Person;

  beforeAll(async () => {
    served = await servePage("/some/path/");
    browser = await startBrowser(name);
  });
  afterAll(async () => {
    await browser.stop();
    served.stop();
  });
  beforeEach(async () => {
    person = await Person.visit(browser.browser, served.address);
    return () => person.leave();
  });

  const digestOf = async () => (await person.text(".digests .digest code")).replace(/\s/g, "");

  test("a page that says what it is, and asks for nothing", async () => {
    expect(await person.text("h1")).toBe("Look inside a sealed image");
    expect(await person.text(".start-lead")).toContain("nothing leaves your machine");
    await person.pick(samples.image("base"));
    const asked = served.requests.filter((url) => !url.startsWith("/some/path/"));
    expect(asked).toEqual([]);
    expect(person.faults).toEqual([]);
  });

  test.each([
    ["OCI archive", () => samples.image("base"), "OCI archive"],
    ["docker-save archive", () => samples.image("base", "docker-archive-legacy", "none"), "docker-save archive"],
    ["OCI archive with layers in zstd", () => samples.image("base", "oci-archive", "zstd-raw"), "OCI archive"],
  ])("%s", async (_form, make, kind) => {
    await person.pick(make());
    await person.see("main", kind);
    await person.see(".nav", "Files");
    expect(await digestOf()).toBe(goldenImage("base")["allowlist-only"]!["v1-sha512"]);
    expect(person.faults).toEqual([]);
  });

  test.each(["tar", "tar.gz", "tar.zst"] as const)("a layer, %s", async (extension) => {
    await person.pick(samples.layer("base", extension));
    await person.see("main", "Layer");
    await person.see(".nav", "Files");
    await person.see(".verdict", "Nothing to verify");
  });

  test("a folder with an OCI layout", async () => {
    await person.pickFolder(samples.layout("base"));
    await person.see("main", "OCI layout");
    expect(await digestOf()).toBe(goldenImage("base")["allowlist-only"]!["v1-sha512"]);
  });

  test("a dumpfile and the EROFS image of it", async () => {
    const run = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
    await person.pick(samples.debianDump());
    await person.see("main", "6,768 entries");
    expect(await digestOf()).toBe(run.fsverity_sha256);
    await person.click(".header .icon-button", "Close");
    await person.pick(samples.debianImage());
    await person.see("main", "EROFS image of format v1");
    expect(await digestOf()).toBe(run.fsverity_sha256);
  });

  test("one of several images is chosen", async () => {
    await person.begin(samples.severalPlatforms());
    await person.see("main", "Which one is meant?");
    await person.click(".notice button", "linux/arm64");
    await person.settle();
    await person.see("main", "linux/arm64");
    await person.see(".command", "--platform linux/arm64");
  });

  test.each([
    [
      "something else",
      () => samples.file("x.png", Buffer.from("\x89PNG\r\n\x1a\n\0\0\0", "latin1")),
      "SOURCE_KIND",
      "Drop an OCI archive",
    ],
    [
      "a dumpfile with a bad line",
      () => samples.file("bad.dump", "/ 0 40755 2 0 0 0 0.0 - - -\n/a\n"),
      "DUMP_FIELD_MISSING",
      "Correct the line",
    ],
    ["an archive cut short", () => cutShort(samples.image("base")), "SOURCE_ARCHIVE", "cut short"],
  ])("%s is refused in words, with a code and what to do", async (_what, make, code, advice) => {
    await person.begin(make());
    await person.see(".notice.bad", code);
    expect(await person.text(".notice.bad")).toContain(advice);
    await person.click(".notice button", "Open something else");
    await person.see("h1", "Look inside");
    expect(person.faults).toEqual([]);
  });

  test("a registry that does not let pages read it is explained", async () => {
    await person.page.type("#reference", "localhost:9/app:latest");
    await person.click(".reference button", "Read");
    await person.see(".notice.bad", "REGISTRY_CONNECT");
    expect(await person.text(".notice.bad")).toContain("Access-Control-Allow-Origin");
  });

  // With what the page tells operators to allow.
  test("an image in a registry that lets pages read it", async () => {
    const registry = await startDebianRegistry(null, {
      "Access-Control-Allow-Origin": [new URL(served.address).origin],
      "Access-Control-Allow-Headers": ["Authorization, Accept, Range"],
      "Access-Control-Expose-Headers": ["Docker-Content-Digest, WWW-Authenticate, Link"],
    });
    try {
      const reference = `${registry.host}/base:latest`;
      execFileSync("skopeo", [
        ...["copy", "-q", "--dest-tls-verify=false", `oci-archive:${samples.image("base")}`, `docker://${reference}`],
      ]);
      await person.page.type("#reference", reference);
      await person.click(".reference button", "Read");
      await person.see(".digests dt", "v1-sha512-12");
      const [digest] = await person.texts(".digests .digest code");
      expect(digest!.replace(/\s/g, "")).toBe(goldenImage("base")["allowlist-only"]!["v1-sha512"]);
      await person.see(".command", `docker://${reference}`);
      expect(person.faults).toEqual([]);
    } finally {
      registry.close();
    }
  });

  test("of a registry that does not answer no amount is said, and it can be called off", async () => {
    const mute = createServer(() => {}).listen(0, "127.0.0.1");
    await once(mute, "listening");
    try {
      await person.page.type(".reference input", `localhost:${(mute.address() as AddressInfo).port}/app:latest`);
      await person.press("Enter");
      await person.see(".opening", "Opening");
      // Long enough for a speed to be known, if there were one.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await person.text(".opening-pace")).toBe("");
      await person.click(".opening button", "Cancel");
      await person.see("h1", "Look inside");
    } finally {
      mute.close();
    }
  });

  test("reading is watched, and called off", async () => {
    const large = samples.file("large.tar", "");
    writeLargeLayer(large, 1 << 30);
    await person.begin(large);
    await person.see(".opening", "/s");
    await person.see(".opening", "left");
    expect(await person.page.$$eval(".opening [role=progressbar]", (bars) => bars.length)).toBeGreaterThan(0);
    await person.click(".opening button", "Cancel");
    await person.see("h1", "Look inside");
    // Nothing of it is left: the next one is read as if it were the first.
    await person.pick(samples.image("base"));
    await person.see("main h1", "base");
  });
});

function cutShort(path: string): string {
  truncateSync(path, 9000);
  return path;
}
