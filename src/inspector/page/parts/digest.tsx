/**
 * A digest: whole, in groups that can be compared by eye, with a button that copies it without them.
 */

import { CopyButton } from "./copy.tsx";

const GROUP_DIGITS = 8;

/** @param value hex, with or without a prefix such as `sha256:` @param what it is of, for the label of the button */
export function Digest({ value, what }: { value: string; what: string }) {
  const colon = value.indexOf(":") + 1;
  const groups = value.slice(colon).match(new RegExp(`.{1,${GROUP_DIGITS}}`, "g")) ?? [];
  return (
    <span class="digest">
      <code>
        {colon > 0 && <span class="digest-prefix">{value.slice(0, colon)}</span>}
        {groups.map((group, i) => (
          <span key={i}>
            {group}
            <wbr />
          </span>
        ))}
      </code>
      <CopyButton text={value} what={what} />
    </span>
  );
}
