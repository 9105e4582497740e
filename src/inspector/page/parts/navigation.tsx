/**
 * The views, each with its address.
 */

import { useLayoutEffect, useRef } from "preact/hooks";
import { countText } from "../model/format.ts";
import { type Route, routeHash, VIEWS, type ViewName } from "../model/route.ts";
import { useSides } from "../model/use-session.ts";

export const TITLES: Record<ViewName, string> = {
  overview: "Overview",
  files: "Files",
  sizes: "Sizes",
  compare: "Compare",
  findings: "Findings",
  structure: "Structure",
  documents: "Documents",
  downloads: "Downloads",
};

export function Navigation({ route }: { route: Route }) {
  const sides = useSides();
  const state = sides[route.side];
  const counts: Partial<Record<ViewName, number>> =
    state.state === "open" ? { files: state.opened.entries, documents: state.opened.documents.length } : {};
  const views = VIEWS.filter((view) => view !== "documents" || counts.documents !== 0);
  const nav = useRef<HTMLElement>(null);
  // In a narrow window the views are one row that scrolls, and the current one may be out of sight.
  useLayoutEffect(() => {
    const link = nav.current!.querySelector<HTMLElement>("[aria-current]");
    if (link === null) return;
    nav.current!.scrollLeft = link.offsetLeft - (nav.current!.clientWidth - link.offsetWidth) / 2;
  }, [route.view, views.length]);
  return (
    <nav class="nav" aria-label="Views" ref={nav}>
      <ul>
        {views.map((view) => {
          const count = counts[view];
          return (
            <li key={view}>
              <a
                href={routeHash({ side: view === "compare" ? "a" : route.side, view, rest: "", query: {} })}
                aria-current={view === route.view ? "page" : undefined}
              >
                {TITLES[view]}
                {count !== undefined && <span class="badge-count">{countText(count)}</span>}
              </a>
            </li>
          );
        })}
      </ul>
      <p class="nav-note">Computed in this page. Nothing leaves your machine.</p>
    </nav>
  );
}
