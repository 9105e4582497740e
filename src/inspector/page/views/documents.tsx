/**
 * Manifest, config and what else an image says of itself, to be read, each value that leads somewhere a link.
 */

import type { Opened, Side } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { sizeText } from "../model/format.ts";
import { type Route, routeHash } from "../model/route.ts";
import type { Shown } from "../model/use-session.ts";
import { Command } from "../parts/command.tsx";
import { Digest } from "../parts/digest.tsx";
import { Empty } from "../parts/empty.tsx";
import { type Json, JsonView } from "../parts/json.tsx";

export function DocumentsView({ shown, route }: { shown: Shown; route: Route }) {
  const { opened, side } = shown;
  const { documents } = opened;
  const current = documents.find(({ id }) => id === route.rest) ?? documents[0];
  return (
    <div class="stack readable">
      <header class="view-head">
        <div>
          <h1>Documents</h1>
          <p>What the image says of itself, as it was hashed</p>
        </div>
        <Command text={commandText("digest", opened, ["--json"])} />
      </header>
      {current === undefined ? (
        <div class="card">
          <Empty icon="file" title="No documents">
            Only container images have a manifest and a config.
          </Empty>
        </div>
      ) : (
        <>
          <nav class="tabs" aria-label="Documents">
            {documents.map(({ id, title }) => (
              <a
                key={id}
                href={routeHash({ side, view: "documents", rest: id, query: {} })}
                aria-current={id === current.id ? "true" : undefined}
              >
                {title}
              </a>
            ))}
          </nav>
          <article class="card document" aria-label={current.title}>
            <dl class="facts document-facts">
              <dt>Digest</dt>
              <dd>
                <Digest value={current.digest} what={`the digest of the ${current.title.toLowerCase()}`} />
              </dd>
              <dt>Media type</dt>
              <dd>
                <code>{current.mediaType}</code>
              </dd>
              <dt>Size</dt>
              <dd>{sizeText(current.bytes)}</dd>
            </dl>
            <div class="document-body">
              <JsonView value={current.json as Json} linkOf={(value) => linkOf(value, opened, side)} />
            </div>
          </article>
        </>
      )}
    </div>
  );
}

/** Digests lead to documents, those of layers to the files that the layer wrote. */
function linkOf(value: string, { documents, layers }: Opened, side: Side): string | undefined {
  const document = documents.find(({ digest }) => digest === value);
  if (document !== undefined) return routeHash({ side, view: "documents", rest: document.id, query: {} });
  const layer = layers.find(({ digest, diffId }) => digest === value || diffId === value);
  if (layer === undefined) return undefined;
  return routeHash({ side, view: "files", rest: "", query: { layer: String(layer.layer) } });
}
