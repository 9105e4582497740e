/** Hard links inside and across layers. */
import { mod, noise } from "../content.mjs";
import { Names, Xoshiro256 } from "../random.mjs";
import { dir, entry, file, hardlink, symlink, whiteout } from "../tar.mjs";
import { image, skeleton } from "./common.mjs";

/** Links to every kind of file, to lower layers, and names that are replaced. */
export function links(seed) {
  const random = new Xoshiro256(0x11a75000 + seed);
  const [a, b, c, d, e, g] = new Names(random).take(6);
  const size = random.between(65, 5000);
  const time = 1550000000 + random.below(1000);
  const lower = [
    ...skeleton(random),
    file(`usr/bin/${a}`, noise(seed, size), { mode: 0o755, mtime: time }),
    hardlink(`usr/bin/${b}`, `usr/bin/${a}`, { mode: 0o600, uid: 9, mtime: 5 }),
    hardlink(`usr/lib/${c}`, `/usr/bin/${b}`),
    file(`etc/${d}`, "inline, three names\n", { mtime: time + 1 }),
    hardlink(`etc/a-${d}`, `./etc//${d}`),
    hardlink(`etc/z-${d}`, `etc/${d}`),
    symlink(`usr/lib/${e}`, `../bin/${a}`, { mtime: time + 2 }),
    hardlink(`usr/lib/z${e}`, `usr/lib/${e}`),
    entry("fifo", `var/${g}`, { mode: 0o600, mtime: time + 3 }),
    hardlink(`var/z${g}`, `var/${g}`),
    entry("chr", `var/dev-${g}`, { mode: 0o620, dev: [5, 1] }),
    hardlink(`var/zdev-${g}`, `var/dev-${g}`),
  ];
  const middle = [
    // The first name gets new content: the other two keep the old inode.
    file(`usr/bin/${a}`, noise(seed + 1, size + 1), { mode: 0o755, mtime: time + 10 }),
    hardlink(`usr/share/${d}`, `etc/${d}`),
    // One name removed, one name linked to another file.
    whiteout(`etc/.wh.a-${d}`),
    hardlink(`etc/z-${d}`, `usr/bin/${a}`),
    hardlink("var/chain1", `usr/share/${d}`),
    hardlink("var/chain2", "var/chain1"),
  ];
  const upper = [
    // The name that carried the data goes.
    whiteout(`etc/.wh.${d}`),
    hardlink(`var/same-${a}`, `usr/lib/${c}`),
  ];
  return image([lower, middle, upper]);
}

/** Hard links onto themselves and over directories. */
export function oddlinks(seed) {
  const random = new Xoshiro256(0x0dd11000 + seed);
  const [a, b] = new Names(random).take(2);
  const lower = [...skeleton(random), file(`etc/${a}`, mod(100, 3)), dir(`etc/${b}`), file(`etc/${b}/x`, "x")];
  const upper = [
    // A link to itself changes nothing.
    hardlink(`etc/${a}`, `etc/${a}`),
    hardlink("etc/self2", `etc/${a}`),
    hardlink(`etc/${a}`, "etc/self2"),
    hardlink(`etc/${b}`, `etc/${a}`),
    whiteout(`etc/.wh.${a}`),
    // The last shared name stays alone.
    file("etc/self2", "broken off\n"),
  ];
  return image([lower, upper]);
}
