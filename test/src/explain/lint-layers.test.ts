/** Rules on layers: each finds what it is about in a layer made for it, and nothing in a layer that is as it should be. */
import { expect, test } from "vitest";
import { acquireEngineSync } from "../../../src/engine/load.ts";
import type { LintReport } from "../../../src/explain/lint.ts";
import { LAYER_RULES, lintLayers } from "../../../src/explain/lint-layers.ts";
import { RULES } from "../../../src/explain/rules.ts";
import { LayerJob } from "../../../src/image/layer-records.ts";
import {
  dir,
  dirs,
  entry,
  file,
  hardlink,
  type Item,
  pax,
  symlink,
  tarball,
  whiteout,
} from "../../support/oci/tar.mjs";

const EMPTY: LintReport = { entries: 0, origin: "layer", counts: { error: 0, warning: 0, note: 0 }, findings: [] };

/** Findings as `rule layer path`. */
function lint(layers: Item[][], options = {}): string[] {
  const records = layers.map((items) => {
    const job = new LayerJob(acquireEngineSync(), ["sha256"]);
    job.write(tarball(items));
    return job.end();
  });
  return lintLayers(EMPTY, records, options).findings.flatMap(({ rule, places }) =>
    places.map(({ path, origin }) => `${rule} ${origin} ${Buffer.from(path).toString("latin1")}`),
  );
}

const base = [...dirs("usr/", "usr/bin/", "etc/"), file("etc/a", "a"), symlink("bin", "usr/bin")];

/** By rule: layers on top of `base`, and what is found. */
const FIXTURES: Record<string, [Item[], string[]][]> = {
  "layer-own-marker": [
    [[...dirs("etc/"), file("etc/b", ""), whiteout("etc/.wh.b")], ["2 /etc/.wh.b"]],
    [[...dirs("etc/", "etc/d/"), file("etc/d/x", ""), whiteout("etc/.wh..wh..opq")], ["2 /etc/.wh..wh..opq"]],
    [[file("new", ""), whiteout(".wh..wh..opq")], ["2 /.wh..wh..opq"]],
  ],
  "layer-odd-marker": [
    [
      [whiteout(".wh..wh.aufs"), whiteout(".wh."), dir(".wh.etc/")],
      ["2 /.wh..wh.aufs", "2 /.wh.", "2 /.wh.etc"],
    ],
  ],
  "layer-duplicate": [
    [
      [...dirs("etc/", "etc/"), file("etc/a", "1"), file("./etc//a", "2")],
      ["2 /etc", "2 /etc/a"],
    ],
  ],
  "layer-device-zero": [[[entry("chr", "gone", { dev: [0, 0] }), entry("chr", "null", { dev: [1, 3] })], ["2 /gone"]]],
  "layer-global-pax": [
    [
      [...dirs("etc/"), pax([["comment", "x"]], "g"), pax([["uid", "1"]], "g"), file("etc/b", ""), file("etc/c", "")],
      ["2 /etc/b"],
    ],
  ],
  "layer-file-slash": [[[...dirs("etc/"), file("etc/b/", "x"), file("etc/c", "")], ["2 /etc/b"]]],
  "layer-contiguous": [[[...dirs("etc/"), entry("contiguous", "etc/b", { data: "x" })], ["2 /etc/b"]]],
  "layer-implied-parent": [[[file("usr/bin/x", ""), file("usr/bin/y", "")], ["2 /usr/bin"]]],
  "layer-link-below": [[[...dirs("etc/"), hardlink("etc/b", "etc/a"), hardlink("etc/c", "etc/b")], ["2 /etc/b"]]],
};

test.each(LAYER_RULES.map((rule) => [rule.id] as const))("%s", (id) => {
  for (const [layer, places] of FIXTURES[id]!) {
    expect(lint([base, layer])).toEqual(places.map((place) => `${id} ${place}`));
    expect(lint([base, layer], { ignore: [id] })).toEqual([]);
  }
});

test("layers that are as they should be", () => {
  const upper = [
    ...dirs("etc/", "usr/", "usr/share/"),
    whiteout("etc/.wh.a"),
    file("etc/a", "again"),
    whiteout("usr/share/.wh..wh..opq"),
    file("usr/share/x", ""),
    hardlink("usr/share/y", "usr/share/x"),
  ];
  expect(lint([base, upper, upper])).toEqual([]);
});

test("names are bytes, counts and levels are those of the rules, and no id is taken twice", () => {
  expect(lint([[file(Buffer.from("\xff", "latin1"), ""), file(Buffer.from("\xff", "latin1"), "")]])).toEqual([
    "layer-duplicate 1 /\xff",
  ]);
  expect(lint([base, [file("usr/bin/x", "")]], { level: "warning" })).toEqual([]);
  const ids = [...RULES, ...LAYER_RULES].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
