/**
 * Starts the page.
 */

import { render } from "preact";
import { connectInspector } from "../client.ts";
import { servedInput } from "../served.ts";
import { App } from "./app.tsx";
import { Session } from "./model/session.ts";
import { SessionContext } from "./model/use-session.ts";

const session = new Session(connectInspector());
const served = servedInput(location.href);
if (served !== null) void session.open("a", served);

render(
  <SessionContext.Provider value={session}>
    <App />
  </SessionContext.Provider>,
  document.getElementById("app")!,
);
