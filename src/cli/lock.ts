/**
 * `composefs lock INPUT...`: writes the digests of inputs into a lock file, which `composefs check` holds them against.
 * Inputs that the file has are computed anew, those that are not named stay as they are. It prints a line for each digest:
 *
 *   oci:layout:web  v1-sha512-12:d06f…
 *
 * `--json` prints the lock file.
 */

import { dirname } from "node:path";
import type { Profile } from "../image/profile.ts";
import { parseProfile } from "../image/profile.ts";
import { ROLES } from "../image/view.ts";
import type { DigestRole } from "../lock/digest-line.ts";
import { formatLockfile, type LockedInput, withInputs } from "../lock/lockfile.ts";
import { nameOf } from "../lock/report-words.ts";
import { quote } from "../source/files.node.ts";
import { EXIT_OK, nameError, usageError } from "./common.ts";
import { checkInputOptions, type InputOptions } from "./input.ts";
import { findLockfile, writeLockfile } from "./lock-file.ts";
import { digestInput, type WantedDigests } from "./lock-input.ts";
import { rebaseOperand } from "./lock-operand.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { revisionOf, transformOf } from "./view.ts";

export interface LockCommandOptions extends Omit<InputOptions, "platform" | "role"> {
  output: string;
  /** Each names one profile, or several with commas between them. */
  profile?: string[];
  platform?: string[];
  role?: string[];
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, LOCK_*, and all that reading gives */
export async function run(operands: readonly string[], options: LockCommandOptions): Promise<number> {
  const wanted = wantedDigests(options);
  const folder = dirname(options.output);
  // A lock file that cannot be read is refused before the work.
  findLockfile(options.output);
  const progress = startProgress(options.progress);
  try {
    const inputs: LockedInput[] = [];
    for (const operand of operands) {
      const input = rebaseOperand(operand, ".", folder);
      for (const platform of options.platform ?? [null]) {
        const found = await digestInput(operand, { ...wanted, platform }, options, progress).catch((error) => {
          throw operands.length > 1 ? nameError(error, operand) : error;
        });
        inputs.push({ input, platform, ...found });
      }
    }
    // Another one may have been written meanwhile, by a build that locks several inputs at a time.
    const before = findLockfile(options.output)?.lockfile ?? { schema: null, inputs: [] };
    const lockfile = withInputs(before, inputs);
    await writeLockfile(options.output, lockfile);
    progress.clear();
    const lines = inputs.flatMap((one) =>
      one.digests.map(({ label, digest }) => `${nameOf(one)}  ${label}:${digest}\n`),
    );
    print(options.json ? formatLockfile(lockfile) : lines.join(""));
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

/** @throws {ComposefsError} USAGE, PROFILE_NAME */
function wantedDigests({ profile, platform, role, ...rest }: LockCommandOptions): WantedDigests {
  const profiles = profile?.flatMap((names) => names.split(","));
  profiles?.forEach(parseProfile);
  const roles = readRoles(role);
  const isBootable = roles.includes("bootable");
  const isLayer = roles.every((one) => one === "layer");
  // What goes with several roles goes with all of them.
  const one = isBootable ? "all" : isLayer ? "layer" : "merged";
  for (const name of platform ?? [undefined]) {
    checkInputOptions({ ...rest, role: one, ...(name !== undefined && { platform: name }) }, true);
  }
  const containerOptions = [platform, role, rest.xattrs, rest.transformRevision];
  return {
    platform: null,
    profiles: profiles as Profile[] | undefined,
    roles,
    hasContainerOptions: containerOptions.some((value) => value !== undefined),
    made: { xattrs: transformOf(rest), transformRevision: isBootable ? revisionOf(rest) : null },
    isWithoutXattrs: rest.xattrs === false,
  };
}

/** @throws {ComposefsError} USAGE */
function readRoles(names: readonly string[] | undefined): DigestRole[] {
  const roles = (names ?? ["merged"])
    .flatMap((name) => name.split(","))
    .flatMap((name) => (name === "all" ? ROLES : name));
  const unknown = roles.find((name) => !(ROLES as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw usageError(`--role: expected ${ROLES.join(" or ")} or all, got ${quote(unknown)}`);
  }
  return [...new Set(roles)].map((name) => (name === "merged" ? "tree" : (name as DigestRole)));
}
