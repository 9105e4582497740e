/**
 * `composefs mount IMAGE|DIGEST TARGET --repo DIR`: mounts an image with the objects of a repository, and prints nothing.
 * DIGEST is the name of an image in the repository, and what the image is held against before it is mounted; `--digest`
 * does that for an image given by its path. `--json` prints one object:
 *
 *   {"target": "/mnt", "image": "/repo/images/3f…", "repo": "/repo", "verity": "require",
 *    "digest": {"hash": "sha256", "digest": "3f…", "by": "measured"}}
 *
 * `by` is `measured` by the kernel, which holds the image against that digest from then on, or `computed`, which holds
 * for the moment; without a digest to hold it against, `digest` is null. `--print` prints the commands instead.
 *
 * `composefs mount --check TARGET` says what a mount enforces, and exits with 1 when content or image are not checked by
 * the kernel, or, with `--digest`, when the kernel has another digest for the image.
 *
 * `composefs umount TARGET` takes the mount away.
 *
 * Paths in JSON have the escapes of a dumpfile.
 */

import { existsSync } from "node:fs";
import type { HashName } from "../engine/slot.ts";
import { displayBytes, escapeBytes } from "../explain/display.ts";
import { checkImageDigest, type ExpectedDigest } from "../linux/image-digest.node.ts";
import { requirePlatform } from "../linux/libc.node.ts";
import { checkMount, type MountReport } from "../linux/mount-check.node.ts";
import { mountPlan, planScript, VERITY_MODES, type VerityMode } from "../linux/mount-plan.node.ts";
import { runPlan, unmount } from "../linux/mount-run.node.ts";
import { argumentBytes, joinPath, realPath } from "../linux/path.node.ts";
import { imagePath } from "../linux/repo-layout.ts";
import { shellCommand } from "../linux/shell.node.ts";
import { ioError, quote, writeAll } from "../source/files.node.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { print, printError } from "./text.ts";

export interface MountOptions {
  repo?: string;
  verity: string;
  upper?: string;
  work?: string;
  digest?: string;
  check?: boolean;
  print?: boolean;
  json?: boolean;
}

/** Digits of a digest by hash. */
const DIGITS: Record<HashName, number> = { sha256: 64, sha512: 128 };

/** Runs `mount`. @returns the exit code @throws {ComposefsError} USAGE, IO_*, LINUX_*, VERITY_*, ENGINE_* */
export async function run(operand: string, target: string | undefined, options: MountOptions): Promise<number> {
  const wanted = options.digest === undefined ? undefined : parseDigest(options.digest);
  if (options.digest !== undefined && wanted === undefined) {
    throw usageError(`--digest: expected 64 or 128 hex digits, got ${quote(options.digest)}`);
  }
  if (options.check) {
    if (target !== undefined) throw usageError("--check: expected the mount point alone");
    return check(operand, wanted, options);
  }
  const { repo, verity, upper, work } = options;
  if (target === undefined) throw usageError("target: expected a directory to mount on");
  if (repo === undefined) throw usageError("--repo: expected the directory of the repository, which has the objects");
  if (!VERITY_MODES.includes(verity as VerityMode)) {
    throw usageError(`--verity: expected require, on or off, got ${quote(verity)}`);
  }
  if ((upper === undefined) !== (work === undefined)) throw usageError("--upper, --work: expected both or neither");
  const named = parseDigest(operand);
  if (named !== undefined && wanted !== undefined && named.digest !== wanted.digest) {
    throw usageError("--digest: expected the digest that is the name of the image, or none");
  }
  const expected = wanted ?? named;
  const repoPath = pathOf("--repo", repo);
  const request = {
    repo: repoPath,
    image: named === undefined ? pathOf("image", operand) : joinPath(repoPath, imagePath(named.digest)),
    target: pathOf("target", target),
    verity: verity as VerityMode,
    ...(upper === undefined || work === undefined
      ? {}
      : { upper: pathOf("--upper", upper), work: pathOf("--work", work) }),
  };
  const plan = mountPlan(request);
  if (options.print) {
    const script = [...(expected === undefined ? [] : [digestCommand(request.image, expected)]), planScript(plan)];
    printBytes(Buffer.concat(script));
    return EXIT_OK;
  }
  requirePlatform();
  if (named === undefined && !existsSync(request.image)) {
    const advice = "images of the repository are named by their digests, which `composefs store list` shows";
    throw ioError("IO_OPEN", operand, null, `No such file or directory; ${advice}`);
  }
  const by = expected === undefined ? null : checkImageDigest(request.image, expected, acceleratorFromEnvironment());
  await runPlan(plan);
  if (options.json) {
    const digest = by === null ? null : { hash: expected!.hash, digest: expected!.digest, by };
    const paths = {
      target: escapeBytes(request.target),
      image: escapeBytes(request.image),
      repo: escapeBytes(repoPath),
    };
    print(`${JSON.stringify({ ...paths, verity, digest })}\n`);
  } else if (by === "computed") {
    printError("note: the image has no fs-verity; it has the digest now, and nothing keeps it from being changed\n");
  }
  return EXIT_OK;
}

/** Runs `umount`. @returns the exit code @throws {ComposefsError} LINUX_*, IO_OPEN */
export async function runUnmount(target: string): Promise<number> {
  await unmount(pathOf("target", target));
  return EXIT_OK;
}

function check(target: string, wanted: ExpectedDigest | undefined, options: MountOptions): number {
  const report = checkMount(pathOf("target", target));
  const { imageVerity, verity } = report;
  const isWanted =
    wanted === undefined
      ? null
      : typeof imageVerity === "object" && imageVerity.hash === wanted.hash && imageVerity.digest === wanted.digest;
  if (options.json) print(`${JSON.stringify({ ...jsonOf(report), isWantedDigest: isWanted })}\n`);
  else
    print(
      textOf(report) + (isWanted === null ? "" : `digest: the image ${isWanted ? "has" : "is not known to have"} it\n`),
    );
  return verity === "require" && typeof imageVerity === "object" && isWanted !== false ? EXIT_OK : EXIT_NO;
}

function textOf(report: MountReport): string {
  const image = report.image === null ? "unknown" : displayBytes(report.image);
  const lines = [
    `mount:   ${displayBytes(report.target)}`,
    `image:   ${image}${report.isLoop ? " (loop device)" : ""}`,
    ...report.data.map((path) => `objects: ${displayBytes(path)}`),
    ...(report.upper === null ? [] : [`upper:   ${displayBytes(report.upper)}`]),
    `verity:  ${report.verity}`,
    ...section("enforced", report.enforced),
    ...section("not enforced", report.notEnforced),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function section(title: string, claims: readonly string[]): string[] {
  return claims.length === 0 ? [] : [`${title}:`, ...claims.map((claim) => `  ${claim}`)];
}

function jsonOf(report: MountReport) {
  const path = (bytes: Buffer | null) => (bytes === null ? null : escapeBytes(bytes));
  return {
    ...report,
    target: path(report.target),
    lower: report.lower.map(path),
    data: report.data.map(path),
    ...{ upper: path(report.upper), work: path(report.work), image: path(report.image) },
  };
}

function pathOf(name: string, operand: string): Buffer {
  if (operand === "") throw usageError(`${name}: expected a path, got an empty one`);
  return realPath(argumentBytes(operand));
}

/** 64 or 128 hex digits, also behind the name of a profile or of a hash; undefined for what is no digest. */
function parseDigest(text: string): ExpectedDigest | undefined {
  const [, , named, bits, hex] = /^(?:(v[012]-)?(sha256|sha512)(?:-(12|16))?:)?([0-9a-fA-F]+)$/.exec(text) ?? [];
  const hash = hex?.length === DIGITS.sha512 ? "sha512" : "sha256";
  if (hex?.length !== DIGITS[hash] || (named !== undefined && named !== hash)) return undefined;
  return { hash, blockBits: Number(bits ?? 12), digest: hex.toLowerCase() };
}

/** The line of a script that holds an image against its digest. */
function digestCommand(image: Uint8Array, { hash, blockBits, digest }: ExpectedDigest): Buffer {
  const blockSize = blockBits === 12 ? [] : ["--block-size", String(2 ** blockBits)];
  const command = shellCommand(["composefs", "verity", "digest", "--hash-alg", hash, ...blockSize, "--compact", "-"]);
  return Buffer.concat([
    command,
    Buffer.from(" < "),
    shellCommand([image]),
    Buffer.from(` | grep -qx ${digest} || exit 1\n`),
  ]);
}

/** Writes to standard output what may not be text. @throws {ComposefsError} IO_WRITE */
function printBytes(bytes: Uint8Array): void {
  try {
    writeAll(1, bytes);
  } catch (cause) {
    throw ioError("IO_WRITE", null, cause);
  }
}
