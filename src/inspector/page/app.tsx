/**
 * The page: header, navigation and the view that the address names.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Input, Side } from "../protocol.ts";
import { type Dropped, droppedInputs, isCertificate } from "./model/dropped.ts";
import { HOME, type Route } from "./model/route.ts";
import { useTreeAddress } from "./model/tree-address.ts";
import { go, useRoute } from "./model/use-route.ts";
import { useSession, useSides } from "./model/use-session.ts";
import { Announcer } from "./parts/announcer.tsx";
import { Header } from "./parts/header.tsx";
import { Navigation, TITLES } from "./parts/navigation.tsx";
import { CompareView } from "./views/compare.tsx";
import { DocumentsView } from "./views/documents.tsx";
import { DownloadsView } from "./views/downloads.tsx";
import { FailedView } from "./views/failed.tsx";
import { FilesView } from "./views/files.tsx";
import { FindingsView } from "./views/findings.tsx";
import { OpeningView } from "./views/opening.tsx";
import { OverviewView } from "./views/overview.tsx";
import { SizesView } from "./views/sizes.tsx";
import { StartView } from "./views/start.tsx";
import { StructureView } from "./views/structure.tsx";

export function App() {
  const session = useSession();
  const sides = useSides();
  const route = useRoute();
  const isEmpty = sides.a.state === "empty" && sides.b.state === "empty";

  /** One input goes where there is room; two take both sides. */
  const openInputs = (inputs: Dropped) => {
    const certificates = inputs.flatMap((files) => (isCertificate(files) ? files.map(({ file }) => file) : []));
    const images = inputs.filter((files) => !isCertificate(files));
    if (certificates.length > 0) void session.check(route.side, certificates);
    const [first, second] = images.map((files): Input => ({ kind: "files", files }));
    if (first === undefined) return;
    if (second !== undefined) {
      void session.open("a", first);
      void session.open("b", second);
      go({ ...HOME, view: "compare" });
      return;
    }
    const side: Side = route.view === "compare" && session.sides.a.state === "open" ? "b" : route.side;
    void session.open(session.sides.a.state === "empty" ? "a" : side, first);
  };
  const openReference = (reference: string) => void session.open("a", { kind: "registry", reference });
  const isDragging = usePageDrop((inputs) => openInputs(inputs));
  useKeys();
  useTitle(route);
  useTreeAddress(route);

  return (
    <div class={isDragging ? "app dragging" : "app"}>
      <button type="button" class="skip" onClick={() => document.getElementById("view")?.focus()}>
        Skip to the content
      </button>
      <Header route={route} onInputs={openInputs} />
      {isEmpty ? (
        <StartView onInputs={openInputs} onReference={openReference} route={route} />
      ) : (
        <div class="frame">
          <Navigation route={route} />
          <main class="view" id="view" tabIndex={-1}>
            <View route={route} onInputs={openInputs} />
          </main>
        </div>
      )}
      <Announcer />
    </div>
  );
}

function View({ route, onInputs }: { route: Route; onInputs: (inputs: Dropped) => void }) {
  const session = useSession();
  const sides = useSides();
  const { a, b } = sides;
  if (
    route.view === "compare" &&
    a.state !== "opening" &&
    b.state !== "opening" &&
    a.state !== "failed" &&
    b.state !== "failed"
  ) {
    return <CompareView route={route} onInputs={onInputs} />;
  }
  const side =
    route.view === "compare"
      ? b.state === "empty"
        ? "a"
        : pending(sides)
      : sides[route.side].state === "empty"
        ? other(route.side)
        : route.side;
  const state = sides[side];
  switch (state.state) {
    case "opening":
      return (
        <div class="stack readable">
          {(["a", "b"] as const).map((one) => {
            const running = sides[one];
            return running.state === "opening" ? (
              <OpeningView
                key={one}
                name={running.name}
                progress={running.progress}
                onCancel={() => session.close(one)}
              />
            ) : null;
          })}
        </div>
      );
    case "failed":
      return <FailedView side={side} failed={state} />;
    case "open": {
      const { opened, turn, check } = state;
      const shown = { side, opened, turn, check };
      const props = { shown, route: { ...route, side } };
      switch (route.view) {
        case "files":
          return <FilesView {...props} />;
        case "sizes":
          return <SizesView {...props} />;
        case "findings":
          return <FindingsView {...props} />;
        case "structure":
          return <StructureView {...props} />;
        case "documents":
          return <DocumentsView {...props} />;
        case "downloads":
          return <DownloadsView {...props} />;
        default:
          return <OverviewView key={state.turn} {...props} />;
      }
    }
    default:
      return null;
  }
}

function other(side: Side): Side {
  return side === "a" ? "b" : "a";
}

/** The side that is not open yet. */
function pending({ a }: ReturnType<typeof useSides>): Side {
  return a.state === "open" ? "b" : "a";
}

/** The whole page takes files. @returns whether some are held over it */
function usePageDrop(onInputs: (inputs: Dropped) => void): boolean {
  const [isDragging, setDragging] = useState(false);
  const handler = useRef(onInputs);
  handler.current = onInputs;
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDragging(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setDragging(false);
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDragging(false);
      void droppedInputs(event.dataTransfer!).then((inputs) => handler.current(inputs));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return isDragging;
}

/** `/` leads to the filter of the view, if it has one. */
function useKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.matches("input, select, textarea")) return;
      const filter = document.getElementById("filter-path");
      if (filter === null) return;
      event.preventDefault();
      filter.focus();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function useTitle({ view }: Route): void {
  const { a } = useSides();
  const name = a.state === "open" ? `${a.opened.name} – ` : a.state === "empty" ? "" : `${a.name} – `;
  const title = a.state === "empty" ? "composefs inspector" : `${TITLES[view]} – ${name}composefs inspector`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
