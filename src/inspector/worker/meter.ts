/**
 * How far reading is: what is told to the page, some ten times a second whatever happens in between.
 */

import type { LayerProgress, OpenProgress } from "../protocol.ts";

/** Milliseconds between two reports. */
const REPORT_MS = 100;

export class Meter {
  readonly #report: (progress: OpenProgress) => void;
  readonly #began = performance.now();
  #last = 0;
  #phase = "";
  #layers: LayerProgress[] = [];

  constructor(report: (progress: OpenProgress) => void) {
    this.#report = report;
  }

  /** Since it was made, in milliseconds. */
  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  /** Begins a phase, with all that there is to read in it. */
  begin(phase: string, layers: ReadonlyArray<Pick<LayerProgress, "layer" | "label" | "totalBytes">> = []): void {
    this.#phase = phase;
    this.#layers = layers.map((layer) => ({ ...layer, doneBytes: 0, state: "waiting" }));
    this.#tell();
  }

  /**
   * @param at position in `layers`, from 0
   * @param doneBytes as stored; null for what is known when all is done
   */
  update(at: number, doneBytes: number | null, state: LayerProgress["state"]): void {
    const layer = this.#layers[at];
    if (layer === undefined) return;
    layer.doneBytes = doneBytes ?? layer.totalBytes ?? layer.doneBytes;
    const isNews = layer.state !== state;
    layer.state = state;
    if (isNews || performance.now() - this.#last >= REPORT_MS) this.#tell();
  }

  #tell(): void {
    this.#last = performance.now();
    this.#report({
      phase: this.#phase,
      layers: this.#layers.map((layer) => ({ ...layer })),
      elapsedMs: this.elapsedMs,
    });
  }
}
