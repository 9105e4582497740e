/**
 * A JSON document to be read: indented, foldable, and with links where a value leads somewhere.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where a string leads: an address of the page, or undefined. */
export type LinkOf = (value: string) => string | undefined;

export function JsonView({ value, linkOf }: { value: Json; linkOf: LinkOf }) {
  return (
    <div class="json mono">
      <JsonNode value={value} linkOf={linkOf} isLast />
    </div>
  );
}

interface NodeProps {
  name?: string;
  value: Json;
  linkOf: LinkOf;
  isLast: boolean;
}

function JsonNode({ name, value, linkOf, isLast }: NodeProps) {
  const comma = isLast ? "" : ",";
  if (value === null || typeof value !== "object" || sizeOf(value) === 0) {
    return (
      <div class="json-line long">
        <Name name={name} />
        <Scalar value={value} linkOf={linkOf} />
        {comma}
      </div>
    );
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const rows: Array<[string | undefined, Json]> = Array.isArray(value)
    ? value.map((item) => [undefined, item])
    : Object.entries(value);
  return (
    <details class="json-node" open>
      <summary>
        <Name name={name} />
        {open}
        <span class="json-fold">{` ${rows.length} ${close}${comma}`}</span>
      </summary>
      <div class="json-body">
        {rows.map(([key, item], i) => (
          <JsonNode
            key={key ?? i}
            {...(key !== undefined && { name: key })}
            value={item}
            linkOf={linkOf}
            isLast={i === rows.length - 1}
          />
        ))}
      </div>
      <div class="json-line json-close">
        {close}
        {comma}
      </div>
    </details>
  );
}

function Name({ name }: { name: string | undefined }) {
  if (name === undefined) return null;
  return (
    <>
      <span class="json-key">{JSON.stringify(name)}</span>
      {": "}
    </>
  );
}

function Scalar({ value, linkOf }: { value: Json; linkOf: LinkOf }) {
  if (typeof value !== "string") {
    const text = JSON.stringify(value);
    return <span class={value === null || typeof value === "object" ? "soft" : "json-number"}>{text}</span>;
  }
  const href = linkOf(value);
  const text = JSON.stringify(value);
  return href === undefined ? <span class="json-string">{text}</span> : <a href={href}>{text}</a>;
}

function sizeOf(value: Json[] | { [key: string]: Json }): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
