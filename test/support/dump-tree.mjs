/**
 * A tree of plain objects and its dumpfile lines, for the generators.
 *
 * Names, keys and values are byte strings (one character U+0000 to U+00FF for each byte), so that sorting them sorts
 * bytes. Nothing is checked: a generator may build what no parser should accept.
 */
import { escapeBytes, escapeOptional } from "./escape.mjs";

/** File type bits of a mode. */
export const TYPE_MASK = 0o170000;
export const [FIFO, CHR, DIR, BLK, REG, LNK, SOCK] = [
  0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000,
];

/** One inode, or with `link` set one more name of another. */
export class Node {
  uid = 0;
  gid = 0;
  rdev = 0;
  size = 0;
  nlink = 1;
  mtime = [0, 0];
  payload = undefined;
  content = undefined;
  digest = undefined;
  xattrs = [];
  link = undefined;
  /** Where the first name was printed; set while printing. */
  printedAt = undefined;

  constructor(mode) {
    this.mode = mode;
    this.children = (mode & TYPE_MASK) === DIR ? new Map() : undefined;
  }
}

/** The line of an inode under `path`. */
export function formatLine(node, path) {
  let nlink = node.nlink;
  if (node.children !== undefined) {
    nlink = 2;
    for (const child of node.children.values()) if (child.children !== undefined) nlink++;
  }
  let line = `${escapeBytes(path)} ${node.size} ${node.mode.toString(8)} ${nlink} ${node.uid} ${node.gid} ${node.rdev}`;
  line += ` ${node.mtime[0]}.${node.mtime[1]} ${escapeOptional(node.payload)} ${escapeOptional(node.content)}`;
  line += ` ${node.digest ?? "-"}`;
  const xattrs = [...new Map(node.xattrs)].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  for (const [key, value] of xattrs) line += ` ${escapeBytes(key, true)}=${escapeBytes(value, true)}`;
  return `${line}\n`;
}

/** Lines in depth-first order: path and text. */
export function* formatTree(root) {
  const stack = [[root, ""]];
  while (stack.length > 0) {
    const [node, path] = stack.pop();
    if (node.children !== undefined) {
      yield [path, formatLine(node, path === "" ? "/" : path)];
      const names = [...node.children.keys()].sort().reverse();
      for (const name of names) stack.push([node.children.get(name), `${path}/${name}`]);
      continue;
    }
    const target = node.link ?? node;
    if (target.printedAt !== undefined) {
      yield [path, `${escapeBytes(path)} 0 @120000 - - - - 0.0 ${escapeBytes(target.printedAt)} - -\n`];
    } else {
      target.printedAt = path;
      yield [path, formatLine(target, path)];
    }
  }
}
