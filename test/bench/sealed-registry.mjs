/**
 * A registry that has one repository of images which are all sealed, made up as they are asked for. Prints its port and then,
 * for each line on its standard input, how many requests there were.
 *
 *     node test/bench/sealed-registry.mjs COUNT
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const PAGE = 1000;
const sha256 = (text) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** The manifest of image `i`. */
export function manifestOf(i) {
  const part = (kind) => ({ digest: sha256(`${kind} ${i}`), size: 1000 + i });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...part("config") },
    layers: [0, 1, 2].map((n) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...part(`layer ${n}`) })),
  });
}

/** The digest of image `i`, and that of its artifact. */
export function subjectOf(i) {
  return { subject: sha256(manifestOf(i)), artifact: sha256(`artifact ${i}`) };
}

if (process.argv[1] === import.meta.filename) {
  const count = Number(process.argv[2]);
  const bySubject = new Map(Array.from({ length: count }, (_, i) => [subjectOf(i).subject, i]));
  let requests = 0;

  const answers = [
    [/^\/v2\/$/, () => ["{}", "application/json"]],
    [
      /^\/v2\/app\/tags\/list(?:\?(.*))?$/,
      ([, query]) => {
        const last = new URLSearchParams(query).get("last");
        const from = last === null ? 0 : Number(last.slice(1)) + 1;
        const tags = Array.from({ length: Math.min(PAGE, count - from) }, (_, i) => `v${from + i}`);
        const link =
          from + tags.length < count ? `</v2/app/tags/list?n=${PAGE}&last=${tags.at(-1)}>; rel="next"` : null;
        return [JSON.stringify({ name: "app", tags }), "application/json", link === null ? {} : { Link: link }];
      },
    ],
    [/^\/v2\/app\/manifests\/v(\d+)$/, ([, i]) => [manifestOf(Number(i)), MANIFEST]],
    [/^\/v2\/app\/manifests\/(sha256:.*)$/, ([, digest]) => [manifestOf(bySubject.get(digest)), MANIFEST]],
    [
      /^\/v2\/app\/referrers\/(sha256:[0-9a-f]{64})/,
      ([, digest]) => {
        const { artifact } = subjectOf(bySubject.get(digest));
        const artifactType = "application/vnd.composefs.metadata.v1";
        const manifests = [{ mediaType: MANIFEST, digest: artifact, size: 900, artifactType }];
        return [JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }), INDEX];
      },
    ],
  ];

  const server = createServer((request, response) => {
    requests++;
    for (const [pattern, answer] of answers) {
      const match = pattern.exec(request.url);
      if (match === null) continue;
      const [body, type, headers = {}] = answer(match);
      response.writeHead(200, { "Content-Type": type, "Docker-Content-Digest": sha256(body), ...headers });
      response.end(request.method === "HEAD" ? undefined : body);
      return;
    }
    response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  createInterface(process.stdin)
    .on("line", () => console.log(requests))
    .on("close", () => process.exit());
}
