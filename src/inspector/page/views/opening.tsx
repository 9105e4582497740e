/**
 * An input that is being read: each layer with its bar, the speed and the time that remains; and the way out.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { LayerProgress, OpenProgress } from "../../protocol.ts";
import { durationText, percentText, shortDigest, sizeText, speedText } from "../model/format.ts";
import { type Pace, PaceMeter } from "../model/pace.ts";

export function OpeningView({
  name,
  progress,
  onCancel,
}: {
  name: string;
  progress: OpenProgress;
  onCancel: () => void;
}) {
  const pace = usePace(progress);
  const { layers } = progress;
  const { doneBytes, totalBytes } = sumOf(layers);
  const remaining = pace?.remainingSeconds === undefined ? "" : `, ${durationText(pace.remainingSeconds)} left`;
  return (
    <section class="card opening" aria-labelledby="opening-title">
      <div class="card-head">
        <div class="opening-title">
          <h2 id="opening-title" class="long">
            {name}
          </h2>
          <p class="soft" role="status">
            {progress.phase}
          </p>
        </div>
        <button type="button" class="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
      <div class="card-body stack">
        <ProgressBar label="In all" doneBytes={doneBytes} totalBytes={totalBytes} />
        <p class="opening-pace number">
          {amountText(layers, doneBytes, totalBytes)}
          {pace !== undefined && layers.length > 0 && `, ${speedText(pace.bytesPerSecond)}`}
          {remaining}
        </p>
        {progress.layers.length > 1 && (
          <ol class="opening-layers" aria-label="Layers">
            {progress.layers.map((layer) => (
              <LayerRow key={layer.layer} row={layer} />
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

/** How much was read; of an input whose layers nobody knows yet, nothing. */
function amountText(layers: readonly LayerProgress[], doneBytes: number, totalBytes: number | null): string {
  if (layers.length === 0) return "";
  return totalBytes === null ? sizeText(doneBytes) : `${sizeText(doneBytes)} of ${sizeText(totalBytes)}`;
}

function LayerRow({ row }: { row: LayerProgress }) {
  const { layer, label, doneBytes, totalBytes, state } = row;
  const amount =
    state === "done" ? "done" : totalBytes === null ? sizeText(doneBytes) : percentText(doneBytes, totalBytes);
  return (
    <li>
      <span class="soft number">{layer}</span>
      <span class="opening-label mono">{label.startsWith("sha256:") ? shortDigest(label) : label}</span>
      <ProgressBar
        label={`Layer ${layer}`}
        doneBytes={state === "done" ? 1 : doneBytes}
        totalBytes={state === "done" ? 1 : totalBytes}
      />
      <span class="number">{state === "waiting" ? "waiting" : amount}</span>
    </li>
  );
}

function ProgressBar({
  label,
  doneBytes,
  totalBytes,
}: {
  label: string;
  doneBytes: number;
  totalBytes: number | null;
}) {
  const percent = totalBytes === null || totalBytes === 0 ? null : Math.min((100 * doneBytes) / totalBytes, 100);
  return (
    <div
      class="bar"
      role="progressbar"
      tabIndex={-1}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent !== null && { "aria-valuenow": Math.round(percent) })}
    >
      <div class={percent === null ? "unknown" : ""} style={{ width: `${percent ?? 30}%` }} />
    </div>
  );
}

function usePace(progress: OpenProgress): Pace | undefined {
  const meter = useRef<PaceMeter>(null);
  const [pace, setPace] = useState<Pace>();
  useEffect(() => {
    meter.current ??= new PaceMeter();
    const { doneBytes, totalBytes } = sumOf(progress.layers);
    meter.current.add(performance.now(), doneBytes);
    setPace(meter.current.pace(totalBytes));
  }, [progress]);
  return pace;
}

/** All layers together; the whole is known when each is. */
function sumOf(layers: readonly LayerProgress[]): { doneBytes: number; totalBytes: number | null } {
  let doneBytes = 0;
  let totalBytes: number | null = 0;
  for (const layer of layers) {
    doneBytes += layer.doneBytes;
    totalBytes = totalBytes === null || layer.totalBytes === null ? null : totalBytes + layer.totalBytes;
  }
  return { doneBytes, totalBytes };
}
