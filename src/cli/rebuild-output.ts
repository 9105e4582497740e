/**
 * What a build makes: the operand that names it, its digests and its tree.
 */

import { lstatSync } from "node:fs";
import { isAbsolute, join, normalize, sep } from "node:path";
import { acquireEngine, releaseEngine } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { CONTAINER_PROFILE, hashesOf } from "../image/container-digests.ts";
import type { Unseen } from "../image/layers.ts";
import type { Profile } from "../image/profile.ts";
import type { Tree } from "../image/tree.ts";
import { DOCKER_PREFIX, parseOperand } from "../source/operand.node.ts";
import { quote } from "../source/quote.ts";
import { openInput } from "../source/resolve.node.ts";
import { usageError } from "./common.ts";
import { digestGiven } from "./digest-given.ts";
import { type InputOptions, openLayers, readInput, requireContainer } from "./input.ts";
import type { ProgressLine } from "./progress.ts";
import { viewOf } from "./view.ts";

/** What a build made, with its tree in an engine. */
export interface BuiltImage {
  digests: Array<{ label: Profile; digest: string }>;
  tree: Tree;
  /** What of a directory was not seen. */
  unseen: readonly Unseen[];
  /** Gives the engine back. */
  release(): void;
}

/** What builds make: `--output`. */
export class BuildOutput {
  readonly #text: string;
  readonly #prefix: string;
  readonly #rest: string;

  /**
   * @param text an operand of a command, relative to the directory that is built in
   * @throws {ComposefsError} USAGE for what is not in it
   */
  constructor(text: string) {
    const [, prefix = "", rest] = /^((?:oci|oci-archive|docker-archive|tar|dir|dump|erofs):)?(.*)$/s.exec(text)!;
    this.#text = text;
    this.#prefix = prefix;
    this.#rest = rest!;
    const isOutside = isAbsolute(rest!) || normalize(rest!).split(sep)[0] === "..";
    if (rest === "" || rest === "-" || text.startsWith(DOCKER_PREFIX) || isOutside) {
      throw usageError(`--output: expected a path below the directory that is built in, got ${quote(text)}`);
    }
  }

  /** The file or directory itself, after a build in `folder`. */
  pathIn(folder: string): string {
    const { path } = parseOperand(this.#operandIn(folder));
    return path!.replace(/^(?:dump|erofs):/, "");
  }

  /** What of it is there before a build: a file that has the same state after it was not made by it. */
  stateIn(folder: string): string | null {
    const stat = lstatSync(this.pathIn(folder), { bigint: true, throwIfNoEntry: false });
    return stat?.isFile() ? `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs}` : null;
  }

  /** @param before what `stateIn` gave before the build @throws {ComposefsError} REBUILD_OUTPUT */
  requireIn(folder: string, before: string | null): void {
    const isThere = lstatSync(this.pathIn(folder), { throwIfNoEntry: false }) !== undefined;
    if (isThere && (before === null || this.stateIn(folder) !== before)) return;
    const message = isThere ? "is in the source, and the build did not write it" : "was not made by the build";
    throw new ComposefsError("REBUILD_OUTPUT", `${quote(this.#text)} ${message}`);
  }

  /**
   * Reads it.
   *
   * @param profiles undefined: as `composefs digest` has them
   * @throws {ComposefsError} USAGE, and all that reading gives
   */
  async read(
    folder: string,
    profiles: readonly Profile[] | undefined,
    options: InputOptions,
    progress: ProgressLine,
  ): Promise<BuiltImage> {
    const source = openInput(this.#operandIn(folder));
    requireContainer([source], options);
    if (source.kind !== "container") {
      const { engine, tree } = await readInput(source, options, { progress });
      const digests = labelled(await digestGiven(tree, profiles, progress));
      return { digests, tree, unseen: [], release: () => releaseEngine(engine) };
    }
    const wanted = profiles ?? [CONTAINER_PROFILE];
    const hashes = hashesOf(wanted);
    let unseen: readonly Unseen[] = [];
    const onUnseen = (what: readonly Unseen[]) => {
      unseen = what;
    };
    const { image, trees, layers } = await openLayers(source, options, hashes, { progress, onUnseen });
    try {
      const view = viewOf(options, layers.length);
      const built = await Promise.all(
        hashes.map(async (hash) => {
          const engine = await acquireEngine();
          const tree = await trees.tree(engine, view, hash);
          const own = wanted.filter((profile) => hashesOf([profile])[0] === hash);
          return { engine, tree, digests: labelled(await digestGiven(tree, own, progress)) };
        }),
      );
      const [first, ...others] = built;
      for (const { engine } of others) releaseEngine(engine);
      const found = built.flatMap((one) => one.digests);
      const digests = [...new Set(wanted)].map((profile) => found.find(({ label }) => label === profile)!);
      return { digests, tree: first!.tree, unseen, release: () => releaseEngine(first!.engine) };
    } finally {
      await image.close();
    }
  }

  #operandIn(folder: string): string {
    return `${this.#prefix}${join(folder, this.#rest)}`;
  }
}

function labelled(rows: ReadonlyArray<{ profile: Profile; digest: string }>): BuiltImage["digests"] {
  return rows.map(({ profile, digest }) => ({ label: profile, digest }));
}
