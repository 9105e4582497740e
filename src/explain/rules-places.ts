/**
 * Rules on what is where in the tree.
 *
 * Sources: the transforms of composefs-rs for OCI and for bootable images; the Filesystem Hierarchy Standard 3.0.
 *
 * What is in a directory is reported by the entries directly below it: five paths then show five things.
 */

import type { EntryType } from "../image/cursor.ts";
import { escapeBytes } from "./display.ts";
import type { Rule, Subject } from "./lint-rule.ts";

const TEMPORARY = new Set(["/tmp", "/var/tmp", "/var/run", "/dev/shm"]);
const EMPTIED_FOR_BOOT = new Set(["/boot", "/sysroot"]);
const MOUNTED_OVER = new Set(["/dev", "/proc", "/sys"]);
const DEVICES: readonly EntryType[] = ["character device", "block device"];

/** Whether the entry is one of these in the root, and not a directory. */
function isNoDirectory({ entry, path, parent }: Subject, names: readonly string[]): boolean {
  return parent.text === "/" && entry.type !== "directory" && names.includes(escapeBytes(path));
}

export const PLACE_RULES: readonly Rule[] = [
  {
    id: "not-a-directory",
    level: "error",
    title: "/usr or /run that is no directory",
    reason: "The transform of OCI images refuses such a tree, so it cannot be sealed.",
    advice: "Make it a directory. A symlink is no directory here, even if it leads to one.",
    name: (subject) => isNoDirectory(subject, ["/usr", "/run"]),
  },
  {
    id: "boot-not-directory",
    level: "warning",
    title: "/boot or /sysroot that is no directory",
    reason: "The bootable image needs both as directories: this tree has the plain image only.",
    advice: "Make it a directory. If the tree is never booted, ignore this rule.",
    name: (subject) => isNoDirectory(subject, ["/boot", "/sysroot"]),
  },
  {
    id: "run-content",
    level: "warning",
    title: "content in /run",
    reason: "The transform of OCI images empties /run, so the digest of a sealed image does not cover it.",
    advice:
      "A digest of the tree as it is differs from the one of the image made of layers. Remove it; what a system needs " +
      "in /run is made when it starts (systemd-tmpfiles).",
    name: ({ parent }) => parent.text === "/run",
  },
  {
    id: "temporary-content",
    level: "warning",
    title: "content in a directory for temporary files",
    reason: "Most often it is left over from the build and differs from build to build.",
    advice: "Empty /tmp, /var/tmp, /var/run and /dev/shm as the last step of the build.",
    name: ({ parent }) => TEMPORARY.has(parent.text),
  },
  {
    id: "boot-content",
    level: "note",
    title: "content in /boot or /sysroot",
    reason: "The plain image covers it, the bootable image leaves it out.",
    advice:
      "A kernel image that carries a digest of the bootable image belongs here: anywhere else the digest would cover " +
      "what carries it. For the same reason it cannot carry the digest of the plain image.",
    name: ({ parent }) => EMPTIED_FOR_BOOT.has(parent.text),
  },
  {
    id: "mounted-over",
    level: "note",
    title: "content in /dev, /proc or /sys",
    reason: "A running system mounts something over it, so that nobody sees what the digest covers.",
    advice:
      "It can make digests differ for nothing: by its times, and because tools without privileges cannot make device " +
      "nodes. Leave these directories empty if you can.",
    name: ({ parent }) => MOUNTED_OVER.has(parent.text),
  },
  {
    id: "device-node",
    level: "note",
    title: "device outside /dev",
    reason: "Tools without privileges cannot unpack it and come to another digest.",
    advice: "Remove it if nothing needs it. mkcomposefs --skip-devices leaves out all devices.",
    inode: ({ entry, parent }) => DEVICES.includes(entry.type) && !entry.isWhiteout && parent.text !== "/dev",
  },
  {
    id: "socket",
    level: "warning",
    title: "UNIX socket",
    reason: "Layers are tar streams, which have no sockets: no OCI image has this tree.",
    advice: "A program left it behind when the tree was read from a directory. Remove it.",
    inode: ({ entry }) => entry.type === "socket",
  },
];
