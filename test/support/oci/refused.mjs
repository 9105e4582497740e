/** Images that must be refused, each for one reason. */

import { mod, zeros } from "./content.mjs";
import { image } from "./families/common.mjs";
import {
  BLOCK_BYTES,
  dir,
  dirs,
  entry,
  file,
  gnuLong,
  hardlink,
  pax,
  rawPax,
  symlink,
  tarball,
  whiteout,
} from "./tar.mjs";

/** One layer of these entries behind /usr and /etc. */
const one = (entries, options) => image([[...dirs("usr", "etc"), ...entries]], options);
/** One layer of these entries alone. */
const alone = (...entries) => image([entries]);
/** One that stops in the middle of an entry. */
const cut = (name, content, length) =>
  image([[dir("usr"), tarball([file(name, content)], { end: 0 }).subarray(0, length)]], { end: 0 });

const X = file("etc/x", "x");
const octal = (value) => `${value.toString(8).padStart(11, "0")}\0`;

function sparseOldGnu() {
  const map = octal(0) + octal(512) + octal(1048576) + octal(0);
  return file("etc/sparse", mod(512, 7), {
    ...{ format: "gnu", type: "S" },
    patch: [
      [386, map],
      [483, octal(1048576)],
    ],
  });
}

const sparsePax = (content, records) => file("etc/s", content, { pax: Object.entries(records) });

/** A sparse map of version 1.0 stands before the data. */
const sparseData = Buffer.concat([Buffer.from("1\n0\n512\n"), Buffer.alloc(504), Buffer.from("A".repeat(512))]);

/** Refused by every release of the reference. */
export const REFUSED = {
  "bad-sparse-old-gnu": () => one([sparseOldGnu()]),
  "bad-sparse-pax-0.0": () =>
    one([
      sparsePax(zeros(512), {
        "GNU.sparse.size": "1000000",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.offset": "0",
        "GNU.sparse.numbytes": "512",
      }),
    ]),
  "bad-sparse-pax-0.1": () =>
    one([
      sparsePax(zeros(512), {
        "GNU.sparse.size": "1000000",
        "GNU.sparse.map": "0,512",
        "GNU.sparse.name": "etc/s",
      }),
    ]),
  "bad-sparse-pax-1.0": () =>
    one([
      sparsePax(sparseData, {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "etc/s",
        "GNU.sparse.realsize": "1000000",
      }),
    ]),
  "bad-parent-missing": () => one([file("var/lib/x", "x")]),
  "bad-parent-is-file": () => one([file("etc/f", "x"), file("etc/f/g", "x")]),
  "bad-parent-is-symlink": () => one([symlink("lib", "usr"), file("lib/x", "x")]),
  "bad-whiteout-parent-missing": () => one([whiteout("var/.wh.x")]),
  "bad-dotdot-middle": () => one([file("etc/../usr/x", "x")]),
  "bad-dotdot-end": () => one([file("etc/..", "x")]),
  "bad-dotdot-dir-end": () => one([dir("etc/..")]),
  "bad-link-missing": () => one([hardlink("etc/l", "etc/nothing")]),
  "bad-link-to-directory": () => one([hardlink("etc/l", "usr")]),
  "bad-link-dotdot": () => one([file("etc/a", "x"), hardlink("etc/l", "usr/../etc/a")]),
  "bad-link-empty": () => one([hardlink("etc/l", "")]),
  "bad-link-to-whited-out": () => one([file("etc/a", "x"), whiteout("etc/.wh.a"), hardlink("etc/l", "etc/a")]),
  "bad-root-is-file": () => one([file("./", "x")]),
  "bad-no-usr": () => alone(dir("etc")),
  "bad-usr-is-symlink": () => alone(dir("etc"), symlink("usr", "etc")),
  "bad-usr-is-file": () => alone(dir("etc"), file("usr", "x")),
  "bad-run-is-symlink": () => one([symlink("run", "usr")]),
  "bad-run-is-file": () => one([file("run", "x")]),
  "bad-type-unknown": () => one([file("etc/x", "", { type: "V" })]),
  "bad-type-solaris-x": () => one([file("etc/x", "", { type: "X" })]),
  "bad-checksum": () => one([file("etc/x", "x", { checksumError: 1 })]),
  "bad-octal": () => one([file("etc/x", "x", { patch: [[108, "00009zz\0"]] })]),
  "bad-device-v7": () => one([entry("chr", "etc/x", { dev: [1, 3], format: "v7" })]),
  "bad-truncated-data": () => cut("etc2", zeros(5000), 2000),
  "bad-truncated-header": () => cut("etc2", "x", 300),
  "bad-lone-zero-block": () => image([[dir("usr")]], { end: BLOCK_BYTES }),
  "bad-pax-mtime-negative": () => one([file("etc/x", "x", { pax: [["mtime", "-1.5"]] })]),
  "bad-pax-uid": () => one([file("etc/x", "x", { pax: [["uid", "abc"]] })]),
  "bad-pax-length": () => one([rawPax("99 path=etc/y\n"), X]),
  "bad-pax-no-newline": () => one([rawPax("14 path=etc/yz"), X]),
  "bad-pax-no-equals": () => one([rawPax("10 path x\n"), X]),
  "bad-pax-key-utf8": () => one([rawPax(Buffer.from("8 \xff\xfe=ab\n", "latin1")), X]),
  "bad-pax-twice": () => one([pax([["uid", "1"]]), pax([["gid", "1"]]), X]),
  "bad-gnu-longname-twice": () =>
    one([gnuLong("L", "etc/a"), gnuLong("L", "etc/b"), file("etc/x", "x", { format: "gnu" })]),
  "bad-pax-at-end": () => one([pax([["uid", "1"]])]),
  "bad-name-empty": () => one([file("", "x")]),
  "bad-pax-too-large": () => one([file("etc/x", "x", { xattrs: [["user.big", Buffer.alloc(1048577)]] })]),
  "bad-size-overflow": () => one([pax([["size", "18446744073709551615"]]), file("etc/x", "")]),
};

/** Accepted by some releases of the reference, refused by later ones; refused here. */
export const REFUSED_OURS = {
  "ours-stray-zero-block": () => one([Buffer.alloc(BLOCK_BYTES), X]),
  "ours-directory-with-size": () => one([dir("etc/d", { size: 512 }), Buffer.alloc(BLOCK_BYTES), X]),
  "ours-link-with-size": () => one([file("etc/a", "x"), hardlink("etc/l", "etc/a", { size: 1 })]),
  "ours-mtime-negative-b256": () => one([file("etc/x", "x", { mtime: -86400, format: "gnu", base256: ["mtime"] })]),
};
