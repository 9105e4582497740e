/** Whiteouts, opaque directories and replacement. */
import { mod, zeros } from "../content.mjs";
import { Names, Xoshiro256 } from "../random.mjs";
import { dir, entry, file, hardlink, symlink, whiteout } from "../tar.mjs";
import { image, skeleton } from "./common.mjs";

const TIME = 1600000000;

/** Whiteouts and opaque directories in the usual order. */
export function whiteouts(seed) {
  const random = new Xoshiro256(0xa11ce000 + seed);
  const names = new Names(random);
  const [a, b, c, d] = names.take(4);
  const f = names.take(12, ".txt");
  const at = (offset) => ({ mtime: TIME + offset });
  const lower = [
    ...skeleton(random),
    dir(`var/${a}`, at(0)),
    file(`var/${a}/${f[0]}`, "hidden\n", at(1)),
    file(`var/${a}/${f[1]}`, mod(200, 7), at(2)),
    dir(`var/${a}/sub`, at(3)),
    file(`var/${a}/sub/${f[2]}`, zeros(65)),
    dir(`var/${b}`, { ...at(4), mode: 0o700 }),
    file(`var/${b}/${f[3]}`, "one"),
    file(`var/${b}/${f[4]}`, "two"),
    dir(`var/${c}`, at(5)),
    file(`var/${c}/${f[5]}`, "deep"),
    dir(`var/${c}/x`),
    dir(`var/${c}/x/y`),
    file(`var/${c}/x/y/${f[6]}`, mod(70, 3)),
    file(`etc/${f[7]}`, "gone"),
    file(`etc/${f[8]}`, "stays"),
    file(`etc/${f[9]}`, "replaced after a whiteout"),
    file("etc/.whx", "not a whiteout"),
    file("etc/wh.", "not a whiteout either"),
  ];
  const middle = [
    // A file, a name that does not exist, a directory with all that is in it.
    dir("etc", { ...at(100), mode: 0o711, uid: 1, gid: 2 }),
    whiteout(`etc/.wh.${f[7]}`),
    whiteout("etc/.wh.no-such-name"),
    dir("var", at(101)),
    dir(`var/${c}`, { ...at(102), mode: 0o750 }),
    whiteout(`var/${c}/.wh.x`),
    // Deleted and written again in the same layer.
    whiteout(`etc/.wh.${f[9]}`),
    file(`etc/${f[9]}`, "fresh\n", at(103)),
    // Opaque first, then new content.
    dir(`var/${a}`, at(104)),
    whiteout(`var/${a}/.wh..wh..opq`),
    file(`var/${a}/${f[10]}`, "after opaque\n", at(105)),
    dir(`var/${d}`, at(106)),
    file(`var/${d}/one`, "1"),
    dir(`var/${d}/two`),
    file(`var/${d}/two/${f[11]}`, "2"),
  ];
  const upper = [
    dir("var", at(200)),
    dir(`var/${d}`, at(201)),
    whiteout(`var/${d}/.wh.one`),
    whiteout(`var/${d}/.wh.two`),
    // A whole directory replaced in one layer.
    whiteout(`var/.wh.${c}`),
    dir(`var/${c}`, { ...at(202), mode: 0o777, uid: 5, gid: 6 }),
    file(`var/${c}/new`, "new\n"),
    dir(`var/${b}`, { ...at(203), mode: 0o701 }),
    whiteout(`var/${b}/.wh..wh..opq`),
  ];
  return image([lower, middle, upper]);
}

/** Whiteouts where the order inside a layer or odd names matter; other unpackers differ here. */
export function oddwhiteouts(seed) {
  const random = new Xoshiro256(0x0dda1000 + seed);
  const [a, b, c, d] = new Names(random).take(4);
  const at = (offset) => ({ mtime: TIME + offset });
  const lower = [
    ...skeleton(random),
    dir(`var/${a}`, at(0)),
    file(`var/${a}/old`, "o\n"),
    dir(`var/${b}`),
    file(`var/${b}/one`, "1"),
    file(`var/${b}/two`, "2"),
    file(`var/${b}/three`, "3"),
    file(`var/${b}/four`, "4"),
    dir(`var/${d}`),
    file(`var/${d}/x`, "x"),
  ];
  const upper = [
    // An opaque marker after content of the same layer removes that content too.
    dir("var", at(1)),
    dir(`var/${a}`, at(1)),
    file(`var/${a}/early`, "e\n"),
    whiteout(`var/${a}/.wh..wh..opq`),
    file(`var/${a}/late`, "l\n"),
    // A whiteout after an entry of the same layer removes that entry too.
    dir(`var/${c}`, at(2)),
    file(`var/${c}/made`, "m"),
    file(`var/${c}/kept`, "k"),
    whiteout(`var/${c}/.wh.made`),
    // Whiteouts that are not regular files.
    dir(`var/${b}`, at(3)),
    dir(`var/${b}/.wh.one`),
    symlink(`var/${b}/.wh.two`, "nowhere"),
    hardlink(`var/${b}/.wh.three`, `var/${b}/four`),
    // They remove "", ".wh.", ".", "..", ".wh..plnk" and ".wh.aufs": nothing.
    ...["", ".wh.", ".", "..", ".wh..plnk", ".wh.aufs"].map((name) => whiteout(`var/${d}/.wh.${name}`)),
  ];
  return image([lower, upper]);
}

/** Replacement rules, root metadata, an emptied /run. */
export function merge(seed) {
  const random = new Xoshiro256(0x3e56e000 + seed);
  const w = new Names(random).take(10);
  const at = (offset) => ({ mtime: 1650000000 + offset });
  const lower = [
    ...skeleton(random, ["run", "opt"]),
    dir(`run/${w[0]}`),
    file(`run/${w[0]}/pid`, "1\n"),
    file("run/socket-like", mod(100, 3)),
    dir(`opt/${w[1]}`, { ...at(0), mode: 0o700, uid: 7, gid: 8 }),
    file(`opt/${w[1]}/in`, "in\n"),
    dir(`opt/${w[2]}`),
    file(`opt/${w[2]}/lost`, mod(90, 2)),
    file(`opt/${w[3]}`, "was a file\n"),
    dir(`opt/${w[4]}`),
    file(`opt/${w[4]}/lost2`, "x"),
    symlink(`opt/${w[5]}`, w[1]),
    file(`opt/${w[6]}`, mod(1000, 31), { ...at(0), mode: 0o600, uid: 1, gid: 1, xattrs: [["user.a", "1"]] }),
    symlink(`opt/${w[7]}`, "nowhere"),
  ];
  const middle = [
    dir("./", { mode: 0o123, uid: 99, gid: 98, mtime: 3 }),
    // Directory over directory, file over directory, directory over file, symlink over directory and the reverse.
    dir(`opt/${w[1]}`, at(1)),
    file(`opt/${w[1]}/more`, "more\n"),
    file(`opt/${w[2]}`, "file over directory\n", at(2)),
    dir(`opt/${w[3]}`, { ...at(3), mode: 0o711 }),
    file(`opt/${w[3]}/child`, "c\n"),
    symlink(`opt/${w[4]}`, "../usr", at(4)),
    dir(`opt/${w[5]}`, at(5)),
    file(`opt/${w[5]}/real`, "r\n"),
    file(`opt/${w[6]}`, mod(1000, 37), at(6)),
    entry("fifo", `opt/${w[7]}`, { ...at(7), mode: 0o640 }),
    dir("run", { ...at(8), mode: 0o700, uid: 3, gid: 4 }),
    // Decides the metadata of the root.
    dir("usr", { ...at(9), uid: 11, gid: 12 }),
    ...(seed % 2 === 1 ? [file("run/later", "x")] : []),
  ];
  const upper = [
    dir(`opt/${w[8]}`, at(20)),
    dir(`opt/${w[8]}`, { ...at(21), mode: 0o555, uid: 1 }),
    file(`opt/${w[8]}/once`, "1"),
    file(`opt/${w[8]}/once`, "2 in the same layer", at(22)),
  ];
  return image([lower, middle, upper]);
}
