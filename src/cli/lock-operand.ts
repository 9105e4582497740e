/**
 * Operands as a lock file has them: relative to its folder, with slashes, so that a file that was written on one system
 * means the same on another one.
 */

import nodePath from "node:path";
import { ComposefsError } from "../error.ts";
import { quote } from "../source/quote.ts";

/** What of node:path is used; `path.win32` stands for Windows in tests. */
type Path = Pick<typeof nodePath, "isAbsolute" | "join" | "normalize" | "relative" | "resolve" | "sep">;

/**
 * Says an operand that is meant from one folder from another one.
 *
 * @param operand what a command takes; absolute paths and registries stay as they are
 * @param from folder that it is relative to
 * @param to folder that it shall be relative to
 * @throws {ComposefsError} LOCK_INPUT for standard input
 */
export function rebaseOperand(operand: string, from: string, to: string, path: Path = nodePath): string {
  if (operand.startsWith("docker://")) return operand;
  const [, prefix = "", rest] = /^((?:oci|oci-archive|docker-archive|tar|dir|dump|erofs):)?(.*)$/s.exec(operand)!;
  if (rest === "-" || rest === "") {
    const what = rest === "" ? "a name without a file" : "standard input";
    throw new ComposefsError(
      "LOCK_INPUT",
      `${quote(operand)}: ${what} cannot be read again by whoever checks the lock`,
    );
  }
  if (path.isAbsolute(rest!)) return operand;
  const folder = path.relative(path.resolve(to), path.resolve(from));
  // A name in an archive of docker save may have slashes and dots of its own: it stays as it is.
  const [, file, name] = prefix === "docker-archive:" ? /^([^:]*)(.*)$/s.exec(rest!)! : [null, rest!, ""];
  const whole = path.join(folder, file!) + name;
  const plain = whole.split(path.sep).join("/");
  // What begins like a kind, but was said to be a path.
  const isPath = prefix === "" && /^[a-z-]+:/.test(plain);
  return `${prefix}${isPath ? `./${plain}` : plain}`;
}
