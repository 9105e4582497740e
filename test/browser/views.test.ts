/**
 * What a person sees of an image, and does with it: verdict and signatures, digests, documents, files, sizes, comparison,
 * findings, structure, downloads; each with the command that prints the same.
 */
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { composefs } from "../src/cli/run.ts";
import { debian } from "../support/fixtures.ts";
import { makeForm } from "../support/oci/forms.mjs";
import { dir, file, tarball } from "../support/oci/tar.mjs";
import { startBrowser } from "./support/browsers.ts";
import { inEachBrowser } from "./support/each-browser.ts";
import { servePage } from "./support/inspector.ts";
import { Person } from "./support/person.ts";
import { goldenImage, Samples } from "./support/samples.ts";

const samples = new Samples();
afterAll(() => samples.remove());
const sealed = samples.sealed();
const whiteouts = samples.image("whiteouts");
const xattrs = samples.image("xattrs");
const dump = samples.debianDump();
const changed = samples.debianChanged();
const image = samples.debianImage();

inEachBrowser((name) => {
  let served: Awaited<ReturnType<typeof servePage>>;
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  let person: Person;

  beforeAll(async () => {
    served = await servePage();
    browser = await startBrowser(name);
  });
  afterAll(async () => {
    await browser.stop();
    served.stop();
  });
  afterEach(async () => {
    expect(person.faults).toEqual([]);
    await person.leave();
  });

  async function open(hash: string, ...paths: string[]): Promise<void> {
    person = await Person.visit(browser.browser, served.address);
    await person.pick(...paths);
    await person.goTo(hash);
  }

  test("a sealed image: what is stated, what is not covered; whose the signatures are", async () => {
    await open("#/overview", sealed.archive);
    await person.see(".verdict h2", "Sealed, and it matches");
    expect(await person.texts(".verdict tbody th .object-name")).toEqual(["manifest", "config", "merged"]);
    expect(await person.texts(".verdict tbody td:nth-child(3)")).toEqual(["matches", "matches", "matches"]);
    await person.see(".header .badge", "Sealed");
    await person.upload(".certificates input", sealed.certificate);
    await person.see(".verdict h2", "Sealed and signed");
    await person.see(".verdict tbody", "CN=release");
    await person.see(".header .badge", "Sealed and signed");
    await person.see(".verdict .command", "--cert release.pem");
  });

  test("an image that nobody sealed, and a certificate that is none", async () => {
    await open("#/overview", samples.image("base"));
    await person.see(".verdict h2", "Not sealed");
    await person.leave();
    await open("#/overview", sealed.archive);
    await person.upload(".certificates input", samples.file("not.pem", "no certificate\n"));
    await person.see(".certificates .notice", "CERTIFICATE_");
  });

  test("digests of chosen profiles and trees, with buttons that copy", async () => {
    await open("#/overview", samples.image("base"));
    const expected = goldenImage("base");
    await person.click(".choices label", "v0-sha512-12");
    await person.see(".digests dt", "v0-sha512-12");
    const digests = async () => (await person.texts(".digests .digest code")).map((text) => text.replace(/\s/g, ""));
    const tree = expected["allowlist-only"]!;
    await person.until("two digests", () => document.querySelectorAll(".digests .digest").length === 2);
    expect(await digests()).toEqual([tree["v1-sha512"], tree["v0-sha512"]]);
    await person.see(".command", "-p v1-sha512-12 -p v0-sha512-12");
    await person.click(".digests .icon-button", "Copy the v1-sha512-12 digest");
    await person.see("[role=status]", "Copied the v1-sha512-12 digest");
    await person.page.select(".tree-chooser select", "layer 1");
    await person.see("main", "layer 1 of 2 layers alone");
    await person.see(".command", "--role layer --layer 1");
  });

  test("the chosen tree is in the address, works with back and forward, and for whoever gets the address", async () => {
    await open("#/overview", samples.image("base"));
    await person.page.select(".tree-chooser select", "layer 1");
    await person.seeAddress("#/overview?tree=layer.1");
    await person.click("nav a", "Files");
    await person.seeAddress("#/files?tree=layer.1");
    await person.page.goBack();
    await person.page.goBack();
    await person.seeAddress("#/overview?tree=merged.allowlist-only");
    await person.see("main", "merged of 2 layers");
    await person.page.goForward();
    await person.see("main", "layer 1 of 2 layers alone");
    const address = await person.address();
    await person.leave();
    person = await Person.visit(browser.browser, served.address + address);
    await person.pick(samples.image("base"));
    await person.see("main", "layer 1 of 2 layers alone");
    await person.goTo("#/overview?tree=layer.9");
    await person.seeAddress("#/overview?tree=layer.1");
    await person.goTo("#/overview?tree=nothing");
    await person.seeAddress("#/overview?tree=layer.1");
  });

  test("manifest and config are readable, and lead to each other and to the layers", async () => {
    await open("#/documents", samples.image("base"));
    await person.see(".json", '"schemaVersion": 2');
    const [config] = await person.texts(".json a");
    await person.click(".json a", config!.replaceAll('"', ""));
    await person.seeAddress("#/documents/config");
    await person.see(".json", '"diff_ids"');
    await person.click(".json a", "sha256:");
    await person.see("main h1", "Files");
    expect(await person.address()).toMatch(/^#\/files\?layer=\d$/);
  });

  test("owners have the names that the image gives them", async () => {
    const layer = tarball([
      dir("etc"),
      file("etc/passwd", "root:x:0:0::/:/bin/sh\nweb:x:1000:1001::/:/bin/sh\n"),
      file("etc/group", "root:x:0:\nstaff:x:1001:\n"),
      file("page", "text", { uid: 1000, gid: 1001 }),
      file("other", "text", { uid: 77, gid: 1001 }),
    ]);
    await open("#/files/page", samples.file("owners.tar", makeForm("oci-archive", [layer], { compression: "gzip" })));
    await person.see("dd", "web (1000) : staff (1001)");
    await person.goTo("#/files/other");
    await person.see("dd", "77 : staff (1001)");
  });

  test("the tree: directories open, an entry shows all that is known of it", async () => {
    await open("#/files", xattrs);
    await person.see(".tree", "usr");
    await person.click(".tree-row", "usr");
    await person.see(".entry h2", "usr");
    await person.click(".tree-row.selected .tree-toggle");
    const rows = async () => (await person.texts(".tree-row .tree-text")).length;
    await expect.poll(rows, { timeout: 5000 }).toBeGreaterThan(3);
    const paths = composefs(["ls", "-R", "--json", xattrs]);
    const entries: Array<{ path: string; digest?: string; xattrs?: Record<string, string> }> = JSON.parse(
      paths.stdout,
    ).entries;
    const capable = entries.find(({ digest, xattrs }) => digest && xattrs?.["security.capability"] !== undefined)!;
    await person.goTo(`#/files${capable.path}`);
    await person.see(".xattr", "security.capability");
    await person.see(".xattr", "permitted:");
    await person.click(".xattr .link-button", "bytes");
    await person.see(".xattr .hex", "00000000");
    await person.see(".entry-facts", "fs-verity");
    await person.see(".entry-facts", "Object");
    await person.see(".entry .command", `composefs cat xattrs-gzip.oci-archive.tar ${capable.path}`);
  });

  test("filters by path, type, size and layer", async () => {
    await open("#/files", dump);
    await person.page.type("#filter-path", "PASSWD");
    await person.see(".view-head", "entries fit of 6,768");
    await person.see(".tree", "passwd");
    expect(await person.address()).toBe("#/files?path=PASSWD");
    await person.see(".command", "| grep -iF PASSWD");
    await person.page.select("[aria-label=Type]", "socket");
    await person.see(".tree", "Nothing fits");
    await person.click(".filter .link-button", "Clear");
    await person.seeAddress("#/files");
    await person.page.select("[aria-label=Size]", "1048576");
    await person.see(".view-head", "fit of 6,768");
    await person.see(".tree-row:not(.passing, .tree-head) > span:nth-child(2)", "MiB");
    const large = await person.texts(".tree-row:not(.passing, .tree-head) > span:nth-child(2)");
    for (const text of large) expect(text).toMatch(/ (MiB|GiB)$/);
  });

  test("layers: what they wrote, removed and wasted", async () => {
    await open("#/sizes", whiteouts);
    await person.see("main", "Layers");
    await person.see(".layer-bars", "whiteout");
    await person.click(".layer-bars a", "Layer 2");
    await person.see(".whiteouts", "What layer 2 removes");
    await person.goTo("#/files?layer=2");
    await person.see(".view-head", "fit of");
    await person.see(".tree", "2");
  });

  test("the map of sizes, and the table that says the same", async () => {
    await open("#/sizes", dump);
    const [size] = await person.texts(".sizes-table tbody td:nth-child(3)");
    expect(size).toMatch(/MiB$/);
    expect(await person.page.$$eval(".cell rect", (cells) => cells.length)).toBeGreaterThan(100);
    await person.click(".sizes-table a", "usr/");
    await person.seeAddress("#/sizes/usr");
    await person.see(".sizes-table", "share/");
  });

  test("two images: what differs, why, and what makes them equal", async () => {
    await open("#/compare", dump, changed);
    await person.see(".verdict h2", "differences");
    await person.see(".causes", "1000:0");
    await person.see(".normalisations", "ignore owners");
    await person.see(".classes", "owner");
    await person.click(".classes a", "owner");
    await person.see(".differences", "1000:0");
    await person.see(".command", "composefs diff debian.dump debian-changed.dump --only owner");
    await person.click(".differences a", "/");
    await person.see("main h1", "Files");
    await person.click(".filter-check input");
    await person.see(".view-head", "fit of 6,768");
  });

  test("findings name their places", async () => {
    await open("#/findings", dump);
    await person.see(".finding", "content in /run");
    await person.click(".finding-places a", "/run/lock");
    await person.see(".entry h2", "lock");
  });

  test("structure, and the bytes of any of them", async () => {
    await open("#/structure/1024", image);
    await person.see(".structure-info", "redirects");
    await person.see(".walk-details h2", "superblock");
    await person.see(".hex", "e2 e1 f5 e0");
    await person.click(".fields button", "magic");
    expect(await person.text(".hex-bytes mark")).toBe("e2 e1 f5 e0");
    await person.see(".walk-details .command", "composefs walk debian.cfs --from 1024 --to 1152");
    await person.goTo("#/files/etc");
    await person.click(".entry summary", "Structures in the image");
    await person.click(".entry-structures a", "0x");
    await person.see(".walk-details", "/etc");
  });

  test("image, dumpfile and report are there to take along", async () => {
    await open("#/downloads", dump);
    const run = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
    // What is offered goes to a link: the test takes it from there.
    await person.page.evaluate(() => {
      const taken: Array<{ name: string; base64: Promise<string> }> = [];
      Object.assign(globalThis, { taken });
      HTMLAnchorElement.prototype.click = function click() {
        const base64 = fetchBlob(this.href);
        taken.push({ name: this.download, base64 });
      };
      const blobs = new Map<string, Blob>();
      const create = URL.createObjectURL.bind(URL);
      URL.createObjectURL = (blob) => {
        const url = create(blob as Blob);
        blobs.set(url, blob as Blob);
        return url;
      };
      async function fetchBlob(url: string): Promise<string> {
        const bytes = new Uint8Array(await blobs.get(url)!.arrayBuffer());
        let text = "";
        for (const byte of bytes) text += String.fromCharCode(byte);
        return btoa(text);
      }
    });
    const take = async (at: number) => {
      await person.click(`.download:nth-child(${at + 1}) button`, "Download");
      await person.until("a download", (count) => (globalThis as unknown as Taken).taken.length > count, at);
      return person.page.evaluate(async (at) => {
        const { name, base64 } = (globalThis as unknown as Taken).taken[at]!;
        return { name, base64: await base64 };
      }, at);
    };
    const first = await take(0);
    expect(first.name).toBe("debian.cfs");
    expect(sha256(first.base64)).toBe(run.sha256);
    const second = await take(1);
    expect(Buffer.from(second.base64, "base64").toString("latin1")).toBe(composefs(["dump", dump]).stdout);
    const third = await take(2);
    expect(JSON.parse(Buffer.from(third.base64, "base64").toString())).toBeTypeOf("object");
    // No command writes the report.
    expect(await person.texts(".download .command code")).toEqual([
      "composefs mkfs debian.dump debian.cfs -f v1",
      "composefs dump debian.dump > debian-new.dump",
    ]);
  });
});

interface Taken {
  taken: Array<{ name: string; base64: Promise<string> }>;
}

function sha256(base64: string): string {
  return createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex");
}
