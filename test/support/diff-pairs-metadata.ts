/** Pairs of trees that differ in metadata: see `diff-pairs.ts`. */

import {
  add,
  all,
  DIGEST,
  type DiffPair,
  file,
  isDirectory,
  isSymlink,
  label,
  later,
  objectPath,
  pair,
  remove,
  set,
  strip,
} from "./diff-edits.ts";

export const METADATA_PAIRS: DiffPair[] = [
  pair(
    "a umask",
    {
      b: [
        set(
          ({ mode }) => mode === "100755" || mode === "40755",
          ({ mode }) => ({ mode: mode.replace("755", "750") }),
        ),
      ],
    },
    { classes: { mode: 8 }, hints: ["modes-umask"], equalAfter: ["modes"] },
  ),
  pair(
    "setuid was lost",
    { b: [set("/bin/su", { mode: "100755" })] },
    { classes: { mode: 1 }, hints: ["modes-special"], equalAfter: ["modes"] },
  ),
  pair(
    "modes of symlinks",
    { b: [set(isSymlink, { mode: "120755" })] },
    { classes: { mode: 1 }, hints: ["modes-symlinks"], equalAfter: ["symlink-modes"] },
  ),
  pair(
    "built without root",
    { b: [set(all, { uid: "0", gid: "0" })] },
    { classes: { owner: 2 }, hints: ["owners-root"], equalAfter: ["owners"] },
  ),
  pair(
    "extracted by a user",
    { b: [set(all, { uid: "1000", gid: "1000" })] },
    { classes: { owner: 14 }, hints: ["owners-uniform"], equalAfter: ["owners"] },
  ),
  pair(
    "a user namespace",
    { b: [set(all, ({ uid, gid }) => ({ uid: String(Number(uid) + 100000), gid: String(Number(gid) + 100000) }))] },
    { classes: { owner: 15 }, hints: ["owners-shifted"], equalAfter: ["owner-shift"] },
  ),
  pair(
    "root metadata: no entry for the root",
    { b: [set("/", { mode: "40000", mtime: "0.0", xattrs: [] })] },
    {
      classes: { mode: 1, "mtime-seconds": 1, "xattr:security.selinux": 1 },
      hints: ["root-metadata"],
      equalAfter: ["root-metadata"],
    },
  ),
  pair(
    "implied parents",
    {
      b: [
        set("/home", { mtime: "0.0", xattrs: [] }),
        set("/home/user", { mode: "40755", uid: "0", gid: "0", mtime: "0.0", xattrs: [] }),
      ],
    },
    {
      classes: { mode: 1, owner: 1, "mtime-seconds": 2, "xattr:security.selinux": 2 },
      hints: ["implied-directories"],
      equalAfter: ["implied-directories"],
    },
  ),
  pair(
    "hard links were lost",
    {
      b: [
        set("/bin/view", { nlink: "1" }),
        remove("/bin/vim"),
        add(`/bin/vim 70000 100755 1 0 0 0 1700000005.0 ${objectPath(DIGEST)} - ${DIGEST} security.selinux=bin_t`),
      ],
    },
    { classes: { hardlink: 1 }, hints: ["hardlinks-lost"], equalAfter: ["hardlinks"] },
  ),
  pair(
    "other names are linked",
    {
      a: [set("/etc/passwd", { nlink: "2" }), add("/etc/passwd- 11 @100644 2 0 0 0 0.0 /etc/passwd - -")],
      b: [
        set("/bin/view", { nlink: "1" }),
        remove("/bin/vim"),
        add(`/bin/vim 70000 100755 1 0 0 0 1700000005.0 ${objectPath(DIGEST)} - ${DIGEST} security.selinux=bin_t`),
        add("/etc/passwd- 11 100644 2 0 0 0 1700000008.0 - root:x:0:0\\n - security.selinux=etc_t"),
        add("/etc/passwd-- 11 @100644 2 0 0 0 0.0 /etc/passwd- - -"),
      ],
    },
    {
      classes: { added: 1, hardlink: 2 },
      hints: ["hardlinks-lost"],
      equalAfter: ["hardlinks"],
      remaining: { added: 1 },
    },
  ),
  pair(
    "files were deduplicated on one side only, others were split",
    {
      a: [add(file("/etc/one"), file("/etc/two"))],
      b: [
        add("/etc/one 2 100644 2 0 0 0 1700000020.0 - x\\n -", "/etc/two 2 @100644 2 0 0 0 0.0 /etc/one - -"),
        set("/bin/view", { nlink: "1" }),
        remove("/bin/vim"),
        add(`/bin/vim 70000 100755 1 0 0 0 1700000005.0 ${objectPath(DIGEST)} - ${DIGEST} security.selinux=bin_t`),
      ],
    },
    { classes: { hardlink: 2 }, hints: ["hardlinks-other"], equalAfter: ["hardlinks"] },
  ),
  pair(
    "link counts of the file system",
    { b: [set("/etc/passwd", { nlink: "3" }), set("/null", { nlink: "2" })] },
    { classes: { "link-count": 2 }, hints: ["link-counts"], equalAfter: ["link-counts"] },
  ),
];

export const MTIME_PAIRS: DiffPair[] = [
  pair(
    "directory mtimes live versus recorded",
    { b: [later(isDirectory, ({ path }) => 5000 + path.length)] },
    { classes: { "mtime-seconds": 7 }, hints: ["directory-mtimes"], equalAfter: ["directory-mtimes"] },
  ),
  pair(
    "nanoseconds were cut",
    { b: [set(all, ({ mtime }) => ({ mtime: mtime.replace(/\..*/, ".0") }))] },
    { classes: { "mtime-nanoseconds": 3 }, hints: ["nanoseconds-cut"], equalAfter: ["nanoseconds"] },
  ),
  pair(
    "no mtimes",
    { b: [set(all, { mtime: "0.0" })] },
    { classes: { "mtime-nanoseconds": 3, "mtime-seconds": 15 }, hints: ["mtimes-zero"], equalAfter: ["mtimes"] },
  ),
  pair(
    "SOURCE_DATE_EPOCH",
    { b: [set(({ mtime }) => Number(mtime) > 1700000006, { mtime: "1700000006.0" })] },
    {
      classes: { "mtime-nanoseconds": 1, "mtime-seconds": 8 },
      hints: ["mtimes-uniform", "nanoseconds-cut"],
      equalAfter: ["mtimes"],
    },
  ),
  pair(
    "local time for UTC",
    { b: [later((line) => !isDirectory(line), 7200)] },
    { classes: { "mtime-seconds": 8 }, hints: ["mtimes-shifted"], equalAfter: ["mtimes"] },
  ),
  pair(
    "mtimes of symlinks",
    { b: [later(isSymlink, 1234)] },
    { classes: { "mtime-seconds": 1 }, hints: ["symlink-mtimes"], equalAfter: ["symlink-mtimes"] },
  ),
  pair(
    "copied without mtimes",
    { b: [later(all, ({ path }) => 9000 + path.length)] },
    { classes: { "mtime-seconds": 15 }, hints: ["mtimes-new"], equalAfter: ["mtimes"] },
  ),
];

export const XATTR_PAIRS: DiffPair[] = [
  pair(
    "SELinux labels leaked",
    { a: [strip(all, "security.selinux")], b: [] },
    { classes: { "xattr:security.selinux": 15 }, hints: ["xattr-selinux"], equalAfter: ["xattr:security.selinux"] },
  ),
  pair(
    "relabelled",
    { b: [strip("/etc/shadow", "security.selinux"), label("/etc/shadow", "security.selinux=etc_t")] },
    { classes: { "xattr:security.selinux": 1 }, hints: ["xattr-selinux"], equalAfter: ["xattr:security.selinux"] },
  ),
  pair(
    "file capabilities were lost",
    { b: [strip("/bin/ping", "security.capability")] },
    {
      classes: { "xattr:security.capability": 1 },
      hints: ["xattr-capability"],
      equalAfter: ["xattr:security.capability"],
    },
  ),
  pair(
    "xattrs of overlayfs",
    { b: [label("/etc", "user.overlay.opaque=y")] },
    {
      classes: { "xattr:user.overlay.opaque": 1 },
      hints: ["xattr-overlay"],
      equalAfter: ["xattr:user.overlay.opaque"],
    },
  ),
  pair(
    "trusted xattrs of overlayfs",
    { b: [label("/etc", "trusted.overlay.origin=")] },
    {
      classes: { "xattr:trusted.overlay.origin": 1 },
      hints: ["xattr-overlay-trusted"],
      equalAfter: ["xattr:trusted.overlay.origin"],
    },
  ),
  pair(
    "ACLs",
    {
      b: [label("/home/user", "system.posix_acl_access=\\x02"), label("/home/user", "system.posix_acl_default=\\x02")],
    },
    {
      classes: { "xattr:system.posix_acl_access": 1, "xattr:system.posix_acl_default": 1 },
      hints: ["xattrs-stripped", "xattr-acl"],
      equalAfter: ["xattr:system.posix_acl_access", "xattr:system.posix_acl_default"],
    },
  ),
  pair(
    "signatures of the live system",
    { b: [label("/bin/su", "security.evm=\\x02"), label("/bin/su", "security.ima=\\x01")] },
    {
      classes: { "xattr:security.evm": 1, "xattr:security.ima": 1 },
      hints: ["xattrs-stripped", "xattr-ima", "xattr-evm"],
      equalAfter: ["xattr:security.evm", "xattr:security.ima"],
    },
  ),
  pair(
    "user xattrs",
    { a: [label("/etc/group", "user.comment=hello\\x20you")], b: [] },
    { classes: { "xattr:user.comment": 1 }, hints: ["xattr-user"], equalAfter: ["xattr:user.comment"] },
  ),
  pair(
    "trusted xattrs",
    { a: [label("/etc/group", "trusted.md5sum=00")], b: [] },
    { classes: { "xattr:trusted.md5sum": 1 }, hints: ["xattr-trusted"], equalAfter: ["xattr:trusted.md5sum"] },
  ),
  pair(
    "the OCI transform",
    { b: [strip(all, "security.selinux"), set("/", { mtime: "1700000014.0" })] },
    {
      classes: { "mtime-seconds": 1, "xattr:security.selinux": 15 },
      hints: ["root-metadata", "xattr-selinux"],
      equalAfter: ["root-metadata", "xattr:security.selinux"],
    },
  ),
];

/** Several causes at once: the smallest set is looked for. */
export const MIXED_PAIRS: DiffPair[] = [
  pair(
    "directory mtimes and nanoseconds: one broad normalisation instead of two narrow ones",
    { b: [later(isDirectory, ({ path }) => 50 + path.length), set("/bin/ping", { mtime: "1700000002.0" })] },
    {
      classes: { "mtime-nanoseconds": 1, "mtime-seconds": 7 },
      hints: ["directory-mtimes", "nanoseconds-cut"],
      equalAfter: ["mtimes"],
    },
  ),
  pair(
    "directory mtimes, a mode and a file",
    {
      b: [
        later(isDirectory, ({ path }) => 50 + path.length),
        set("/etc/shadow", { mode: "100600" }),
        set("/etc/group", { content: "wheel:x:\\n" }),
      ],
    },
    {
      classes: { content: 1, mode: 1, "mtime-seconds": 7 },
      hints: ["directory-mtimes", "modes-umask"],
      equalAfter: ["directory-mtimes", "modes"],
      remaining: { content: 1 },
    },
  ),
];
