/**
 * The home directory of the user, for whom there may be none: a user of systemd's `DynamicUser`, or a number in a container, is in
 * no list of users where the resolver for them (nss-systemd) is not installed, and has no `$HOME`.
 */

import { homedir } from "node:os";

/**
 * The home directory; `/` of a user who is in no list, as nss-systemd and container runtimes say it.
 *
 * @param ask how it is found out
 */
export function homeDirectory(ask: () => string = homedir): string {
  try {
    return ask();
  } catch (error) {
    const { code, info } = error as { code?: string; info?: { code?: string } };
    if (code === "ERR_SYSTEM_ERROR" && info?.code === "ENOENT") return "/";
    throw error;
  }
}
