/**
 * Bytes in hex and as text, sixteen a row, with one part marked.
 */

import { useRef } from "preact/hooks";
import { useRows } from "./virtual.ts";

const ROW_BYTES = 16;
const ROW_PX = 22;

interface HexProps {
  bytes: Uint8Array;
  /** Of the first byte. */
  offset: number;
  /** Bytes that are marked, counted from the first one of `bytes`. */
  mark?: { from: number; length: number } | undefined;
  label: string;
}

export function HexView({ bytes, offset, mark, label }: HexProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const count = Math.ceil(bytes.length / ROW_BYTES);
  const { from, to, topPx, heightPx } = useRows(scroller, count, ROW_PX);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section class="hex mono" ref={scroller} aria-label={label} tabIndex={0}>
      <div style={{ height: `${heightPx}px` }}>
        <div style={{ transform: `translateY(${topPx}px)` }}>
          {Array.from({ length: to - from }, (_, i) => (
            <HexRow key={from + i} at={(from + i) * ROW_BYTES} bytes={bytes} offset={offset} mark={mark} />
          ))}
        </div>
      </div>
    </section>
  );
}

function HexRow({ at, bytes, offset, mark }: Omit<HexProps, "label"> & { at: number }) {
  const row = bytes.subarray(at, at + ROW_BYTES);
  const isMarked = (i: number) => mark !== undefined && at + i >= mark.from && at + i < mark.from + mark.length;
  return (
    <div class="hex-row">
      <span class="hex-offset">{(offset + at).toString(16).padStart(8, "0")}</span>
      <span class="hex-bytes">
        {runsOf(row.length, isMarked).map(({ from, to, marked }) => {
          const text = Array.from(row.subarray(from, to), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
          return marked ? (
            <span key={from}>
              <mark>{text}</mark>{" "}
            </span>
          ) : (
            <span key={from}>{`${text} `}</span>
          );
        })}
      </span>
      <span class="hex-text" aria-hidden="true">
        {runsOf(row.length, isMarked).map(({ from, to, marked }) => {
          const text = Array.from(row.subarray(from, to), charOf).join("");
          return marked ? <mark key={from}>{text}</mark> : <span key={from}>{text}</span>;
        })}
      </span>
    </div>
  );
}

/** Neighbours that are alike, so that a row is few elements. */
function runsOf(length: number, isMarked: (i: number) => boolean) {
  const runs: Array<{ from: number; to: number; marked: boolean }> = [];
  for (let i = 0; i < length; i++) {
    const marked = isMarked(i);
    const last = runs.at(-1);
    if (last?.marked === marked) last.to = i + 1;
    else runs.push({ from: i, to: i + 1, marked });
  }
  return runs;
}

function charOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}
