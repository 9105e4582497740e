/** Where calls of the system are refused before they are made, and that a call is a call. */
import { describe, expect, test } from "vitest";
import { libcFunction, loadKoffi, requirePlatform } from "../../../src/linux/libc.node.ts";

const isHere = process.platform === "linux" && process.arch === "x64";

describe("a system", () => {
  test.each(["arm64", "loong64", "riscv64", "s390x", "x64"])("Linux on %s is one", (arch) => {
    expect(() => requirePlatform("linux", arch)).not.toThrow();
  });

  test.each([
    ["linux", "ia32"],
    ["linux", "arm"],
    ["linux", "ppc64"],
    ["linux", "mips"],
    ["darwin", "arm64"],
    ["win32", "x64"],
    ["freebsd", "x64"],
  ])("%s on %s is none", (platform, arch) => {
    expect(() => requirePlatform(platform, arch)).toThrow(expect.objectContaining({ code: "LINUX_PLATFORM" }));
  });
});

describe.skipIf(!isHere)("the C library (needs Linux on x64)", () => {
  test("without koffi there is none", () => {
    const load = () => {
      throw new Error("Cannot find module 'koffi'");
    };
    expect(() => loadKoffi(load)).toThrow(expect.objectContaining({ code: "LINUX_KOFFI" }));
  });

  test("gives a result, and errno of the last call alone", () => {
    const close = libcFunction("int close(int fd)");
    expect(close(-1)).toEqual({ result: -1, errno: 9 });
    expect(libcFunction("int getpid()")()).toEqual({ result: process.pid, errno: 0 });
  });
});
