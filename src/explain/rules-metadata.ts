/**
 * Rules on link counts, times, modes and owners.
 *
 * Sources: C mkcomposefs and composefs-rs, whose images of one tree can differ; inode(7).
 */

import type { Rule, Subject } from "./lint-rule.ts";

const SET_ID = 0o6000;
const STICKY = 0o1000;
const WORLD_WRITE = 0o2;
const WORLD_READ_ENTER = 0o5;
/** What compact inodes hold. The sub-ids of user namespaces lie above (SUB_UID_MIN of login.defs: 100000). */
const ID_MAX = 65535;
const SECONDS_32 = 2n ** 32n;
const SIZE_32 = 2n ** 32n;
const SPECIAL = new Set(["character device", "block device", "fifo", "socket"]);

function isUndated({ entry }: Subject): boolean {
  return entry.seconds === 0n && entry.nanoseconds === 0;
}

function isWorldWritable({ entry }: Subject): boolean {
  return (entry.mode & WORLD_WRITE) !== 0;
}

function modeText({ entry }: Subject): string {
  return `mode ${entry.mode.toString(8)}`;
}

export const METADATA_RULES: readonly Rule[] = [
  {
    id: "nlink",
    level: "error",
    title: "link count that is not the number of names",
    reason: "C mkcomposefs stores the number, composefs-rs counts, and refuses images where the two differ.",
    advice: "Write the number of names that the inode has in this tree. Names outside the tree do not count.",
    inode: ({ entry }) =>
      entry.type !== "directory" && entry.nlink !== entry.names && `nlink ${entry.nlink}, names ${entry.names}`,
  },
  {
    id: "directory-nlink",
    level: "note",
    title: "link count of a directory that is not true",
    reason: "Images do not depend on it, writers count themselves; but --strict refuses the dumpfile.",
    advice: "Write 2 and the number of subdirectories.",
    directory: ({ nlink, subdirectories }) =>
      nlink !== 2 + subdirectories && `nlink ${nlink}, subdirectories ${subdirectories}`,
  },
  {
    id: "zero-mtime-directory",
    level: "warning",
    title: "directory with mtime 0",
    reason: "It may have no entry in any layer: each tool then makes up its time in its own way.",
    advice:
      "Give every layer entries for the directories above its files, or set all times of the tree to one value. A " +
      "tree in which all times are 0 is fine.",
    inode: (subject) => subject.entry.type === "directory" && isUndated(subject),
    stands: ({ datedInodes }) => datedInodes > 0,
  },
  {
    id: "zero-mtime",
    level: "note",
    title: "mtime 0 beside others",
    reason: "The times of a part of the tree were reset; those of the rest may change with every build.",
    advice:
      "Set all times of the tree, to 0 or to the date of the sources (SOURCE_DATE_EPOCH), if the digest is to be the " +
      "same when it is built again.",
    inode: (subject) => subject.entry.type !== "directory" && isUndated(subject),
    stands: ({ datedInodes }) => datedInodes > 0,
  },
  {
    id: "negative-mtime",
    level: "error",
    title: "mtime before 1970",
    reason: "composefs-rs refuses it in dumpfiles, and compares times without sign: images differ.",
    advice: "Set the time to 0 or later.",
    inode: ({ entry }) => entry.seconds < 0n && `mtime ${entry.seconds}`,
  },
  {
    id: "late-mtime",
    level: "warning",
    title: "mtime after 2106",
    reason: "Squashfs, cpio and NFS 3 keep 32 bits: read from such a copy the tree has another digest.",
    advice: "Set the time. Numbers this large are most often milliseconds or a clock that was not set.",
    inode: ({ entry }) => entry.seconds >= SECONDS_32 && `mtime ${entry.seconds}`,
  },
  {
    id: "mtime-fraction",
    level: "note",
    title: "mtime with a fraction of a second",
    reason: "Layers without PAX records and format v2 drop it: the same tree may have another digest.",
    advice:
      "Such times come from the clock of the build. Set them to whole seconds if the tree read from a directory and " +
      "the tree read from layers are to have one digest.",
    inode: ({ entry }) => entry.nanoseconds > 0,
  },
  {
    id: "setuid-world-writable",
    level: "warning",
    title: "set-user-ID or set-group-ID file that all may write",
    reason: "A program with the rights of its owner is open to writing by others; the seal keeps it so.",
    advice: "Take away the permission to write (chmod o-w), or the set-ID bits.",
    inode: (subject) => {
      const { type, mode } = subject.entry;
      return type === "file" && (mode & SET_ID) !== 0 && isWorldWritable(subject) && modeText(subject);
    },
  },
  {
    id: "world-writable-directory",
    level: "note",
    title: "directory that all may write, without sticky bit",
    reason: "With a writable layer above the image anyone may replace the files of others in it.",
    advice: "Set the sticky bit (chmod +t), or take away the permission to write (chmod o-w).",
    inode: (subject) => {
      const { type, mode } = subject.entry;
      return type === "directory" && isWorldWritable(subject) && (mode & STICKY) === 0 && modeText(subject);
    },
  },
  {
    id: "root-mode",
    level: "warning",
    title: "root that not all may read and enter",
    reason: "Only its owner can use the mounted tree; mode 0 says that no layer had an entry for the root.",
    advice: "Give the root the mode 755. The transform of OCI images gives it that of /usr.",
    inode: (subject) =>
      subject.entry.index === 0 && (subject.entry.mode & WORLD_READ_ENTER) !== WORLD_READ_ENTER && modeText(subject),
  },
  {
    id: "high-id",
    level: "warning",
    title: "owner or group above 65,535",
    reason: "Ids this high are most often those of a user namespace, or of an account, of the build machine.",
    advice:
      "Read the tree inside the user namespace that it was unpacked in (podman unshare), or map the ids back. If they " +
      "are meant, ignore this rule; an inode with one takes 64 bytes in place of 32.",
    inode: ({ entry }) => (entry.uid > ID_MAX || entry.gid > ID_MAX) && `uid ${entry.uid}, gid ${entry.gid}`,
  },
  {
    id: "special-size",
    level: "error",
    title: "device, FIFO or socket with a size of 4 GiB or more",
    reason: "C mkcomposefs chooses the larger inode for it, composefs-rs ignores the size: images differ.",
    advice: "Write 0 as the size.",
    inode: ({ entry }) => SPECIAL.has(entry.type) && entry.size >= SIZE_32 && `size ${entry.size}`,
  },
];
