/**
 * The screen before anything is open: what this is, and how an image gets in.
 */

import { useRef, useState } from "preact/hooks";
import { type Dropped, pickedInputs } from "../model/dropped.ts";
import type { Route } from "../model/route.ts";
import { readable } from "../model/text.ts";
import { Icon } from "../parts/icon.tsx";

interface StartProps {
  /** The address that the page was opened with. */
  route: Route;
  /** Files that a person picked. */
  onInputs: (inputs: Dropped) => void;
  onReference: (reference: string) => void;
}

export function StartView({ route, onInputs, onReference }: StartProps) {
  return (
    <main class="start" id="view" tabIndex={-1}>
      <div class="start-box">
        <h1>Look inside a sealed image</h1>
        <p class="start-lead">
          Drop a container image and see whether it is what it was sealed to be: its composefs digests, its files, and
          which layer wrote them. Everything is computed in this page, and nothing leaves your machine.
        </p>
        {hasPlace(route) && (
          <p class="start-place" role="note">
            This address leads to <b class="long">{placeText(route)}</b>. An address does not hold an image: open the
            one that it was made with, and you are there.
          </p>
        )}
        <DropZone onInputs={onInputs} title="Drop one image, or two to compare them" />
        <ReferenceForm onReference={onReference} />
        <dl class="start-kinds">
          <div>
            <dt>Container images</dt>
            <dd>OCI archives and layout folders, docker-save archives, single layers: plain, gzip or zstd</dd>
          </div>
          <div>
            <dt>Composefs</dt>
            <dd>EROFS images of every format, and dumpfiles</dd>
          </div>
          <div>
            <dt>Any size</dt>
            <dd>Files are read in pieces: a 2 GB archive does not take 2 GB of memory</dd>
          </div>
        </dl>
      </div>
    </main>
  );
}

/** Whether the address is more than that of the page. */
function hasPlace({ view, rest }: Route): boolean {
  return view !== "overview" || rest !== "";
}

function placeText({ view, rest }: Route): string {
  if (view === "files" || view === "sizes") return `/${readable(rest)} in the view ${view}`;
  return rest === "" ? `the view ${view}` : `${readable(rest)} in the view ${view}`;
}

/** Where files are dropped, with buttons that pick them. The whole page takes a drop; this says so. */
export function DropZone({
  onInputs,
  title,
  isSmall = false,
}: Pick<StartProps, "onInputs"> & { title: string; isSmall?: boolean }) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement, isFolder: boolean) => {
    const inputs = pickedInputs(input.files!, isFolder);
    // So that the same file can be picked again.
    input.value = "";
    if (inputs.length > 0) onInputs(inputs);
  };
  return (
    <div class={isSmall ? "drop small" : "drop"}>
      <Icon name="open" size={isSmall ? 20 : 28} />
      <p class="drop-title">{title}</p>
      <div class="buttons">
        <button type="button" class="button primary" onClick={() => files.current!.click()}>
          Choose files
        </button>
        <button type="button" class="button" onClick={() => folder.current!.click()}>
          Choose a folder
        </button>
      </div>
      <input
        class="visually-hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        ref={files}
        onChange={(event) => take(event.currentTarget, false)}
      />
      <input
        class="visually-hidden"
        type="file"
        tabIndex={-1}
        aria-hidden="true"
        ref={folder}
        onChange={(event) => take(event.currentTarget, true)}
        {...{ webkitdirectory: true }}
      />
    </div>
  );
}

function ReferenceForm({ onReference }: Pick<StartProps, "onReference">) {
  const [text, setText] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() !== "") onReference(text.trim().replace(/^docker:\/\//, ""));
  };
  return (
    <form class="reference" onSubmit={submit}>
      <label for="reference">Or read it from a registry</label>
      <input
        class="field mono"
        id="reference"
        value={text}
        placeholder="ghcr.io/org/app:latest"
        autocapitalize="off"
        autocomplete="off"
        spellcheck={false}
        aria-describedby="reference-note"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button" disabled={text.trim() === ""}>
        Read
      </button>
      <p id="reference-note">
        This is the one thing that uses the network, and only when you press the button. Most registries do not let
        pages of other sites read them (CORS); then save the image to a file and drop that.
      </p>
    </form>
  );
}
