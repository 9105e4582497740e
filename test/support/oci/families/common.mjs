/** What several families of images are made of. */
import { dir } from "../tar.mjs";

/** security.capability with cap_net_raw+ep of revision 2, as the kernel takes it. */
export const CAP_NET_RAW = Buffer.from(`0100000200200000${"00".repeat(12)}`, "hex");

/**
 * An image: its layers base first, each with what `tarball` writes.
 *
 * @param {(object | Uint8Array)[][]} layers
 * @param {{ end?: number, record?: number }} [options] of `tarball`, for every layer
 */
export function image(layers, options = {}) {
  return { layers, options };
}

/** /usr, /etc, /var and what lies directly below, with a directory for each name in `extra`. */
export function skeleton(random, extra = []) {
  const time = 1500000000 + random.below(200000000);
  const usr = dir("usr", { mode: random.pick([0o755, 0o555]), mtime: time });
  const names = ["usr/bin", "usr/lib", "usr/share", "etc", "var", ...extra];
  return [usr, ...names.map((name, i) => dir(name, { mtime: time + 60 * i }))];
}
