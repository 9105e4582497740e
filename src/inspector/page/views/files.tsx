/**
 * The files: a filter, the tree, and everything about the chosen entry.
 */

import { useRef, useState } from "preact/hooks";
import type { Filter, Opened } from "../../protocol.ts";
import { commandText, shellQuote } from "../model/command.ts";
import { countOf } from "../model/format.ts";
import type { Route } from "../model/route.ts";
import { go, replace } from "../model/use-route.ts";
import { type Shown, useSides } from "../model/use-session.ts";
import { Command } from "../parts/command.tsx";
import { FileTree } from "../parts/file-tree.tsx";
import { Icon } from "../parts/icon.tsx";
import { EntryPane } from "./entry.tsx";

const TYPES: ReadonlyArray<NonNullable<Filter["type"]>> = [
  "file",
  "directory",
  "symlink",
  "hardlink",
  "character device",
  "block device",
  "fifo",
  "socket",
  "whiteout",
];
/** Bytes, for people. */
const SIZES: ReadonlyArray<readonly [bytes: string, text: string]> = [
  ["", "any size"],
  ["65", "over 64 B: objects"],
  ["102400", "100 KiB and more"],
  ["1048576", "1 MiB and more"],
  ["10485760", "10 MiB and more"],
  ["104857600", "100 MiB and more"],
];

const STEP_MS = 100;

export function FilesView({ shown, route }: { shown: Shown; route: Route }) {
  const { opened } = shown;
  const filter = filterOf(route);
  const path = `/${route.rest}`;
  const [counts, setCounts] = useState({ rows: 0, matches: 0 });
  const isFiltered = Object.keys(route.query).length > 0;
  const timer = useRef(0);
  const choose = (next: string, isStep: boolean) => {
    clearTimeout(timer.current);
    const target = { ...route, rest: next.slice(1) };
    if (!isStep) go(target);
    // While a key is held down, only where it ends is an address.
    else timer.current = window.setTimeout(() => replace(target), STEP_MS);
  };
  return (
    <div class="files">
      <header class="view-head">
        <div>
          <h1>Files</h1>
          <p role="status">
            {isFiltered
              ? `${countOf(counts.matches, "entry fits", "entries fit")} of ${opened.entries.toLocaleString("en-US")}`
              : countOf(opened.entries, "entry", "entries")}
          </p>
        </div>
        <Command text={listCommand(opened, filter)} />
      </header>
      <FilterBar shown={shown} route={route} filter={filter} />
      <div class="files-panes">
        <div class="card files-tree">
          <FileTree shown={shown} filter={filter} selected={path} onSelect={choose} onCounts={setCounts} />
        </div>
        <EntryPane shown={shown} path={path} />
      </div>
    </div>
  );
}

/** A filter by path is one that a terminal has, too. */
function listCommand(opened: Opened, { path }: Filter): string {
  const list = commandText("ls -R", opened);
  return path === "" ? list : `${list} | grep -iF ${shellQuote(path)}`;
}

function filterOf({ query }: Route): Filter {
  return {
    path: query["path"] ?? "",
    type: TYPES.find((type) => type === query["type"]) ?? null,
    layer: numberOf(query["layer"]),
    minBytes: numberOf(query["size"]),
    maxBytes: null,
    changed: query["changed"] === "yes",
  };
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function FilterBar({ shown, route, filter }: { shown: Shown; route: Route; filter: Filter }) {
  const { opened } = shown;
  const sides = useSides();
  const hasBoth = sides.a.state === "open" && sides.b.state === "open";
  const timer = useRef(0);
  const [text, setText] = useState(filter.path);
  const [routed, setRouted] = useState(filter.path);
  // Back and forward change the address, and the field follows it.
  if (routed !== filter.path) {
    setRouted(filter.path);
    setText(filter.path);
  }
  const set = (key: string, value: string) => replace({ ...route, query: { ...route.query, [key]: value } });
  const type = (value: string) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      setRouted(value);
      set("path", value);
    }, 120);
  };
  return (
    <search class="filter">
      <div class="filter-path">
        <Icon name="search" />
        <input
          class="field"
          type="search"
          id="filter-path"
          aria-label="Path contains"
          placeholder="Path contains…"
          value={text}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => type(event.currentTarget.value)}
        />
        <kbd>/</kbd>
      </div>
      <Select label="Type" value={filter.type ?? ""} onChange={(value) => set("type", value)}>
        <option value="">any type</option>
        {TYPES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </Select>
      {opened.layers.length > 1 && (
        <Select label="Layer" value={String(filter.layer ?? "")} onChange={(value) => set("layer", value)}>
          <option value="">any layer</option>
          {opened.layers.map(({ layer }) => (
            <option key={layer} value={String(layer)}>{`layer ${layer}`}</option>
          ))}
        </Select>
      )}
      <Select label="Size" value={String(filter.minBytes ?? "")} onChange={(value) => set("size", value)}>
        {SIZES.map(([bytes, name]) => (
          <option key={bytes} value={bytes}>
            {name}
          </option>
        ))}
      </Select>
      {(hasBoth || opened.layers.length > 1) && (
        <label class="filter-check">
          <input
            type="checkbox"
            checked={filter.changed}
            onChange={(event) => set("changed", event.currentTarget.checked ? "yes" : "")}
          />
          {hasBoth ? "differs" : "changed by a layer"}
        </label>
      )}
      {Object.keys(route.query).length > 0 && (
        <button type="button" class="link-button" onClick={() => go({ ...route, query: {} })}>
          Clear
        </button>
      )}
    </search>
  );
}

function Select({
  label,
  value,
  onChange,
  children,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  children: preact.ComponentChildren;
}) {
  return (
    <select class="field" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {children}
    </select>
  );
}
