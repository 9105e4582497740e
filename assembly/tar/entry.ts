/**
 * An entry: what header and extensions say together, and what is refused of it (oci-to-tree.md 2.6 and 3).
 */

import {
  EXTERNAL_MAX_BYTES,
  PATH_MAX_BYTES,
  PAYLOAD_MAX_BYTES,
  RECORD_FLAG_CONTIGUOUS,
  RECORD_FLAG_FILE_SLASH,
  RECORD_FLAG_GLOBAL_PAX,
  STATUS_OK,
  STATUS_TAR_DEVICE_FORMAT,
  STATUS_TAR_DEVICE_RANGE,
  STATUS_TAR_LINK_EMPTY,
  STATUS_TAR_MTIME_RANGE,
  STATUS_TAR_NAME_EMPTY,
  STATUS_TAR_ROOT_TYPE,
  STATUS_TAR_SIZE_RANGE,
  STATUS_TAR_SPARSE,
  STATUS_TAR_SYMLINK_EMPTY,
  STATUS_TAR_SYMLINK_NUL,
  STATUS_TAR_SYMLINK_TOO_LONG,
  STATUS_TAR_TYPE,
  STATUS_TAR_TYPE_SIZE,
} from "../abi";
import {
  TYPE_BLOCK,
  TYPE_CHARACTER,
  TYPE_DIRECTORY,
  TYPE_FIFO,
  TYPE_HARDLINK,
  TYPE_REGULAR,
  TYPE_SYMLINK,
} from "../tree/node";
import * as extension from "./extension";
import * as header from "./header";
import { normalise, pathLen } from "./names";
import { failTar, setName } from "./place";

const SPARSE: u32 = 0x53;
const CONTIGUOUS: u32 = 0x37;
const SLASH: u32 = 0x2f;

export let type: u32 = 0;
export let mode: u32 = 0;
export let uid: u32 = 0;
export let gid: u32 = 0;
export let rdev: u32 = 0;
export let seconds: i64 = 0;
export let nanoseconds: u32 = 0;
export let size: u64 = 0;
/** RECORD_FLAG_* bits of the entry. */
export let recordFlags: u32 = 0;
/** Whether a global PAX header came since the last entry. */
let isAfterGlobal: bool = false;
/** The path, normalised; empty for the root. */
export const path = memory.data(PATH_MAX_BYTES + 16, 16);
export let pathBytes: u32 = 0;
/** Target of a symlink as it is, of a hardlink normalised. */
export let link: usize = 0;
export let linkBytes: u32 = 0;
const target = memory.data(PATH_MAX_BYTES + 16, 16);

/** Type of a type byte that stands for an entry, 0 for none. */
function typeOf(byte: u32): u32 {
  switch (byte) {
    case 0:
    case 0x30:
    case CONTIGUOUS:
      return TYPE_REGULAR;
    case 0x31:
      return TYPE_HARDLINK;
    case 0x32:
      return TYPE_SYMLINK;
    case 0x33:
      return TYPE_CHARACTER;
    case 0x34:
      return TYPE_BLOCK;
    case 0x35:
      return TYPE_DIRECTORY;
    case 0x36:
      return TYPE_FIFO;
    default:
      return 0;
  }
}

/** Device number as the kernel encodes it in 32 bits: new_encode_dev of include/linux/kdev_t.h. */
function takeDevice(): i32 {
  if (header.format == header.FORMAT_OLD) return failTar(STATUS_TAR_DEVICE_FORMAT, 0, 0);
  if (header.major > 0xfff) return failTar(STATUS_TAR_DEVICE_RANGE, header.major, 0xfff);
  if (header.minor > 0xfffff) return failTar(STATUS_TAR_DEVICE_RANGE, header.minor, 0xfffff);
  const minor = <u32>header.minor;
  rdev = ((<u32>header.major) << 8) | ((minor & 0xffffff00) << 12) | (minor & 0xff);
  return STATUS_OK;
}

function takeSymlink(): i32 {
  if (!linkBytes) return failTar(STATUS_TAR_SYMLINK_EMPTY, 0, 0);
  if (linkBytes > <u32>PAYLOAD_MAX_BYTES) return failTar(STATUS_TAR_SYMLINK_TOO_LONG, linkBytes, PAYLOAD_MAX_BYTES);
  for (let i: u32 = 0; i < linkBytes; i++) {
    if (!load<u8>(link + i)) return failTar(STATUS_TAR_SYMLINK_NUL, i, 0);
  }
  return STATUS_OK;
}

function takeHardlink(): i32 {
  if (!linkBytes) return failTar(STATUS_TAR_LINK_EMPTY, 0, 0);
  const status = normalise(link, linkBytes, target);
  link = target;
  linkBytes = pathLen;
  return status;
}

function takeTimes(): i32 {
  const isGiven = (extension.given & extension.GIVEN_MTIME) != 0;
  const whole = isGiven ? extension.seconds : header.seconds;
  if (whole > <u64>i64.MAX_VALUE) return failTar(STATUS_TAR_MTIME_RANGE, whole, i64.MAX_VALUE);
  seconds = <i64>whole;
  nanoseconds = extension.nanoseconds;
  return STATUS_OK;
}

/** Notes a global PAX header; what it says changes nothing. */
export function noteGlobal(): void {
  isAfterGlobal = true;
}

/** Forgets what came before the first entry of a tar. */
export function resetEntry(): void {
  isAfterGlobal = false;
}

function flagsOf(name: usize, nameLen: u32): u32 {
  let flags = isAfterGlobal ? RECORD_FLAG_GLOBAL_PAX : 0;
  isAfterGlobal = false;
  if (header.typeByte == CONTIGUOUS) flags |= RECORD_FLAG_CONTIGUOUS;
  if (type == TYPE_REGULAR && <u32>load<u8>(name + nameLen - 1) == SLASH) flags |= RECORD_FLAG_FILE_SLASH;
  return <u32>flags;
}

/** Size of the content, which only a regular file may have. */
function takeSize(): i32 {
  size = extension.given & extension.GIVEN_SIZE ? extension.size : header.size;
  if (type != TYPE_REGULAR) return size ? failTar(STATUS_TAR_TYPE_SIZE, size, 0) : STATUS_OK;
  return size > <u64>EXTERNAL_MAX_BYTES ? failTar(STATUS_TAR_SIZE_RANGE, size, EXTERNAL_MAX_BYTES) : STATUS_OK;
}

/**
 * Reads the entry of the header that was read last and of the extensions before it.
 *
 * @returns a status
 */
export function readEntry(): i32 {
  const name = extension.hasName() ? extension.nameAt : header.nameText;
  const nameLen = extension.hasName() ? extension.nameLen : header.nameLen;
  setName(name, nameLen);
  if (header.typeByte == SPARSE) return failTar(STATUS_TAR_SPARSE, 0, 0);
  type = typeOf(header.typeByte);
  if (!type) return failTar(STATUS_TAR_TYPE, header.typeByte, 0);
  if (!nameLen) return failTar(STATUS_TAR_NAME_EMPTY, 0, 0);
  recordFlags = flagsOf(name, nameLen);
  let status = normalise(name, nameLen, path);
  if (status != STATUS_OK) return status;
  pathBytes = pathLen;
  if (!pathBytes && type != TYPE_DIRECTORY) return failTar(STATUS_TAR_ROOT_TYPE, header.typeByte, 0x35);
  mode = header.mode;
  uid = extension.given & extension.GIVEN_UID ? extension.uid : header.uid;
  gid = extension.given & extension.GIVEN_GID ? extension.gid : header.gid;
  status = takeTimes();
  if (status != STATUS_OK) return status;
  status = takeSize();
  if (status != STATUS_OK) return status;
  rdev = 0;
  link = extension.hasLink() ? extension.linkAt : header.linkText;
  linkBytes = extension.hasLink() ? extension.linkLen : header.linkLen;
  if (type == TYPE_HARDLINK) return takeHardlink();
  if (type == TYPE_SYMLINK) return takeSymlink();
  linkBytes = 0;
  return type == TYPE_CHARACTER || type == TYPE_BLOCK ? takeDevice() : STATUS_OK;
}
