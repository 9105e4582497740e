/**
 * Digests in real browsers: those of every golden image in the form of an OCI archive, and of a Debian system, are those of
 * the vectors, which the command line has, too.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { XattrMode } from "../../src/image/merge.ts";
import { debian, readFixture } from "../support/fixtures.ts";
import { makeForm } from "../support/oci/forms.mjs";
import { expectedTrees, golden, layersOf, sha256, titleOf } from "../support/oci/golden.ts";
import { BROWSERS, startBrowser } from "./support/browsers.ts";
import { type InspectorPage, openInspector, servePage } from "./support/inspector.ts";

const PROFILES = ["v1-sha512-12", "v0-sha512-12", "v1-sha256-12", "v0-sha256-12"] as const;
const images = golden.images.filter((image) => expectedTrees(image).length > 0);
const folder = mkdtempSync(join(tmpdir(), "composefs-digests-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(BROWSERS)("%s", (name) => {
  let inspector: InspectorPage;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const page = await servePage();
    const browser = await startBrowser(name);
    stop = async () => {
      await browser.stop();
      page.stop();
    };
    inspector = await openInspector(browser.browser, page.address);
  });
  afterAll(() => stop());

  test.each(images.map((image) => [titleOf(image), image] as const))("%s", async (title, image) => {
    const path = join(folder, `${title}.oci.tar`);
    writeFileSync(path, makeForm("oci-archive", layersOf(image), { compression: "gzip" }));
    const opened = await inspector.open("a", [path]);
    expect(opened.layers.map(({ diffId }) => diffId)).toEqual(image.diff_ids);
    for (const [view, expected] of expectedTrees(image)) {
      const transform = view === "untransformed" ? null : (view as XattrMode);
      const shown = await inspector.call("show", "a", { ...opened.view, role: "merged", transform });
      expect(shown.entries, view).toBe(expected.lines);
      const rows = await inspector.call("digests", "a", PROFILES, "merged");
      const found = Object.fromEntries(rows.map(({ profile, digest }) => [profile.slice(0, -"-12".length), digest]));
      const { dump_sha256: _, lines: __, ...digests } = expected;
      expect(found, view).toEqual(digests);
    }
  });

  test("a Debian system, from its dumpfile: digests, image and canonical dumpfile", async () => {
    const path = join(folder, "debian.dump");
    writeFileSync(path, readFixture(debian.file));
    const opened = await inspector.open("a", [path]);
    const run = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
    expect(opened.entries).toBe(6768);
    const [row] = await inspector.call("digests", "a", ["v1-sha256-12"], "merged");
    expect(row).toMatchObject({ digest: run.fsverity_sha256, isStored: false });
    expect(sha256(await inspector.download("a", "image", "v1-sha256-12"))).toBe(run.sha256);
    writeFileSync(join(folder, "again.dump"), await inspector.download("a", "dump", null));
    const again = await inspector.open("b", [join(folder, "again.dump")]);
    expect(again.entries).toBe(opened.entries);
    expect(await inspector.call("compare")).toMatchObject({ equal: true, classes: [] });
  });
});
