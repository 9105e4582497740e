/** What layers do to each other: contents that are not shown any more, whiteouts, events of a path. */
import { expect, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { layerChanges, pathEvents } from "../../../src/explain/layer-changes.ts";
import { LayerJob, type LayerRecords } from "../../../src/image/layer-records.ts";
import { mergeLayers } from "../../../src/image/merge.ts";
import { golden, layersOf, titleOf } from "../../support/oci/golden.ts";
import { dir, file, hardlink, type Item, symlink, tarball } from "../../support/oci/tar.mjs";

function recordsOf(tar: Uint8Array): LayerRecords {
  const engine = acquireEngineSync();
  try {
    const job = new LayerJob(engine, ["sha512"]);
    job.write(tar);
    return job.end();
  } finally {
    releaseEngine(engine);
  }
}

const layersFrom = (...layers: Item[][]) => layers.map((entries) => recordsOf(tarball(entries)));
/** By which a layer removes a name of the root. */
const whiteout = (name: string) => file(`.wh.${name}`, "");
const content = (bytes: number) => Buffer.alloc(bytes, 7);

test("replaced, removed, hidden by a directory that is gone or became empty", () => {
  const layers = layersFrom(
    [
      dir("a"),
      dir("b"),
      dir("c"),
      file("a/x", content(100)),
      file("b/y", content(200)),
      file("c/z", content(300)),
      file("w", content(400)),
    ],
    [file("a/x", content(1)), whiteout("w"), file("c/.wh..wh..opq", ""), whiteout("nothing")],
    [symlink("b", "a")],
  );
  const { hidden, whiteouts, layers: totals, replaced } = layerChanges(layers);
  expect(hidden).toEqual([
    { path: "w", bytes: 400, layer: 1, by: 2, how: "removed" },
    { path: "c/z", bytes: 300, layer: 1, by: 2, how: "removed" },
    { path: "b/y", bytes: 200, layer: 1, by: 3, how: "replaced" },
    { path: "a/x", bytes: 100, layer: 1, by: 2, how: "replaced" },
  ]);
  expect(whiteouts).toEqual([
    { path: "w", isOpaque: false, layer: 2, hasTarget: true },
    { path: "c", isOpaque: true, layer: 2, hasTarget: true },
    { path: "nothing", isOpaque: false, layer: 2, hasTarget: false },
  ]);
  expect(totals).toEqual([
    { contentBytes: 1000, hiddenBytes: 1000, whiteouts: 0 },
    { contentBytes: 1, hiddenBytes: 0, whiteouts: 3 },
    { contentBytes: 0, hiddenBytes: 0, whiteouts: 0 },
  ]);
  expect([...replaced]).toEqual(["a/x", "b"]);
});

test("a content counts until its last name is gone", () => {
  const base = [file("x", content(100)), hardlink("y", "x")];
  expect(layerChanges(layersFrom(base, [whiteout("x")])).hidden).toEqual([]);
  const gone = layerChanges(layersFrom(base, [whiteout("x")], [file("y", content(5))]));
  expect(gone.hidden).toEqual([{ path: "x", bytes: 100, layer: 1, by: 3, how: "replaced" }]);
  expect(layerChanges(layersFrom([file("x", content(9)), hardlink("x", "x")])).hidden).toEqual([]);
});

test("twice in one layer, the first one is hidden by its own", () => {
  const { hidden, replaced } = layerChanges(layersFrom([file("x", content(10)), file("x", content(20))]));
  expect(hidden).toEqual([{ path: "x", bytes: 10, layer: 1, by: 1, how: "replaced" }]);
  expect(replaced.size).toBe(0);
});

test("events of a path, the last one first", () => {
  const layers = layersFrom(
    [dir("d"), file("d/x", content(3))],
    [whiteout("d")],
    [dir("d"), file("d/.wh..wh..opq", ""), file("d/x", "")],
  );
  expect(pathEvents(layers, "d/x")).toEqual([
    { layer: 3, what: "written", type: 1, bytes: 0 },
    { layer: 3, what: "opaque", type: null, bytes: null },
    { layer: 2, what: "removed", type: null, bytes: null },
    { layer: 1, what: "written", type: 1, bytes: 3 },
  ]);
  expect(pathEvents(layers, "dx")).toEqual([]);
});

test.each(
  golden.images.filter((image) => image.untransformed !== undefined).map((image) => [titleOf(image), image] as const),
)("%s: what is brought and not hidden is what the merged tree has", (_, image) => {
  const records = layersOf(image).map(recordsOf);
  const { layers, hidden } = layerChanges(records);
  const engine = acquireEngineSync();
  const tree = mergeLayers(engine, records, { hash: "sha512", transform: null }, "off");
  let shown = 0;
  for (const entry of tree.openCursor().entries()) if (entry.type === "file") shown += Number(entry.size);
  releaseEngine(engine);
  const brought = layers.reduce((sum, { contentBytes }) => sum + contentBytes, 0);
  expect(brought - hidden.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(shown);
});
