import { homedir } from "node:os";
import { expect, test } from "vitest";
import { homeDirectory } from "../../../src/registry/home.node.ts";

/** An error as `homedir` throws it (SystemError of Node). */
const systemError = (code: string) => () => {
  throw Object.assign(new Error(`uv_os_homedir returned ${code}`), { code: "ERR_SYSTEM_ERROR", info: { code } });
};

test("the home directory is that of Node, or / of a user who is in no list", () => {
  expect(homeDirectory()).toBe(homedir());
  // A service of systemd with DynamicUser, without nss-systemd.
  expect(homeDirectory(systemError("ENOENT"))).toBe("/");
  expect(() => homeDirectory(systemError("EIO"))).toThrow("uv_os_homedir returned EIO");
});
