/**
 * Calls of the C library that Node has no function for: ioctl, and whatever else the platform part needs.
 *
 * They go through koffi, an optional dependency that ships compiled code for the usual machines. It is loaded at the
 * first call, so that nothing else of the package depends on it.
 */

import { createRequire } from "node:module";
import { ComposefsError } from "../error.ts";

/** What a call returned. */
export interface CallResult {
  result: number;
  /** errno(3) of the call, by number; it means something only when `result` says that the call failed. */
  errno: number;
}

/** A function of the C library; buffers are passed by their address. */
export type LibcFunction = (...args: ReadonlyArray<number | bigint | Uint8Array | string>) => CallResult;

/** The part of koffi that is used here. */
interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number };
  errno(value?: number): number;
  address(memory: Uint8Array): bigint | number;
}

/**
 * Architectures of process.arch that are 64 bit wide and number their ioctls as asm-generic/ioctl.h of Linux does;
 * powerpc, mips and sparc number them in another way.
 */
const ARCHITECTURES: readonly string[] = ["arm64", "loong64", "riscv64", "s390x", "x64"];

/**
 * Refuses systems for which the numbers and structures of this room were not made.
 *
 * @throws {ComposefsError} LINUX_PLATFORM
 */
export function requirePlatform(platform: string = process.platform, arch: string = process.arch): void {
  if (platform === "linux" && ARCHITECTURES.includes(arch)) return;
  const wanted = `expected Linux on one of ${ARCHITECTURES.join(", ")}, this is ${platform} on ${arch}`;
  throw new ComposefsError("LINUX_PLATFORM", `${wanted}; digests can be computed everywhere: composefs verity digest`);
}

let koffi: Koffi | undefined;
let library: ReturnType<Koffi["load"]> | undefined;

/**
 * Loads koffi, once.
 *
 * @param load how; replaced in tests
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI
 */
export function loadKoffi(load: (name: string) => unknown = createRequire(import.meta.url)): Koffi {
  requirePlatform();
  try {
    return load("koffi") as Koffi;
  } catch (cause) {
    const message = "calls of the system need the package koffi, which cannot be loaded here; npm install koffi";
    throw new ComposefsError("LINUX_KOFFI", message, {}, { cause });
  }
}

/**
 * A function of the C library.
 *
 * @param prototype in C, such as `int ioctl(int fd, unsigned long request, void *argument)`
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI
 */
export function libcFunction(prototype: string): LibcFunction {
  koffi ??= loadKoffi();
  library ??= koffi.load(null);
  const loaded = koffi;
  const call = library.func(prototype);
  return (...args) => {
    loaded.errno(0);
    // The two lines belong together: anything between them could change errno.
    const result = call(...args);
    return { result, errno: loaded.errno() };
  };
}

/** Address of the first byte of a buffer, for structures that hold pointers. The caller keeps the buffer alive. */
export function addressOf(memory: Uint8Array): bigint {
  koffi ??= loadKoffi();
  return BigInt(koffi.address(memory));
}
