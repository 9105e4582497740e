/** Why an input is refused: the name of a STATUS_TAR_* or STATUS_LAYER_* number. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export function refuse(code: string): never {
  throw new Refusal(code);
}
