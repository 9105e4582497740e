/**
 * What errno says when fs-verity is enabled or measured, or a file of it opened: a table (kernel-oracle.md; fsverity.md
 * 4; Documentation/filesystems/fsverity.rst of Linux).
 *
 * By number, since Node has no names for ENOKEY and EKEYREJECTED. The numbers are those of asm-generic/errno.h, which
 * all architectures of libc.node.ts use.
 */

import { ComposefsError, type ComposefsErrorCode } from "../error.ts";
import { type Path, showPath } from "./path.node.ts";

/** What was tried. */
export type VerityCall = "enable" | "measure" | "open";

/** One row. */
export interface VerityErrno {
  calls: readonly VerityCall[];
  errno: number;
  name: string;
  code: ComposefsErrorCode;
  /** Why, in the words of the kernel's documentation. */
  reason: string;
  /** What to do. */
  advice: string;
}

/** All rows; a call has no number twice. */
export const VERITY_ERRNO_ROWS: readonly VerityErrno[] = [
  {
    calls: ["enable", "measure"],
    errno: 95,
    name: "EOPNOTSUPP",
    code: "VERITY_UNSUPPORTED",
    reason: "the kernel, or this file system, has no fs-verity",
    advice: "it takes a kernel with CONFIG_FS_VERITY, and for ext4 the feature: tune2fs -O verity DEVICE",
  },
  {
    calls: ["enable", "measure"],
    errno: 25,
    name: "ENOTTY",
    code: "VERITY_UNSUPPORTED",
    reason: "this kind of file system has no fs-verity",
    advice: "ext4, f2fs and btrfs have it; of a file in a composefs mount measure the object",
  },
  {
    calls: ["measure"],
    errno: 61,
    name: "ENODATA",
    code: "VERITY_NOT_ENABLED",
    reason: "fs-verity is not enabled for it, or it is no regular file",
    advice: "composefs verity enable FILE enables it",
  },
  {
    calls: ["measure"],
    errno: 75,
    name: "EOVERFLOW",
    code: "VERITY_DIGEST_ROOM",
    reason: "its digest is longer than the room for it",
    advice: "a digest has at most 64 bytes",
  },
  {
    calls: ["enable"],
    errno: 17,
    name: "EEXIST",
    code: "VERITY_ALREADY",
    reason: "fs-verity is enabled for it",
    advice: "it stays as it is; composefs verity measure FILE shows the digest",
  },
  {
    calls: ["enable"],
    errno: 26,
    name: "ETXTBSY",
    code: "VERITY_BUSY",
    reason: "somebody has it open for writing",
    advice: "try again when it is closed, or work on a copy",
  },
  {
    calls: ["enable"],
    errno: 21,
    name: "EISDIR",
    code: "VERITY_FILE_TYPE",
    reason: "it is a directory",
    advice: "fs-verity is of regular files only",
  },
  {
    calls: ["enable"],
    errno: 22,
    name: "EINVAL",
    code: "VERITY_REFUSED",
    reason: "the kernel does not take these parameters, or it is no regular file",
    advice: "block sizes go from 1024 to the page size and the block size of the file system, as a rule 4096",
  },
  {
    calls: ["enable"],
    errno: 90,
    name: "EMSGSIZE",
    code: "VERITY_TOO_LONG",
    reason: "the salt or the signature is too long",
    advice: "a salt has at most 32 bytes, a signature at most 16128",
  },
  {
    calls: ["enable", "open"],
    errno: 126,
    name: "ENOKEY",
    code: "VERITY_KEY",
    reason: "no certificate in the keyring .fs-verity is that of the signature",
    advice: 'keyctl padd asymmetric "" %keyring:.fs-verity < cert.der adds one',
  },
  {
    calls: ["enable", "open"],
    errno: 74,
    name: "EBADMSG",
    code: "VERITY_SIGNATURE_FORMAT",
    reason: "the signature is malformed",
    advice: "expected PKCS#7 in DER, detached, as openssl smime and fsverity sign write it",
  },
  {
    calls: ["enable", "open"],
    errno: 129,
    name: "EKEYREJECTED",
    code: "VERITY_SIGNATURE",
    reason: "the signature is of other content",
    advice: "it must be of the formatted digest with the same hash, block size and salt",
  },
  {
    calls: ["enable"],
    errno: 1,
    name: "EPERM",
    code: "VERITY_PERMISSION",
    reason: "it has no signature while fs.verity.require_signatures is 1, or it may only be appended to",
    advice: "give a signature",
  },
  {
    calls: ["open"],
    errno: 1,
    name: "EPERM",
    code: "VERITY_PERMISSION",
    reason: "it has fs-verity, and is opened for writing, or has no signature while fs.verity.require_signatures is 1",
    advice: "replace the file by a copy to change it",
  },
  {
    calls: ["enable"],
    errno: 13,
    name: "EACCES",
    code: "VERITY_PERMISSION",
    reason: "the user may not write to it",
    advice: "enable it as the owner of the file",
  },
  {
    calls: ["enable"],
    errno: 30,
    name: "EROFS",
    code: "VERITY_PERMISSION",
    reason: "the file system is mounted read-only",
    advice: "mount it for writing",
  },
  {
    calls: ["enable", "open"],
    errno: 65,
    name: "ENOPKG",
    code: "VERITY_UNSUPPORTED",
    reason: "the kernel does not know the hash, or an algorithm of the signature",
    advice: "take the other hash; sign as the documentation of fs-verity says",
  },
];

/** The row of a failure; undefined for an errno that is not of fs-verity. */
export function verityErrno(call: VerityCall, errno: number): VerityErrno | undefined {
  return VERITY_ERRNO_ROWS.find((row) => row.errno === errno && row.calls.includes(call));
}

/** The error of a failure. @param file path of the file, undefined when only its descriptor is known */
export function verityError(call: VerityCall, errno: number, file: Path | undefined): ComposefsError {
  const action = call === "open" ? "open" : `${call} fs-verity of`;
  const name = file === undefined ? "a file" : showPath(file);
  const row = verityErrno(call, errno);
  const data = { ...(file === undefined ? {} : { path: Buffer.from(file as string).toString() }), actual: errno };
  if (row === undefined) {
    return new ComposefsError("VERITY_CALL", `cannot ${action} ${name}: the kernel says errno ${errno}`, data);
  }
  return new ComposefsError(row.code, `cannot ${action} ${name}: ${row.reason} (${row.name}); ${row.advice}`, data);
}
