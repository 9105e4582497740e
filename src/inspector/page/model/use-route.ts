/**
 * The address of the page, as a hook. Back and forward are those of the browser.
 */

import { useEffect, useState } from "preact/hooks";
import { parseRoute, type Route, routeHash } from "./route.ts";

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const look = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return route;
}

/** Goes to an address, with a way back. */
export function go(route: Route): void {
  const hash = routeHash(route);
  if (hash !== location.hash) location.hash = hash;
}

/** Changes the address in place: for what changes with every letter or key. */
export function replace(route: Route): void {
  const hash = routeHash(route);
  if (hash === location.hash) return;
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
