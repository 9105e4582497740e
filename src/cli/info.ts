/**
 * `composefs info INPUT`: what a tree holds and what its image is made of; of a dumpfile and of a
 * container image that is the image of format v1 that it makes.
 *
 *   input    root.dump: dumpfile, 1,203,158 bytes
 *   tree     as it is, no transform
 *   image    v1, 1,503,232 bytes, 6,768 inodes and 256 stubs
 *   digest   v1-sha256-12:fee5…
 *   header   root nid 36, build time 1996-07-28T22:15:21Z, shared xattrs from block 351, flags 0
 *   objects  5,106, sha256, 197,531,172 bytes
 *   xattrs   0 on 0 entries, 0 bytes
 *   names    70,211 bytes
 *
 *   entries             count        bytes
 *   directory             785
 *   object file         5,220  202,694,103
 *   …
 *   image parts         count        bytes   share
 *   redirects          10,212      735,264   48.9%
 *   …
 *
 * `--json` prints one object:
 *
 *   {"input": "root.dump", "kind": "dump", "inputBytes": 1203158, "made": {"layers": null, …}, "profile": "v1-sha256-12", "digest": "fee5…",
 *    "tree": {"kinds": [{"kind": "directory", "count": 785, "bytes": 0}, …], "entries": 6768,
 *             "objects": {"hash": "sha256", "count": 5106, "bytes": 197531172},
 *             "xattrs": {"count": 0, "entries": 0, "bytes": 0}, "nameBytes": 70211},
 *    "image": {"format": "v1", "size": 1503232, "stubs": 256, "header": {"magic": 3497550490, …},
 *              "superblock": {"root_nid": 36, …}, "parts": [{"part": "headers", "count": 2, "bytes": 160}, …]}}
 */

import { acquireEngineSync } from "../engine/load.ts";
import { type ImageInfo, imageInfo, type TreeInfo, treeInfo } from "../explain/info.ts";
import { type JsonNumber, timeText } from "../explain/listing.ts";
import { formatCount } from "../explain/words.ts";
import { writeAndRead } from "../image/written-image.ts";
import { acceleratorFromEnvironment, EXIT_OK } from "./common.ts";
import { type InputOptions, openTree, type TreeInput } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print, printable } from "./text.ts";
import { describeTree, type TreeFacts, treeFacts } from "./view.ts";

export interface InfoOptions extends InputOptions {
  json?: boolean;
  progress: boolean;
}

/** What the command finds. */
interface Facts {
  input: string;
  kind: TreeInput["kind"];
  /** Of a container image those of its layers, uncompressed. */
  inputBytes: number;
  /** How the tree was made of the input. */
  made: TreeFacts;
  profile: string;
  digest: string;
  tree: TreeInfo;
  image: ImageInfo;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, EROFS_*, and all that reading gives */
export async function run(input: string, options: InfoOptions): Promise<number> {
  const progress = startProgress(options.progress);
  try {
    const accelerator = acceleratorFromEnvironment();
    const opened = await openTree(input, options, { progress, accelerator });
    await opened.close();
    const { tree, algorithm, container } = opened;
    const { imageTree, digest } =
      tree.image === undefined
        ? writeAndRead(tree, acquireEngineSync(), algorithm, accelerator)
        : { imageTree: tree, digest: tree.imageDigests([algorithm])[algorithm]! };
    const facts: Facts = {
      input: opened.name,
      kind: opened.kind,
      inputBytes: container?.layers.reduce((sum, { records }) => sum + records.tarBytes, 0) ?? tree.counts.inputBytes,
      made: treeFacts(container),
      profile: `${imageTree.format}-${algorithm}`,
      digest,
      tree: treeInfo(tree),
      image: imageInfo(imageTree),
    };
    print(options.json ? `${JSON.stringify(facts)}\n` : textOf(facts, describeTree(container)));
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

function kindText(kind: TreeInput["kind"]): string {
  if (kind === "dump") return "dumpfile";
  return kind === "erofs" ? "EROFS image" : `${kind}, uncompressed layers`;
}

function textOf({ input, kind, inputBytes, profile, digest, tree, image }: Facts, made: string): string {
  const { superblock, header, parts } = image;
  const rows = (...names: string[]) => parts.find(({ part }) => names.includes(part))?.count ?? 0;
  const inodes = rows("compact inodes") + rows("extended inodes");
  const time = timeText(BigInt(superblock["build_time"]!), Number(superblock["build_time_nsec"]));
  const { objects, xattrs, nameBytes } = tree;
  const lines = [
    `input    ${printable(input)}: ${kindText(kind)}, ${bytes(inputBytes)}`,
    `tree     ${made}`,
    `image    ${image.format}, ${bytes(image.size)}, ${formatCount(inodes)} inodes and ${image.stubs} stubs`,
    `digest   ${profile}:${digest}`,
    `header   root nid ${superblock["root_nid"]}, build time ${time}, ` +
      `shared xattrs from block ${superblock["xattr_blkaddr"]}, flags ${header["flags"]}`,
    `objects  ${count(objects.count)}${objects.hash === null ? "" : `, ${objects.hash}`}, ${bytes(objects.bytes)}`,
    `xattrs   ${count(xattrs.count)} on ${count(xattrs.entries)} entries, ${bytes(xattrs.bytes)}`,
    `names    ${bytes(nameBytes)}`,
  ];
  const entries = tree.kinds.map((row) => [row.kind, count(row.count), row.bytes === 0 ? "" : count(row.bytes), ""]);
  const imageParts = parts.map((row) => {
    return [row.part, count(row.count), count(row.bytes), `${((100 * row.bytes) / image.size).toFixed(1)}%`];
  });
  const table = [
    ["entries", "count", "bytes", ""],
    ...entries,
    ["all", count(tree.entries), "", ""],
    [""],
    ["image parts", "count", "bytes", "share"],
    ...imageParts,
    ["all", "", count(image.size), "100.0%"],
  ];
  return `${[...lines, "", ...align(table)].join("\n")}\n`;
}

/** The first column to the left, the others to the right. */
function align(table: readonly string[][]): string[] {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

function count(value: JsonNumber): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function bytes(value: JsonNumber): string {
  return `${count(value)} bytes`;
}
