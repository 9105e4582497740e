/**
 * One structure of the image: its bytes, and its fields, each of which marks its bytes when it is chosen.
 */

import { useState } from "preact/hooks";
import type { JsonField } from "../../../explain/walk-json.ts";
import type { Profile } from "../../../image/profile.ts";
import type { StructureDetails as Structure } from "../../protocol.ts";
import { walkCommand } from "../model/command.ts";
import { countText, hexText, sizeText } from "../model/format.ts";
import { fileHash } from "../model/route.ts";
import { readable } from "../model/text.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Command } from "../parts/command.tsx";
import { HexView } from "../parts/hex.tsx";

/** Bytes of a structure that are shown; the longest that mean something have some 260 KiB. */
const HEX_BYTES_MAX = 1 << 20;

interface StructureProps {
  structure: Structure;
  /** Of the image that it is in. */
  profile: Profile;
  shown: Shown;
  hrefOf: (offset: number) => string;
}

export function StructureDetails({ structure, profile, shown, hrefOf }: StructureProps) {
  const { kind, offset, bytes, path, fields } = structure;
  const { side, turn, opened } = shown;
  const data = useAnswer(`${turn} ${offset}`, (api) => api.bytes(side, offset, Math.min(bytes, HEX_BYTES_MAX)));
  const [marked, setMarked] = useState<JsonField>();
  return (
    <>
      <header class="entry-head">
        <p class="soft mono">{`${hexText(offset)} – ${hexText(offset + bytes - 1)}`}</p>
        <h2>{kind}</h2>
        <p class="soft long">
          {sizeText(bytes)}
          {path !== null && (
            <>
              {" of "}
              <a href={fileHash(shown.side, path)}>{readable(path)}</a>
            </>
          )}
        </p>
      </header>
      <div class="entry-part">
        {data.state === "ready" && (
          <HexView
            bytes={data.value}
            offset={offset}
            mark={marked && { from: marked.offset, length: marked.bytes }}
            label={`Bytes of the ${kind}`}
          />
        )}
        {bytes > HEX_BYTES_MAX && <p class="soft">{`The first ${sizeText(HEX_BYTES_MAX)} of ${sizeText(bytes)}`}</p>}
      </div>
      <div class="table-scroll">
        <table class="table fields">
          <thead>
            <tr>
              <th scope="col" class="number">
                Offset
              </th>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <FieldRow
                key={field.offset}
                field={field}
                isMarked={field === marked}
                onMark={() => setMarked(field === marked ? undefined : field)}
                hrefOf={hrefOf}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div class="entry-part">
        <Command text={walkCommand(opened, profile, structure)} />
      </div>
    </>
  );
}

interface FieldProps {
  field: JsonField;
  isMarked: boolean;
  onMark: () => void;
  hrefOf: (offset: number) => string;
}

/** Choosing a field marks its bytes. */
function FieldRow({ field, isMarked, onMark, hrefOf }: FieldProps) {
  return (
    <tr class={isMarked ? "marked" : ""}>
      <td class="number mono soft">{`+${field.offset}`}</td>
      <th scope="row">
        <button type="button" class="link-button mono long" aria-pressed={isMarked} onClick={onMark}>
          {field.name}
        </button>
      </th>
      <td class="long">
        <FieldValue field={field} hrefOf={hrefOf} />
      </td>
    </tr>
  );
}

function FieldValue({ field, hrefOf }: Pick<FieldProps, "field" | "hrefOf">) {
  const { value, data, nid, type, entry, key, target, used } = field;
  if (entry !== undefined) {
    return (
      <>
        <code>{readable(entry)}</code> <span class="soft">{type}</span>
        {", "}
        <a href={hrefOf(Number(nid) * 32)}>{`nid ${nid}`}</a>
      </>
    );
  }
  if (key !== undefined) {
    return (
      <>
        <code>{readable(key)}</code> <code class="soft">{readable(data ?? "")}</code>
        {target !== undefined && <a href={hrefOf(target)}> shared at {hexText(target)}</a>}
      </>
    );
  }
  if (data !== undefined) {
    return /^(\\x00)+$/.test(data) ? <span class="soft">all zero</span> : <code>{readable(data)}</code>;
  }
  if (used !== undefined)
    return <span class="soft">{used === 0 ? "all zero" : `${countText(used)} bytes are not zero`}</span>;
  return (
    <>
      <code>{String(value)}</code> <span class="soft">{meaningOf(field)}</span>
    </>
  );
}

/** What a number means, without itself; numbers beyond a digit that mean nothing else are also shown in hex. */
function meaningOf({ value, meaning = "", bytes }: JsonField): string {
  if (meaning !== "") return meaning === String(value) ? "" : meaning.replace(`${value}, `, "");
  return typeof value === "number" && value > 9 ? hexText(value, 2 * bytes) : "";
}
