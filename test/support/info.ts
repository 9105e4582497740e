/**
 * What our engine and C print of images, and which differences between the two are meant.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOracle } from "./oracle.ts";
import type { EngineExports, RawEngine } from "./raw-engine.mjs";

/** What the engine prints as `composefs-info dump` of an image. @throws EngineStatus when it refuses the image */
export function engineInfo(engine: RawEngine, image: Uint8Array): string {
  engine.scan([image]);
  const exports = engine.exports as EngineExports & Record<"infoOpen" | "infoRead", () => number>;
  engine.check(exports.infoOpen());
  let text = "";
  while (true) {
    const length = exports.infoRead();
    if (length < 0) engine.check(-length);
    if (length === 0) return text;
    text += Buffer.from(engine.view(exports.outputPtr(), length)).toString("latin1");
  }
}

/**
 * What C `composefs-info dump` prints of each image, one shell for all of them; undefined where it fails.
 *
 * @param path of the reference
 */
export function referenceInfo(path: string, images: readonly Uint8Array[]): Array<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "composefs-info-"));
  try {
    images.forEach((image, i) => {
      writeFileSync(join(folder, `${i}.img`), image);
    });
    const script = `cd "$0" && for i in $(seq 0 ${images.length - 1}); do "$1" dump $i.img >$i.out 2>/dev/null; echo $?; done`;
    const { output } = runOracle("/bin/sh", ["-c", script, folder, path]);
    const codes = output.toString().trim().split("\n");
    return images.map((_, i) => (codes[i] === "0" ? readFileSync(join(folder, `${i}.out`), "latin1") : undefined));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes that an escaped text stands for. */
function lengthOf(escaped: string): number {
  return escaped.replace(/\\(x..|.)/g, "?").length;
}

const PAYLOAD = 8;
const DIGEST = 10;
const XATTRS = 11;
/** A key that is nothing but a prefix, which an image stores as an empty suffix, and no value. */
const EMPTY_XATTR = /^(user\.|trusted\.|security\.|lustre\.|system\.posix_acl_(access|default))=$/;

/** Our line with the defects of C (dumpfile.md 7.2) that `theirs` shows. */
function withDefects(ours: string, theirs: string): string {
  const fields = ours.split(" ");
  const wanted = theirs.split(" ");
  // Two bytes behind the value of the redirect, unless a zero byte comes first.
  const payload = fields[PAYLOAD]!;
  const excess = lengthOf(wanted[PAYLOAD] ?? "") - lengthOf(payload);
  if (lengthOf(payload) % 4 === 3 && excess <= 2 && wanted[PAYLOAD]?.startsWith(payload)) {
    fields[PAYLOAD] = wanted[PAYLOAD];
  }
  // Only metacopy values of 36 bytes are looked at: those with SHA-256.
  if (fields[DIGEST]!.length === 128) fields[DIGEST] = "-";
  // A last local entry of four bytes is not read.
  const at = fields.findIndex((field, i) => i >= XATTRS && field !== wanted[i]);
  if (at >= 0 && EMPTY_XATTR.test(fields[at]!)) fields.splice(at, 1);
  return fields.join(" ");
}

/** The lines that differ though they should not, ours and theirs. */
export function differences(ours: string, theirs: string): Array<[string | undefined, string | undefined]> {
  if (ours === theirs) return [];
  const left = ours.split("\n");
  const right = theirs.split("\n");
  const found: Array<[string | undefined, string | undefined]> = [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [a, b] = [left[i], right[i]];
    if (a !== b && (a === undefined || b === undefined || withDefects(a, b) !== b)) found.push([a, b]);
  }
  return found;
}
