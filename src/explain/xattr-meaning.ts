/**
 * What the values of extended attributes mean, line by line.
 *
 * Sources: include/uapi/linux/capability.h, include/uapi/linux/posix_acl_xattr.h and posix_acl.h,
 * Documentation/filesystems/overlayfs.rst of Linux; the SELinux contexts of policies.
 */

import { toHex } from "../image/hex.ts";
import { displayBytes } from "./display.ts";

/** CAP_* in the order of their numbers. */
const CAPABILITIES: readonly string[] = (
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
  "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
  "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override " +
  "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split(" ");

/** VFS_CAP_REVISION_* and VFS_CAP_FLAGS_EFFECTIVE; bytes of each revision. */
const CAP_REVISION_SHIFT = 24;
const CAP_EFFECTIVE = 1;
const CAP_BYTES: Readonly<Record<number, number>> = { 1: 12, 2: 20, 3: 24 };

/** POSIX_ACL_XATTR_VERSION; ACL_* tags of entries. */
const ACL_VERSION = 2;
const ACL_ENTRY_BYTES = 8;
const ACL_TAGS: Readonly<Record<number, string>> = {
  1: "user",
  2: "user",
  4: "group",
  8: "group",
  16: "mask",
  32: "other",
};
const ACL_NAMED: readonly number[] = [2, 8];

/**
 * Says what a value means.
 *
 * @param key one character for each byte
 * @returns lines; empty when nothing is known of the key, or the value is not of its form
 */
export function xattrMeaning(key: string, value: Uint8Array): string[] {
  if (key === "security.capability") return capabilityLines(value);
  if (key === "security.selinux") return labelLines(value);
  if (key === "system.posix_acl_access" || key === "system.posix_acl_default") return aclLines(value);
  if (/^(trusted|user)\.overlay\./.test(key)) return overlayLines(key.slice(key.indexOf(".overlay.") + 9), value);
  return [];
}

/** struct vfs_cap_data and vfs_ns_cap_data: u32 magic, then pairs of u32 permitted and inheritable, then u32 rootid. */
function capabilityLines(value: Uint8Array): string[] {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (value.length < 4) return [];
  const magic = view.getUint32(0, true);
  const revision = magic >>> CAP_REVISION_SHIFT;
  if (CAP_BYTES[revision] !== value.length) return [];
  const words = revision === 1 ? 1 : 2;
  const namesAt = (first: number) => {
    const names: string[] = [];
    for (let bit = 0; bit < 32 * words; bit++) {
      const word = view.getUint32(first + 8 * (bit >> 5), true);
      if ((word >>> (bit & 31)) & 1) names.push(`cap_${CAPABILITIES[bit] ?? bit}`);
    }
    return names.join(", ") || "none";
  };
  return [
    `permitted: ${namesAt(4)}`,
    `inheritable: ${namesAt(8)}`,
    `effective: ${magic & CAP_EFFECTIVE ? "yes, from the start" : "no, when the program asks"}`,
    `revision ${revision}${revision === 3 ? `, of the user namespace of uid ${view.getUint32(20, true)}` : ""}`,
  ];
}

/** user:role:type:level; the level may hold colons. */
function labelLines(value: Uint8Array): string[] {
  const end = value.at(-1) === 0 ? value.length - 1 : value.length;
  const [user, role, type, ...level] = displayBytes(value.subarray(0, end)).split(":");
  if (type === undefined) return [];
  return [
    `user: ${user}`,
    `role: ${role}`,
    `type: ${type}`,
    ...(level.length === 0 ? [] : [`level: ${level.join(":")}`]),
  ];
}

/** struct posix_acl_xattr_header and entries: u32 version; u16 tag, u16 permissions, u32 id. */
function aclLines(value: Uint8Array): string[] {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (value.length < 4 || (value.length - 4) % ACL_ENTRY_BYTES !== 0 || view.getUint32(0, true) !== ACL_VERSION)
    return [];
  const lines: string[] = [];
  for (let at = 4; at < value.length; at += ACL_ENTRY_BYTES) {
    const [tag, bits] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const id = ACL_NAMED.includes(tag) ? view.getUint32(at + 4, true) : "";
    const permissions = `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
    lines.push(`${ACL_TAGS[tag] ?? `tag ${tag}`}:${id}:${permissions}`);
  }
  return lines;
}

function overlayLines(name: string, value: Uint8Array): string[] {
  switch (name) {
    case "metacopy":
      // version, length, flags, algorithm of struct ovl_metacopy, then the fs-verity digest.
      if (value.length <= 4) return ["metadata of a file whose content is an object"];
      return [`fs-verity digest of the object: ${value[3] === 2 ? "sha512" : "sha256"}:${toHex(value.subarray(4))}`];
    case "redirect":
      return [`path of the object: ${displayBytes(value)}`];
    case "whiteout":
      return ["a whiteout: hides the name in lower layers"];
    case "whiteouts":
      return ["a directory that holds such whiteouts"];
    case "opaque":
      return [value[0] === 0x78 ? "a directory that may hold whiteouts" : "an opaque directory: hides lower layers"];
    default:
      return [];
  }
}
