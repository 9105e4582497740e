/**
 * What can be taken along: the image, the dumpfile, the report.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Profile } from "../../../image/profile.ts";
import type { DownloadKind, Opened, RequestFailure } from "../../protocol.ts";
import { commandText, fileName, imageCommand, shellQuote } from "../model/command.ts";
import { failureOf, isAbort } from "../model/failure.ts";
import { sizeText } from "../model/format.ts";
import { type Shown, useSession } from "../model/use-session.ts";
import { announce } from "../parts/announcer.tsx";
import { Command } from "../parts/command.tsx";
import { Icon } from "../parts/icon.tsx";
import { FailureNotice } from "../parts/notice.tsx";

interface Offer {
  kind: DownloadKind;
  title: string;
  text: string;
  suffix: string;
  /** The command that writes the same file, where there is one. */
  command?: (opened: Opened, file: string, profile: Profile) => string;
}

const OFFERS: readonly Offer[] = [
  {
    kind: "image",
    title: "EROFS image",
    text: "The image whose fs-verity digest stands for the tree, byte for byte what mkcomposefs and composefs-rs write.",
    suffix: ".cfs",
    command: (opened, file, profile) => imageCommand(opened, file, profile),
  },
  {
    kind: "dump",
    title: "Canonical dumpfile",
    text: "The tree as text, one entry a line, in the one form that any two equal trees share.",
    suffix: ".dump",
    command: (opened, file) => `${commandText("dump", opened)} > ${shellQuote(file)}`,
  },
  {
    kind: "report",
    title: "Report",
    text: "What this page shows of the image, as JSON: digests, seals, layers, findings, structure.",
    suffix: ".json",
  },
];

export function DownloadsView({ shown }: { shown: Shown }) {
  const [profile, setProfile] = useState(shown.opened.profiles[0]!);
  return (
    <div class="stack readable">
      <header class="view-head">
        <div>
          <h1>Downloads</h1>
          <p>Made in this page, when you ask for it</p>
        </div>
      </header>
      <ul class="downloads">
        {OFFERS.map((offer) => (
          <DownloadCard key={offer.kind} offer={offer} shown={shown} profile={profile} onProfile={setProfile} />
        ))}
      </ul>
    </div>
  );
}

interface DownloadState {
  busy: boolean;
  failure?: RequestFailure;
  bytes?: number;
}

interface CardProps {
  offer: Offer;
  shown: Shown;
  profile: Profile;
  onProfile: (profile: Profile) => void;
}

function DownloadCard({ offer, shown, profile, onProfile }: CardProps) {
  const { api } = useSession();
  const { opened, side } = shown;
  const { kind, title, text, suffix, command } = offer;
  const abort = useRef<AbortController>(null);
  const [state, setState] = useState<DownloadState>({ busy: false });
  useEffect(() => () => abort.current?.abort(), []);
  const file = fileName(opened.name, suffix);
  const save = async () => {
    const control = new AbortController();
    abort.current = control;
    setState({ busy: true });
    try {
      const blob = await api.download(side, kind, profile, control.signal);
      offerFile(blob, file);
      setState({ busy: false, bytes: blob.size });
      announce(`${file} is ready, ${sizeText(blob.size)}`);
    } catch (error) {
      setState(isAbort(error) ? { busy: false } : { busy: false, failure: failureOf(error) });
    }
  };
  return (
    <li class="card download">
      <div class="download-body">
        <h2>{title}</h2>
        <p class="soft">{text}</p>
        {kind === "image" && (
          <label class="download-profile">
            <span>Profile</span>
            <select
              class="field mono"
              value={profile}
              onChange={(event) => onProfile(event.currentTarget.value as Profile)}
            >
              {opened.profiles.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        )}
        <div class="buttons">
          <button type="button" class="button primary" disabled={state.busy} onClick={() => void save()}>
            <Icon name="download" />
            {state.busy ? "Making it…" : "Download"}
          </button>
          {state.busy && (
            <button type="button" class="button" onClick={() => abort.current?.abort()}>
              Cancel
            </button>
          )}
        </div>
        <p class="soft long download-file">
          <code>{file}</code>
          {state.bytes !== undefined && `, ${sizeText(state.bytes)}`}
        </p>
        {state.failure !== undefined && (
          <FailureNotice what={`${title}: it could not be made.`} failure={state.failure} />
        )}
      </div>
      {command !== undefined && (
        <div class="card-foot">
          <Command text={command(opened, file, profile)} />
        </div>
      )}
    </li>
  );
}

function offerFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes its own hold of the Blob when the download begins.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
