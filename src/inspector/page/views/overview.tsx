/**
 * The overview: the verdict, the digests, the layers.
 */

import { useState } from "preact/hooks";
import type { Profile } from "../../../image/profile.ts";
import type { LayerSummary } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { countOf, durationText, percentText, shortDigest, sizeText } from "../model/format.ts";
import { routeHash } from "../model/route.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Digest } from "../parts/digest.tsx";
import { FailureNotice } from "../parts/notice.tsx";
import { Size } from "../parts/size.tsx";
import { TreeChooser } from "./tree-chooser.tsx";
import { VerdictCard } from "./verdict.tsx";

export function OverviewView({ shown }: { shown: Shown }) {
  const { opened } = shown;
  return (
    <div class="stack overview">
      <header class="view-head">
        <div>
          <h1 class="long">{opened.name}</h1>
          <p>{factsLine(shown)}</p>
        </div>
      </header>
      <VerdictCard shown={shown} />
      <Digests shown={shown} />
      {opened.layers.length > 0 && <Layers shown={shown} />}
    </div>
  );
}

const KINDS: Record<string, string> = {
  oci: "OCI layout",
  "oci-archive": "OCI archive",
  "docker-archive": "docker-save archive",
  tar: "Layer",
  registry: "From a registry",
  dump: "Dumpfile",
  erofs: "EROFS image",
};

function factsLine({ opened }: Shown): string {
  const { kind, format, reference, platform, entries, elapsedMs } = opened;
  const facts = [
    `${KINDS[kind] ?? kind}${format === null ? "" : ` of format ${format}`}`,
    reference,
    platform,
    countOf(entries, "entry", "entries"),
    `read in ${elapsedMs < 1000 ? "less than a second" : durationText(elapsedMs / 1000)}`,
  ];
  return facts.filter((fact) => fact !== null).join(" · ");
}

function Digests({ shown }: { shown: Shown }) {
  const { opened, side, turn } = shown;
  const [profiles, setProfiles] = useState<readonly Profile[]>(opened.profiles.slice(0, 1));
  const role = opened.view?.role ?? "merged";
  const key = `${turn} ${role} ${profiles.join()}`;
  const answer = useAnswer(profiles.length > 0 ? key : undefined, (api) => api.digests(side, profiles, role), true);
  const toggle = (profile: Profile) => {
    const wanted = profiles.includes(profile) ? profiles.filter((one) => one !== profile) : [...profiles, profile];
    setProfiles(opened.profiles.filter((one) => wanted.includes(one)));
  };
  return (
    <section class="card" aria-labelledby="digests">
      <div class="card-head">
        <h2 id="digests">Digests</h2>
        <TreeChooser shown={shown} />
      </div>
      <div class="card-body stack">
        <p class="soft">
          {opened.kind === "erofs"
            ? "fs-verity digests of this file, and of the images that its tree makes in other profiles"
            : `fs-verity digests of the EROFS image of this tree: ${opened.made}`}
        </p>
        <fieldset class="choices">
          <legend class="visually-hidden">Profiles</legend>
          {opened.profiles.map((one) => (
            <label key={one}>
              <input type="checkbox" checked={profiles.includes(one)} onChange={() => toggle(one)} />
              <code>{one}</code>
            </label>
          ))}
        </fieldset>
        {answer.state === "failed" && (
          <FailureNotice what="These digests could not be computed." failure={answer.failure} />
        )}
        {answer.state === "waiting" && profiles.length > 0 && <Busy text="Computing" />}
        {profiles.length === 0 && <p class="soft">Choose a profile to see its digest.</p>}
        {answer.state === "ready" && profiles.length > 0 && (
          <dl class="digests">
            {answer.value.map(({ profile, digest, bytes, isStored }) => (
              <div key={profile}>
                <dt>
                  <code>{profile}</code>
                  <span class="soft">{isStored ? "this file" : sizeText(bytes)}</span>
                </dt>
                <dd>
                  <Digest value={digest} what={`the ${profile} digest`} />
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      <div class="card-foot">
        <Command
          text={commandText(
            "digest",
            opened,
            profiles.flatMap((one) => ["-p", one]),
          )}
        />
      </div>
    </section>
  );
}

function Layers({ shown }: { shown: Shown }) {
  const { layers } = shown.opened;
  const [tarBytes, wastedBytes] = [sum(layers, "tarBytes"), sum(layers, "wastedBytes")];
  const largest = Math.max(...layers.map((layer) => layer.tarBytes), 1);
  return (
    <section class="card" aria-labelledby="layers">
      <div class="card-head">
        <h2 id="layers">Layers</h2>
        <p class="soft">
          {countOf(layers.length, "layer")}, {sizeText(tarBytes)}
          {wastedBytes > 0 &&
            `, ${sizeText(wastedBytes)} wasted (${percentText(wastedBytes, sum(layers, "contentBytes"))} of contents)`}
        </p>
      </div>
      <div class="table-scroll">
        <table class="table layers">
          <thead>
            <tr>
              <th scope="col" class="number">
                #
              </th>
              <th scope="col">Made by</th>
              <th scope="col" class="number">
                Stored
              </th>
              <th scope="col" class="number">
                Unpacked
              </th>
              <th scope="col" class="number">
                Entries
              </th>
              <th scope="col" class="number">
                Wasted
              </th>
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => (
              <LayerRow key={layer.layer} layer={layer} largest={largest} shown={shown} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.opened.kind !== "tar" && <LayerDigests shown={shown} />}
    </section>
  );
}

/** The digests of each layer alone, which take a tree each: when somebody wants them. */
function LayerDigests({ shown }: { shown: Shown }) {
  const { side, turn, opened } = shown;
  const [isWanted, setWanted] = useState(false);
  const answer = useAnswer(isWanted ? String(turn) : undefined, (api) => api.layerDigests(side));
  return (
    <details class="layer-digests" onToggle={(event) => setWanted(event.currentTarget.open)}>
      <summary>Digests of each layer alone</summary>
      {answer.state === "waiting" && isWanted && <Busy text="Computing" />}
      {answer.state === "failed" && (
        <FailureNotice what="These digests could not be computed." failure={answer.failure} />
      )}
      {answer.state === "ready" && (
        <dl class="digests">
          {answer.value.map(({ layer, digests, none }) => (
            <div key={layer}>
              <dt>{`Layer ${layer}`}</dt>
              <dd>
                {none !== null && <span class="soft">{`None: ${none}`}</span>}
                {digests.map(({ profile, digest }) => (
                  <div key={profile} class="layer-digest">
                    <code class="soft">{profile}</code>
                    <Digest value={digest} what={`the ${profile} digest of layer ${layer}`} />
                  </div>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <Command text={commandText("digest", opened, ["--layers"])} />
    </details>
  );
}

function LayerRow({ layer, largest, shown }: { layer: LayerSummary; largest: number; shown: Shown }) {
  const { side } = shown;
  const number = String(layer.layer);
  const href = routeHash({ side, view: "files", rest: "", query: { layer: number } });
  return (
    <tr>
      <td class="number">{number}</td>
      <th scope="row">
        <a href={href} class="layer-step long">
          {layer.createdBy ?? (layer.diffId === null ? `Layer ${number}` : shortDigest(layer.diffId))}
        </a>
        {layer.createdBy !== null && layer.diffId !== null && (
          <code class="soft layer-id">{shortDigest(layer.diffId)}</code>
        )}
        <div class="bar" aria-hidden="true">
          <div style={{ width: `${(100 * layer.tarBytes) / largest}%` }} />
        </div>
      </th>
      <td class="number">{<Size bytes={layer.storedBytes} />}</td>
      <td class="number">
        <Size bytes={layer.tarBytes} />
      </td>
      <td class="number">{layer.entries.toLocaleString("en-US")}</td>
      <td class="number">
        {layer.wastedBytes === 0 ? (
          <span class="soft">–</span>
        ) : (
          <a href={routeHash({ side, view: "sizes", rest: "", query: { wasted: number } })}>
            <Size bytes={layer.wastedBytes} />
          </a>
        )}
      </td>
    </tr>
  );
}

function sum(layers: readonly LayerSummary[], field: "tarBytes" | "wastedBytes" | "contentBytes"): number {
  return layers.reduce((total, layer) => total + layer[field], 0);
}
