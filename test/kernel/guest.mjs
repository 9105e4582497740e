/**
 * The check list, run in the guest by one process as root: every claim that the package makes about fs-verity and mounts
 * against the kernel that decides.
 */
import { TapList } from "./tap.mjs";

const began = performance.now();
const list = new TapList();
const parts = ["verity", "errno", "tree", "paths", "commands", "readme", "damage", "signatures", "rows"];
for (const name of parts) {
  const start = performance.now();
  // One by one: each leaves the disk as the next one expects it.
  const { run } = await import(`./check-${name}.mjs`);
  await list.check(`the part ${name} ran to its end`, () => run(list));
  list.note(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
list.note(`all: ${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = list.end() ? 0 : 1;
