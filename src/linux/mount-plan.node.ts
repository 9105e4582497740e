/**
 * A composefs mount as a list of commands, data until somebody runs or prints it.
 *
 * Two mounts, one on top of the other at the same place, so that no further directory is needed and everything that
 * makes up the mount shows in /proc/self/mountinfo:
 *
 *   TARGET  overlay   lowerdir=TARGET::REPO/objects   what one sees; :: begins the data-only layer
 *   TARGET  EROFS     the image: names, metadata, small files
 *
 * They are made by mount(8) rather than by system calls of our own: it knows how to set up a loop device, and which
 * of the kernel's interfaces to take, and what is printed is what is done. It mounts EROFS straight from the file where
 * it and the kernel can (util-linux 2.41, Linux 6.12), through a loop device otherwise; the second form of the command
 * is for a mount(8) that can and a kernel that cannot.
 *
 * Options of overlay: Documentation/filesystems/overlayfs.rst of Linux; `verity` and data-only layers need 6.6.
 */

import { ComposefsError } from "../error.ts";
import { absolutePath, joinPath, type Path, showPath } from "./path.node.ts";
import { OBJECTS } from "./repo-layout.ts";
import { type Argument, shellCommand } from "./shell.node.ts";

/**
 * What the kernel checks when an object is opened: `require` that it has fs-verity and the digest that the image has for
 * it, `on` the same where the image has a digest, `off` nothing.
 */
export type VerityMode = "require" | "on" | "off";

/** The values of {@link VerityMode}. */
export const VERITY_MODES: readonly VerityMode[] = ["require", "on", "off"];

/**
 * Makes mount(8) take mount(2) rather than fsconfig(2), which has 255 bytes for the value of an option (fs/fsopen.c of
 * Linux): two longer paths do not fit. Versions before util-linux 2.39 take it anyway.
 */
const MOUNT2: readonly string[] = ["env", "LIBMOUNT_FORCE_MOUNT2=always"];
/**
 * Bytes of options that mount(2) takes: a page, which is 4096 bytes or more, less the NUL. It cuts longer ones without a
 * word (copy_mount_options, fs/namespace.c of Linux).
 */
const OPTIONS_MAX_BYTES = 4095;

/** What to mount. */
export interface MountRequest {
  /** Relative paths begin at the current directory. */
  image: Path;
  repo: Path;
  target: Path;
  /** Default `require`. */
  verity?: VerityMode;
  /** Where changes go, and an empty directory on the same file system: both or neither. Default: read-only. */
  upper?: Path;
  work?: Path;
}

/** One step. */
export interface MountStep {
  run: readonly Argument[];
  /** What to run where `run` fails. */
  otherwise?: readonly Argument[];
  /** What takes the step back. */
  undo: readonly Argument[];
}

/** The steps of a mount. @throws {ComposefsError} LINUX_MOUNT_PATH for a path that no option of mount(8) can hold */
export function mountPlan(request: MountRequest): MountStep[] {
  const { image, repo, target, verity = "require", upper, work } = request;
  const place = absolutePath(target);
  const undo = ["umount", place];
  const layers = [",lowerdir=", optionPath(target), "::", optionPath(joinPath(repo, OBJECTS))];
  const settings = `,metacopy=on,redirect_dir=on,verity=${verity}`;
  const isWritable = upper !== undefined && work !== undefined;
  const changes = isWritable ? [",upperdir=", optionPath(upper), ",workdir=", optionPath(work)] : [];
  const options = joined([isWritable ? "rw" : "ro", settings, ...layers, ...changes]);
  if (options.length > OPTIONS_MAX_BYTES) {
    const found = `${options.length} bytes of options, at most ${OPTIONS_MAX_BYTES}`;
    throw new ComposefsError("LINUX_MOUNT_PATH", `cannot mount ${showPath(target)}: the paths are too long: ${found}`, {
      actual: options.length,
      limit: OPTIONS_MAX_BYTES,
    });
  }
  const erofs = (flags: string) => ["mount", "-t", "erofs", "-o", flags, absolutePath(image), place];
  return [
    { run: erofs("ro"), otherwise: erofs("ro,loop"), undo },
    { run: [...MOUNT2, "mount", "-t", "overlay", "-o", options, "composefs", place], undo },
  ];
}

/** The plan as the lines of a shell script, which stops where a step fails and takes back what was done. */
export function planScript(steps: readonly MountStep[]): Buffer {
  const lines: Argument[] = [];
  steps.forEach(({ run, otherwise }, i) => {
    const undone = steps.slice(0, i).reverse();
    lines.push(shellCommand(run));
    if (otherwise !== undefined) lines.push(" || ", shellCommand(otherwise));
    if (undone.length > 0) {
      lines.push(" || {", ...undone.flatMap(({ undo }) => [" ", shellCommand(undo), ";"]), " exit 1; }");
    } else {
      lines.push(" || exit 1");
    }
    lines.push("\n");
  });
  return joined(lines);
}

/**
 * A path as overlay reads it in an option: colon, comma and backslash behind a backslash. mount(8) leaves them so, but
 * takes a quotation mark for its own.
 */
function optionPath(path: Path): Buffer {
  const text = absolutePath(path).toString("latin1");
  if (text.includes('"')) {
    const reason = "mount(8) cannot pass on a path with a quotation mark; use a link with another name";
    throw new ComposefsError("LINUX_MOUNT_PATH", `cannot mount ${showPath(path)}: ${reason}`, {
      path: Buffer.from(path as string).toString(),
    });
  }
  return Buffer.from(text.replace(/[\\:,]/g, "\\$&"), "latin1");
}

function joined(parts: readonly Argument[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}
