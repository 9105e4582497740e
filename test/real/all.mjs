/**
 * All checks on a real system, on one Debian base system: images in every form, labels, what boots, seals.
 *
 *     node test/real/all.mjs [ROOT]        ROOT: a directory that debootstrap made before; else it is made, as root
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bootstrap } from "./tools.mjs";

const root = process.argv[2] ?? bootstrap();
const failed = ["debian", "selinux", "bootable", "seal"].filter((name) => {
  console.log(`# ${name}`);
  const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  return spawnSync(process.execPath, [script, root], { stdio: "inherit" }).status !== 0;
});
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exit(failed.length > 0 ? 1 : 0);
