/**
 * The two ioctls of fs-verity, as they are: numbers in, errno out (fsverity.md 4; include/uapi/linux/fsverity.h).
 *
 *   struct fsverity_enable_arg          struct fsverity_digest
 *     0  u32 version = 1                  0  u16 digest_algorithm
 *     4  u32 hash_algorithm               2  u16 digest_size    in: room for the digest, out: its length, in bytes
 *     8  u32 block_size, in bytes         4  the digest
 *    12  u32 salt_size, in bytes
 *    16  u64 salt_ptr
 *    24  u32 sig_size, in bytes
 *    28  u32 reserved = 0
 *    32  u64 sig_ptr
 *    40  u64 reserved[11] = 0
 *
 * Both in the byte order of the machine, which is that of typed arrays.
 */

import { addressOf, type LibcFunction, libcFunction } from "./libc.node.ts";

/** _IOW('f', 133, struct fsverity_enable_arg) */
const FS_IOC_ENABLE_VERITY = 0x40806685;
/** _IOWR('f', 134, struct fsverity_digest) */
const FS_IOC_MEASURE_VERITY = 0xc0046686;

/** FS_VERITY_HASH_ALG_SHA256 and FS_VERITY_HASH_ALG_SHA512. */
export const HASH_NUMBERS = { sha256: 1, sha512: 2 } as const;

const ENABLE_ARGUMENT_BYTES = 128;
const DIGEST_HEADER_BYTES = 4;

/** The fields of fsverity_enable_arg. */
export interface EnableFields {
  /** Default 1, the only one. */
  version?: number;
  /** One of {@link HASH_NUMBERS}. */
  hashAlgorithm: number;
  /** In bytes. */
  blockSize: number;
  salt?: Uint8Array;
  /** PKCS#7 in DER, detached, of the formatted digest (fsverity.md 3). */
  signature?: Uint8Array;
  /** Default 0, the only value. */
  reserved?: number;
}

/** What FS_IOC_MEASURE_VERITY gave. */
export interface Measured {
  /** 0: done. */
  errno: number;
  /** One of {@link HASH_NUMBERS}, or a number that a later kernel has. */
  hashAlgorithm: number;
  digest: Uint8Array;
}

let ioctl: LibcFunction | undefined;

function callIoctl(fd: number, request: number, argument: Uint8Array): number {
  ioctl ??= libcFunction("int ioctl(int fd, unsigned long request, ...)");
  const { result, errno } = ioctl(fd, request, "void *", argument);
  return result < 0 ? errno : 0;
}

/**
 * FS_IOC_ENABLE_VERITY.
 *
 * @param fd open for reading only
 * @returns 0, or errno
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI
 */
export function ioctlEnable(fd: number, fields: EnableFields): number {
  const { version = 1, salt = new Uint8Array(0), signature = new Uint8Array(0), reserved = 0 } = fields;
  // One piece of memory for all three, so that one address is enough and nothing can be freed too early.
  const argument = Buffer.alloc(ENABLE_ARGUMENT_BYTES + salt.length + signature.length);
  const address = addressOf(argument);
  const words = new Uint32Array(argument.buffer, argument.byteOffset, ENABLE_ARGUMENT_BYTES / 4);
  const pointers = new BigUint64Array(argument.buffer, argument.byteOffset, ENABLE_ARGUMENT_BYTES / 8);
  words.set([version, fields.hashAlgorithm, fields.blockSize, salt.length]);
  words[6] = signature.length;
  words[7] = reserved;
  if (salt.length > 0) pointers[2] = address + BigInt(ENABLE_ARGUMENT_BYTES);
  if (signature.length > 0) pointers[4] = address + BigInt(ENABLE_ARGUMENT_BYTES + salt.length);
  argument.set(salt, ENABLE_ARGUMENT_BYTES);
  argument.set(signature, ENABLE_ARGUMENT_BYTES + salt.length);
  return callIoctl(fd, FS_IOC_ENABLE_VERITY, argument);
}

/**
 * FS_IOC_MEASURE_VERITY.
 *
 * @param fd an open file
 * @param roomBytes room for the digest; the longest one has 64 bytes
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI
 */
export function ioctlMeasure(fd: number, roomBytes = 64): Measured {
  const argument = Buffer.alloc(DIGEST_HEADER_BYTES + roomBytes);
  const header = new Uint16Array(argument.buffer, argument.byteOffset, DIGEST_HEADER_BYTES / 2);
  header[1] = roomBytes;
  const errno = callIoctl(fd, FS_IOC_MEASURE_VERITY, argument);
  const [hashAlgorithm, length] = header as unknown as [number, number];
  const digest = argument.subarray(DIGEST_HEADER_BYTES, DIGEST_HEADER_BYTES + (errno === 0 ? length : 0));
  return { errno, hashAlgorithm, digest };
}
