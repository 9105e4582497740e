/**
 * Rules on extended attributes.
 *
 * Sources: fs/erofs/xattr.h and Documentation/filesystems/overlayfs.rst of Linux; C mkcomposefs and composefs-rs, whose
 * images of one tree can differ; the xattr modes of composefs-rs.
 */

import type { KeyedXattr, OpenDirectory, Rule, Subject, Verdict, XattrKind } from "./lint-rule.ts";

/** LCFS_MAX_SHARED_XATTRS of C: what it shares of one inode. */
const SHARED_XATTRS = 128;

const ACLS = ["system.posix_acl_access", "system.posix_acl_default"];
const KEPT = ["security.capability", "security.selinux"];

/** What the writer sets on a whiteout, and on the directory that holds one, as the keys are before its escaping. */
const WHITEOUT_MARKERS = new Set(["trusted.overlay.whiteout", "user.overlay.whiteout"]);
const DIRECTORY_MARKERS = new Set(
  ["trusted", "user"].flatMap((at) => [`${at}.overlay.whiteouts`, `${at}.overlay.opaque`]),
);

/** A verdict that names the first key. */
function firstOf(keys: readonly string[]): Verdict {
  const [first] = keys;
  if (first === undefined) return false;
  return keys.length === 1 ? first : `${first} and ${keys.length - 1} more`;
}

/** What becomes of an xattr. */
export function xattrKind(key: string): XattrKind {
  if (key.startsWith("user.overlay.") || key.startsWith("trusted.overlay.")) return "overlay";
  if (key.startsWith("user.")) return "user";
  if (KEPT.includes(key)) return "kept";
  return key.startsWith("trusted.") || key.startsWith("security.") || ACLS.includes(key) ? "dropped" : "unseen";
}

/** Judges an inode by those of its xattrs that a test finds. */
function having(test: (xattr: KeyedXattr, subject: Subject) => boolean): (subject: Subject) => Verdict {
  return (subject) => {
    const { xattrs } = subject;
    if (!xattrs.some((xattr) => test(xattr, subject))) return false;
    return firstOf(xattrs.filter((xattr) => test(xattr, subject)).map(({ key }) => key));
  };
}

function isWhiteoutFile({ key, kind }: KeyedXattr, { entry }: Subject): boolean {
  return kind === "overlay" && entry.type === "file" && key === "trusted.overlay.whiteout";
}

function isMarkerOfWhiteout({ key }: KeyedXattr, { entry }: Subject): boolean {
  return entry.isWhiteout && WHITEOUT_MARKERS.has(key);
}

function isMarkerOfDirectory(key: string, { whiteouts }: OpenDirectory): boolean {
  return whiteouts > 0 && DIRECTORY_MARKERS.has(key);
}

export const XATTR_RULES: readonly Rule[] = [
  {
    id: "unseen-xattr",
    level: "error",
    title: "xattr that Linux does not show",
    reason: "EROFS shows user., trusted., security. and POSIX ACLs only: nobody sees what the digest covers.",
    advice:
      "The tree read from the mounted image has another digest. For keys that merely begin like those of the POSIX " +
      "ACLs the images of C mkcomposefs and composefs-rs differ, too. Remove the xattr.",
    inode: having(({ kind }) => kind === "unseen"),
  },
  {
    id: "whiteout-file",
    level: "error",
    title: "regular file marked as a whiteout",
    reason: "In formats v0 and v1 its image reads as a whiteout: its type and content are lost.",
    advice:
      "trusted.overlay.whiteout on a file comes from a layer of overlayfs. If the name is deleted, write a character " +
      "device 0; otherwise remove the xattr.",
    inode: having(isWhiteoutFile),
  },
  {
    id: "whiteout-marker",
    level: "error",
    title: "xattr by which images mark whiteouts",
    reason: "The image sets it itself: C mkcomposefs replaces it or fails, composefs-rs writes it twice.",
    advice:
      "Remove it: from a whiteout the overlay xattr whiteout, from the directory that holds one whiteouts and opaque. " +
      "composefs-info dump prints the latter for images of format v1.",
    inode: having(isMarkerOfWhiteout),
    directory: (directory) => firstOf(directory.keys.filter((key) => isMarkerOfDirectory(key, directory))),
  },
  {
    id: "overlay-xattr",
    level: "warning",
    title: "xattr of overlayfs",
    reason: "It belongs to a layer, not to a merged tree; composefs-rs drops some when it reads the image.",
    advice:
      "Most often the upper directory of an overlay was read in place of the mounted one. Images escape " +
      "trusted.overlay., so that the mounted tree shows it again.",
    inode: having((xattr, subject) => {
      if (xattr.kind !== "overlay" || subject.entry.type === "directory") return false;
      return !isWhiteoutFile(xattr, subject) && !isMarkerOfWhiteout(xattr, subject);
    }),
    directory: (directory) =>
      firstOf(directory.keys.filter((key) => xattrKind(key) === "overlay" && !isMarkerOfDirectory(key, directory))),
  },
  {
    id: "dropped-xattr",
    level: "warning",
    title: "xattr that no OCI image has",
    reason: "The transform of OCI images keeps security.capability and, if asked to, user. xattrs only.",
    advice:
      "The digest of this tree is not the one of the image made of layers. Remove the xattr before the tree is sealed. " +
      "SELinux labels are not meant here: bootable images have those that their policy gives.",
    inode: having(({ kind }) => kind === "dropped"),
  },
  {
    id: "user-xattr",
    level: "note",
    title: "xattr in the user namespace",
    reason: "By default the transform of OCI images drops it; a digest does not tell by which mode it is.",
    advice: "Remove it, or tell those who verify that the mode is keep-user-xattrs.",
    inode: having(({ kind }) => kind === "user"),
  },
  {
    id: "selinux-zero-byte",
    level: "note",
    title: "SELinux label that ends in a zero byte",
    reason: "Linux returns labels with a zero byte at the end; the labels of bootable images have none.",
    advice: "If the digest is to be the one of the bootable image, take the zero byte away (or label by the policy).",
    inode: having(({ key, value }) => value[value.length - 1] === 0 && key === "security.selinux"),
  },
  {
    id: "many-xattrs",
    level: "warning",
    title: "more than 128 xattrs on one inode",
    reason: "Of those that other inodes have too C mkcomposefs shares 128, composefs-rs all.",
    advice: "More than 255 that are shared do not fit format v2. Use fewer xattrs.",
    inode: ({ xattrs }) => xattrs.length > SHARED_XATTRS && `${xattrs.length} xattrs`,
  },
];
