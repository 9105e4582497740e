/** Stands between a registry that tells of pushes and those who hear: loses what it is told, tells it twice, in another order. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface EventRelay {
  url: string;
  /** `http://HOST:PORT` of those who hear. */
  origins: string[];
  /** Events that came, and that were lost. */
  heard: number;
  lost: number;
  close(): void;
}

/** Starts a relay. @param random see generator() */
export async function startRelay(random: (below: number) => number): Promise<EventRelay> {
  const held: Array<() => void> = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.end();
      relay.heard++;
      const copies = random(3);
      if (copies === 0) relay.lost++;
      const { authorization = "" } = request.headers;
      const tell = () => {
        for (const origin of relay.origins) {
          // Whoever hears may be gone by now.
          fetch(`${origin}/events`, { method: "POST", headers: { authorization }, body: Buffer.concat(chunks) }).catch(
            () => {},
          );
        }
      };
      for (let copy = 0; copy < copies; copy++) held.splice(random(held.length + 1), 0, tell);
      if (held.length > 8) held.shift()!();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const relay: EventRelay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    ...{ origins: [], heard: 0, lost: 0 },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return relay;
}
