/** How much work a walk may still do. */

import { ComposefsError } from "../error.ts";
import { lineError, type Place } from "./fault.ts";

export class StepBudget {
  readonly #limit: number;
  #left: number;

  /** @param limit steps of the whole walk */
  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Steps that were spent. */
  get spent(): number {
    return this.#limit - this.#left;
  }

  /**
   * @param place the rule that takes them, if it is one alone
   * @throws ComposefsError SELINUX_LIMIT when nothing is left
   */
  spend(steps: number, place?: Place): void {
    this.#left -= steps;
    if (this.#left >= 0) return;
    const limit = this.#limit;
    if (place !== undefined) {
      throw lineError("SELINUX_LIMIT", place, `with this rule the tree takes more than ${limit} steps`, { limit });
    }
    const message = `file_contexts: with these rules the tree takes more than ${limit} steps`;
    throw new ComposefsError("SELINUX_LIMIT", message, { path: "file_contexts", limit });
  }
}
