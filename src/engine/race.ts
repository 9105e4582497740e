/**
 * Which hash is faster here: the engine's, or the one that the host brings (node:crypto)?
 *
 * It depends on the processor: with SHA extensions the host wins by far, without them the engine often does. So they
 * race on the work itself, once for each hash and thread: the digests are the same whoever computes them, hence
 * nothing is computed for the sake of measuring. The host goes first, since the engine's code is slow until V8 has
 * optimised it; short inputs never see more of the race than that.
 */

import { type BlockHasher, blockHasher, now } from "#platform";

/** Whether a job may use the host's hash: as the race says, never, or always. For tests and benchmarks. */
export type Accelerator = "auto" | "off" | "on";

/** Bytes that the host hashes before the engine gets its first turn: 4 MiB. Below it, warming up does not pay. */
const HEAD_START_BYTES = 1 << 22;
/** Turns that each gets; V8 needs several calls before it has optimised the engine's code. */
const TURNS = 12;

type Runner = "engine" | "host";

export class HashRace {
  #bytes = 0;
  #turns = { engine: 0, host: 0 };
  /** Best milliseconds for a byte so far. */
  #best = { engine: Number.POSITIVE_INFINITY, host: Number.POSITIVE_INFINITY };
  #winner: Runner | undefined;

  /** Who hashes the next piece. */
  next(): Runner {
    if (this.#winner !== undefined) return this.#winner;
    if (this.#bytes < HEAD_START_BYTES) return "host";
    return this.#turns.engine <= this.#turns.host ? "engine" : "host";
  }

  /** Tells how long `runner` took for `bytes`. */
  report(runner: Runner, bytes: number, milliseconds: number): void {
    if (this.#winner !== undefined) return;
    this.#bytes += bytes;
    if (this.#bytes <= HEAD_START_BYTES || bytes === 0) return;
    this.#turns[runner]++;
    this.#best[runner] = Math.min(this.#best[runner], milliseconds / bytes);
    if (this.#turns.engine >= TURNS && this.#turns.host >= TURNS) {
      this.#winner = this.#best.engine <= this.#best.host ? "engine" : "host";
    }
  }
}

const races = new Map<string, HashRace>();
let hasher: BlockHasher | undefined | null = null;

/** Chooses for one piece after the other, for one hash and one job. */
export class Chooser {
  readonly #race: HashRace;
  readonly #mode: Accelerator;
  #began = 0;
  #runner: Runner = "engine";

  constructor(hash: string, mode: Accelerator) {
    this.#mode = mode;
    let race = races.get(hash);
    if (race === undefined) {
      race = new HashRace();
      races.set(hash, race);
    }
    this.#race = race;
  }

  /** The host's hasher when the next piece is its turn, else undefined: the engine hashes. Starts the clock. */
  begin(): BlockHasher | undefined {
    if (this.#mode === "off") return undefined;
    if (hasher === null) hasher = blockHasher();
    if (hasher === undefined) return undefined;
    this.#runner = this.#mode === "on" ? "host" : this.#race.next();
    this.#began = now();
    return this.#runner === "host" ? hasher : undefined;
  }

  /** Stops the clock after a piece of `bytes`. */
  end(bytes: number): void {
    if (this.#mode === "auto" && hasher) this.#race.report(this.#runner, bytes, now() - this.#began);
  }
}
