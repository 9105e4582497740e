/** Images as skopeo and umoci write them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openContainer } from "../../../src/source/container.node.ts";
import { openLayer } from "../../../src/source/layer-stream.ts";
import { makeLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { digestOf } from "../../support/source.ts";

const hasTool = (name: string) => spawnSync(name, ["--version"]).status === 0;
const TARS = makeLayers("repeat");
const FOLDER = mkdtempSync(join(tmpdir(), "tools-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { cwd: FOLDER, encoding: "utf8" });
  expect({ command, status, stderr: status === 0 ? "" : stderr }).toEqual({ command, status: 0, stderr: "" });
}

async function diffIdsOf(operand: string): Promise<string[]> {
  const image = await openContainer(operand);
  const diffIds = [];
  for (const layer of image.layers) {
    const stream = openLayer(layer);
    for await (const _ of stream);
    diffIds.push(stream.totals!.diffId);
  }
  await image.close();
  return diffIds;
}

writeLayout(makeLayout(TARS, { tag: "v1" }), join(FOLDER, "layout"));

describe.skipIf(!hasTool("skopeo"))("skopeo", () => {
  const copy = (to: string, ...args: string[]) =>
    run("skopeo", "--insecure-policy", "copy", "--quiet", ...args, "oci:layout:v1", to);

  test.each([
    ["an OCI archive", "oci-archive:a.tar:v2", "a.tar", []],
    ["a docker-save archive", "docker-archive:b.tar:name:v2", "b.tar", []],
    ["a layout in zstd", "oci:c:v2", "c", ["--dest-compress", "--dest-compress-format", "zstd"]],
  ])("%s", async (_, to, path, args) => {
    copy(to, ...args);
    expect(await diffIdsOf(join(FOLDER, path))).toEqual(TARS.map(digestOf));
  });
});

describe.skipIf(!hasTool("umoci"))("umoci", () => {
  test("a layer on top", async () => {
    run("umoci", "unpack", "--rootless", "--image", "layout:v1", "bundle");
    writeFileSync(join(FOLDER, "bundle", "rootfs", "more"), "more");
    run("umoci", "repack", "--image", "layout:v3", "bundle");
    const diffIds = await diffIdsOf(`oci:${join(FOLDER, "layout")}:v3`);
    expect(diffIds.slice(0, TARS.length)).toEqual(TARS.map(digestOf));
    expect(diffIds).toHaveLength(TARS.length + 1);
    await expect(openContainer(join(FOLDER, "layout"))).rejects.toMatchObject({ code: "SOURCE_SEVERAL" });
  });
});
