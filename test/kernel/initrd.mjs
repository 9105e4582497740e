/**
 * The initial RAM disk of the guest: an archive in cpio's "newc" format (Documentation/driver-api/early-userspace of
 * Linux, buffer-format.rst), gzipped.
 */
import { gzipSync } from "node:zlib";

const FILE = 0o100755;
const DIRECTORY = 0o040755;

/** One archive member: header of 13 hexadecimal numbers, name, content, both padded to 4 bytes. */
function member(name, mode, content, inode) {
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`;
  const pad = (length) => Buffer.alloc((4 - (length % 4)) % 4);
  const head = Buffer.from(`${header}${name}\0`);
  return [head, pad(head.length), content, pad(content.length)];
}

/**
 * Makes the archive.
 *
 * @param folders paths without a leading slash, parents first
 * @param files contents by path; all may be executed
 */
export function initrd(folders, files) {
  let inode = 1;
  const parts = folders.flatMap((name) => member(name, DIRECTORY, Buffer.alloc(0), inode++));
  for (const [name, content] of Object.entries(files)) parts.push(...member(name, FILE, Buffer.from(content), inode++));
  parts.push(...member("TRAILER!!!", 0, Buffer.alloc(0), 0));
  return gzipSync(Buffer.concat(parts), { level: 1 });
}
