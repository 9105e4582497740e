/**
 * Rules on names, and on what bears them.
 *
 * Sources: OCI image specification, "Whiteouts"; Documentation/filesystems/overlayfs.rst of Linux; C mkcomposefs and
 * composefs-rs, whose images of one tree can differ.
 */

import type { Rule, Subject } from "./lint-rule.ts";

/** NAME_MAX of Linux without `.wh.`. */
const NAME_BYTES_OF_WHITEOUT = 251;
/** PATH_MAX of Linux counts a zero byte. Left for a mount point: 256 bytes. */
const PATH_BYTES_NEAR = 4095 - 256;
/** SYMLINK_MAX of composefs-rs. */
const TARGET_BYTES = 1024;
/** `.wh.` */
const OCI_WHITEOUT = [0x2e, 0x77, 0x68, 0x2e];

function isInRoot({ parent }: Subject): boolean {
  return parent.text === "/";
}

function isStubLikeWhiteout(subject: Subject): boolean {
  return isInRoot(subject) && subject.entry.isWhiteout && matches(subject, /^[0-9a-fA-F]{2}$/);
}

/** Whether a short name matches. */
function matches({ name }: Subject, pattern: RegExp): boolean {
  return name.length <= 2 && pattern.test(String.fromCharCode(...name));
}

export const NAME_RULES: readonly Rule[] = [
  {
    id: "oci-whiteout",
    level: "error",
    title: "name of an OCI whiteout",
    reason: "A name with .wh. before it deletes the other name when layers are merged, and is never stored.",
    advice:
      "No merged image has this tree: the layers were unpacked without applying their whiteouts, or one layer was " +
      "taken for the whole. Merge the layers with a tool that applies whiteouts, or remove these entries.",
    name: ({ name }) => OCI_WHITEOUT.every((byte, i) => name[i] === byte),
  },
  {
    id: "stub-whiteout",
    level: "error",
    title: "whiteout in the root with two hex digits as name",
    reason: "composefs-rs takes it for one of the 256 stubs of the image's root, so that the entry is lost.",
    advice:
      "The root of an image has a stub, a character device 0, for each name from 00 to ff. C mkcomposefs escapes a " +
      "whiteout of the tree and reads it back; composefs-rs skips it when it reads the image, and where its metadata " +
      "are those of the root writes other bytes. Remove or rename the entry.",
    name: isStubLikeWhiteout,
  },
  {
    id: "stub-name",
    level: "warning",
    title: "entry in the root with the name of a stub",
    reason: "It takes the place of the stub that hides the directory of that name in the object store.",
    advice:
      "The image's root hides the directories 00 to ff of the object store by one stub each. Before Linux 6.5 the " +
      "store is mounted as an ordinary lower layer; a directory of the tree with such a name is then merged with that " +
      "of the store and shows objects. Rename the entry.",
    name: (subject) => isInRoot(subject) && matches(subject, /^[0-9a-f]{2}$/) && !isStubLikeWhiteout(subject),
  },
  {
    id: "whiteout",
    level: "warning",
    title: "whiteout of overlayfs",
    reason: "A merged tree has no deleted names, and by default tools do not choose one format for it.",
    advice:
      "A character device 0 marks a deleted name in a layer: most often a layer was read in place of the merged tree. " +
      "Container storage inside the tree may hold them on purpose; images keep them by escaping. By default C " +
      "mkcomposefs then writes format v1 and mkcomposefs of composefs-rs v0, so name the format wherever the image is " +
      "made.",
    name: (subject) => subject.entry.isWhiteout && !isStubLikeWhiteout(subject),
  },
  {
    id: "hardlink-order",
    level: "error",
    title: "hardlink before the entry that has the inode",
    reason: "C mkcomposefs numbers the inode by the line that has it, composefs-rs by its first name.",
    advice:
      "In depth-first order, children sorted by the bytes of their names, the first name must have the inode and the " +
      "others be hardlinks to it. The canonical dumpfile of a tree is written so.",
    name: ({ entry }) => entry.type === "hardlink" && entry.index < entry.owner,
  },
  {
    id: "long-name",
    level: "note",
    title: "name too long for a whiteout",
    reason: "A layer above cannot delete it: with .wh. before it the name has more than 255 bytes.",
    advice: "Use names of at most 251 bytes.",
    name: ({ name }) => name.length > NAME_BYTES_OF_WHITEOUT && `${name.length} bytes`,
  },
  {
    id: "long-path",
    level: "note",
    title: "path near the limit of Linux",
    reason: "A path may have 4,095 bytes, the mount point included; this one leaves less than 256 for that.",
    advice:
      "Programs that walk the tree by whole paths, or unpack it below another directory, fail on such an entry. Nest " +
      "less, or use shorter names.",
    name: ({ path }) => path.length > PATH_BYTES_NEAR && `${path.length} bytes`,
  },
  {
    id: "long-target",
    level: "error",
    title: "symlink target over 1,024 bytes",
    reason: "composefs-rs and format v2 refuse it; C mkcomposefs takes up to 4,095 bytes.",
    advice: "Use a shorter target, for instance by way of a second symlink.",
    inode: ({ entry, payload }) => {
      const bytes = entry.type === "symlink" ? payload!.length : 0;
      return bytes > TARGET_BYTES && `${bytes} bytes`;
    },
  },
];
