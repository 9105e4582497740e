/** Large images, for measurements. */
import { lin, mod } from "../content.mjs";
import { WORDS, Xoshiro256 } from "../random.mjs";
import { dir, file, hardlink, symlink, whiteout } from "../tar.mjs";
import { image, skeleton } from "./common.mjs";

const TIME = 1700000000;

/** `scale` * 1000 files in a tree like one of packages: a base, an update and removals. */
export function large(seed, scale) {
  const random = new Xoshiro256(0x1a26e000 + seed);
  const total = 1000 * Math.max(1, scale);
  const lower = skeleton(random, ["usr/share/pkg", "usr/lib/pkg"]);
  const packages = [];
  let count = 0;
  while (count < total) {
    const name = random.pick(WORDS) + count;
    const [lib, share] = [`usr/lib/pkg/${name}`, `usr/share/pkg/${name}`];
    packages.push(lib);
    lower.push(dir(lib, { mtime: TIME + count }), dir(share, { mtime: TIME + count }));
    const files = random.between(5, 40);
    let last = "";
    for (let j = 0; j < files; j++, count++) {
      const sizes = [random.below(64), random.between(65, 4096), random.between(65, 4096), random.between(4096, 70000)];
      const content = lin(random.pick(sizes), 1 + 2 * (count % 127), j);
      last = `${random.pick([lib, share])}/f${j}`;
      lower.push(file(last, content, { mode: random.pick([0o644, 0o755]), mtime: TIME + j }));
    }
    lower.push(symlink(`${lib}/link`, "f0", { mtime: TIME }));
    if (random.oneIn(3)) lower.push(hardlink(`${share}/hard`, last));
  }
  const every = (step) => packages.filter((_, i) => i % step === 0);
  return image([
    lower,
    every(7).flatMap((path) => [
      dir(path, { mtime: TIME + 5 }),
      file(`${path}/updated`, mod(3000, 101), { mtime: TIME + 6 }),
    ]),
    every(11).map((path) => whiteout(path.replace("pkg/", "pkg/.wh."))),
  ]);
}
