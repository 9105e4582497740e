/**
 * The tree that the kernel test mounts: an entry of every kind, with what makes each of them difficult, as data; its
 * dumpfile for the images, and its own fields for the comparison with what the kernel shows.
 *
 * Strings hold bytes, one character U+0000 to U+00FF for each.
 */
import { escapeBytes, escapeOptional } from "../support/escape.mjs";

const FIFO = 0o010000;
const CHARACTER = 0o020000;
const DIRECTORY = 0o040000;
const BLOCK = 0o060000;
const FILE = 0o100000;
const SYMLINK = 0o120000;
const SOCKET = 0o140000;

/** Files up to this size stand in the image itself. */
const INLINE_MAX_BYTES = 64;
/** Entries of the directory that takes several blocks. */
const MANY = 300;

/** struct vfs_ns_cap_data, revision 2: cap_net_raw, effective (include/uapi/linux/capability.h). */
const CAPABILITY = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/** struct posix_acl_xattr_header and entries: user::rw-, user:1000:r--, group::r--, mask::r--, other::r-- */
const ACL =
  "\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\xe8\x03\0\0\x04\0\x04\0\xff\xff\xff\xff" +
  "\x10\0\x04\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff";

/** Glibc's makedev, for majors below 4096. */
const device = (major, minor) => (minor & 0xff) + major * 256 + Math.floor(minor / 256) * 0x100000;

/** Bytes that no two files share. */
function content(name, size) {
  let text = `${name}\n`;
  while (text.length < size) text += `${text.length.toString(36)} ${name}\n`;
  return text.slice(0, size);
}

let minutes = 0;
/** @param path from the root on @param fields what differs from a file of root */
function entry(path, mode, fields = {}) {
  minutes++;
  const times = { seconds: 1_700_000_000n + BigInt(minutes) * 60n, nanoseconds: (minutes * 7_654_321) % 1_000_000_000 };
  return { path, mode, nlink: 1, uid: 0, gid: 0, rdev: 0, xattrs: {}, ...times, ...fields };
}

const file = (path, size, fields) => entry(path, FILE | 0o644, { content: content(path, size), ...fields });
const directory = (path, fields) => entry(path, DIRECTORY | 0o755, fields);
/** A further name of `target`. */
const link = (path, target) => ({ path, link: target });

/**
 * The entries that an image of `format` can hold, parents first.
 *
 * @param format `v0`, `v1` or `v2`
 */
export function treeEntries(format) {
  minutes = 0;
  const isOurs = format !== "v2";
  const entries = [
    directory("/", { xattrs: { "user.root": "the root", "security.test": "\0\xff" } }),
    directory("/files"),
    file("/files/empty", 0),
    file("/files/one", 1),
    file("/files/inline", INLINE_MAX_BYTES),
    file("/files/external", INLINE_MAX_BYTES + 1),
    ...[4095, 4096, 4097, 128 * 4096, 128 * 4096 + 1].map((size) => file(`/files/size-${size}`, size)),
    file("/files/set-id", 500, { mode: FILE | 0o6755, uid: 70_000, gid: 4_000_000_000 }),
    file("/files/old", 100, { seconds: 0n, nanoseconds: 999_999_999 }),
    file("/files/far", 100, { seconds: 5_000_000_000n, nanoseconds: 1 }),
    file("/files/capable", 200, { xattrs: { "security.capability": CAPABILITY } }),
    file("/files/acl", 200, { mode: FILE | 0o644, xattrs: { "system.posix_acl_access": ACL } }),
    file("/files/xattrs", 300, {
      xattrs: {
        "user.empty": "",
        "user.binary": "\0\x01=\\\n \xff",
        "user.\xfc\xff": "a key of any bytes",
        "user.long": content("long", 600),
        "trusted.test": "trusted",
        "trusted.overlay.test": "escaped, since overlay would take it for its own",
        "security.test": "\0\xff",
      },
    }),
    directory("/links", { mode: DIRECTORY | 0o1777 }),
    file("/links/external", 5000, { nlink: 3 }),
    link("/links/external-2", "/links/external"),
    file("/links/inline", 10, { nlink: 2 }),
    link("/links/inline-2", "/links/inline"),
    entry("/links/short", SYMLINK | 0o777, { target: "../files/one", nlink: 2 }),
    link("/links/short-2", "/links/short"),
    entry("/links/dangling", SYMLINK | 0o777, { target: "\xff\n \\/nowhere" }),
    entry("/links/long", SYMLINK | 0o777, { target: `/${"long/".repeat(204)}end` }),
    ...(isOurs ? [entry("/links/longest", SYMLINK | 0o777, { target: `/${"longest/".repeat(511)}123456` })] : []),
    link("/other-directory-link", "/links/external"),
    directory("/nodes"),
    entry("/nodes/fifo", FIFO | 0o600),
    entry("/nodes/socket", SOCKET | 0o755),
    entry("/nodes/null", CHARACTER | 0o666, { rdev: device(1, 3) }),
    entry("/nodes/large-minor", CHARACTER | 0o660, { rdev: device(300, 0xabcde) }),
    entry("/nodes/disk", BLOCK | 0o660, { rdev: device(8, 1), gid: 6, xattrs: { "trusted.test": "of a device" } }),
    directory("/names"),
    file("/names/\xff\xfe not UTF-8 \x80", 100),
    file("/names/with\nnewline and\ttab", 20),
    file("/names/back\\slash, colon: comma=", 20),
    file(`/names/${"n".repeat(255)}`, 100),
    directory("/names/\xe4\xff"),
    file("/names/\xe4\xff/below", 100),
    directory("/many"),
    ...Array.from({ length: MANY }, (_, i) => file(`/many/entry-${i}-${"x".repeat(i % 40)}`, i % 3)),
    ...(isOurs ? [directory("/whiteouts"), entry("/whiteouts/gone", CHARACTER, { rdev: 0 })] : []),
    ...(isOurs ? [file("/whiteouts/kept", 100)] : []),
  ];
  return entries;
}

/**
 * The dumpfile of entries (composefs-dump(5)).
 *
 * @param digestOf gives the fs-verity digest of a content, in hex
 */
export function dumpOf(entries, digestOf) {
  const lines = entries.map((found) => {
    if (found.link !== undefined)
      return `${escapeBytes(found.path)} 0 @100644 1 0 0 0 0.0 ${escapeBytes(found.link)} - -`;
    const { path, mode, nlink, uid, gid, rdev, seconds, nanoseconds, target, content: bytes } = found;
    const isInline = bytes !== undefined && bytes.length > 0 && bytes.length <= INLINE_MAX_BYTES;
    const digest = isExternal(found) ? digestOf(bytes) : undefined;
    const payload = target ?? (digest && `${digest.slice(0, 2)}/${digest.slice(2)}`);
    const xattrs = Object.entries(found.xattrs).map(
      ([key, value]) => `${escapeBytes(key, true)}=${escapeBytes(value, true)}`,
    );
    return [
      escapeBytes(path),
      bytes?.length ?? target?.length ?? 0,
      ...[mode.toString(8), nlink, uid, gid, rdev, `${seconds}.${nanoseconds}`],
      escapeOptional(payload),
      escapeOptional(isInline ? bytes : undefined),
      digest ?? "-",
      ...xattrs,
    ].join(" ");
  });
  return Buffer.from(`${lines.join("\n")}\n`, "latin1");
}

/** Whether the content of an entry is an object. */
export function isExternal({ content: bytes }) {
  return bytes !== undefined && bytes.length > INLINE_MAX_BYTES;
}

/**
 * Entries as the kernel must show them: further names with what they name, whiteouts as the image escapes them
 * (erofs-v1.md 3.4), no nanoseconds in v2, whose images have none (erofs-v1.md 12).
 */
export function shownEntries(entries, format) {
  const kept = format === "v2" ? entries.map((found) => ({ ...found, nanoseconds: 0 })) : entries;
  const byPath = new Map(kept.map((found) => [found.path, found]));
  return kept.map((found) => {
    if (found.link !== undefined) return { ...byPath.get(found.link), path: found.path, owner: found.link };
    if (found.mode === CHARACTER && found.rdev === 0) {
      const xattrs = { "trusted.overlay.whiteout": "", "user.overlay.whiteout": "" };
      return { ...found, mode: FILE | (found.mode & 0o7777), content: "", xattrs };
    }
    if (found.path === "/whiteouts") {
      const markers = { whiteouts: "", ...(format === "v1" && { opaque: "x" }) };
      const xattrs = {};
      for (const [name, value] of Object.entries(markers)) {
        xattrs[`trusted.overlay.${name}`] = value;
        xattrs[`user.overlay.${name}`] = value;
      }
      return { ...found, xattrs };
    }
    return found;
  });
}
