/**
 * A size, its unit apart so that columns align; the bytes are in its title.
 */

import { countText, sizeParts } from "../model/format.ts";

export function Size({ bytes }: { bytes: number }) {
  const { number, unit } = sizeParts(bytes);
  return (
    <span class="size" title={`${countText(bytes)} bytes`}>
      {number}
      <span class="unit">{`\u00a0${unit}`}</span>
    </span>
  );
}
