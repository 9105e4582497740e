/** Notifications, in the forms that registries document. */
import { expect, test } from "vitest";
import { readEvents } from "../../../src/service/events.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

test("Distribution: pushes of manifests, and nothing else", () => {
  const target = { mediaType: MANIFEST, digest: DIGEST, repository: "team/app", tag: "v1" };
  const event = (more: object, action = "push") => ({
    action,
    target: { ...target, ...more },
    request: { host: "r:5000" },
  });
  const events = [
    event({}),
    event({}, "pull"),
    event({ mediaType: "application/octet-stream" }),
    event({ tag: `sha256-${"ab".repeat(32)}` }),
    event({ repository: "../../etc" }),
    event({ digest: "sha512:00", tag: undefined }),
    null,
  ];
  expect(readEvents({ events })).toEqual([{ host: "r:5000", repository: "team/app", reference: DIGEST, tag: "v1" }]);
});

test("Harbor: its webhook and its CloudEvents", () => {
  const resources = [{ digest: DIGEST, tag: "v1", resource_url: "harbor.example/team/app:v1" }];
  const repository = { repo_full_name: "team/app" };
  const push = { host: "harbor.example", repository: "team/app", reference: DIGEST, tag: "v1" };
  expect(readEvents({ type: "PUSH_ARTIFACT", event_data: { resources, repository } })).toEqual([push]);
  const cloud = { specversion: "1.0", type: "harbor.artifact.pushed", data: { resources, repository } };
  expect(readEvents(cloud)).toEqual([push]);
  expect(readEvents([cloud, cloud])).toEqual([push, push]);
  expect(readEvents({ type: "DELETE_ARTIFACT", event_data: { resources, repository } })).toEqual([]);
});

test("zot: CloudEvents in one piece, and with the type in a header", () => {
  const data = { name: "team/app", reference: "v1", digest: DIGEST, mediaType: MANIFEST };
  const push = { host: null, repository: "team/app", reference: DIGEST, tag: "v1" };
  expect(readEvents({ specversion: "1.0", type: "zotregistry.image.updated", data })).toEqual([push]);
  expect(readEvents(data, "zotregistry.image.updated")).toEqual([push]);
  expect(readEvents(data, "zotregistry.image.deleted")).toEqual([]);
});

test.each([[null], [1], ["x"], [[]], [{}], [{ type: "x" }], [{ events: 1 }], [[1]]])(
  "%j is no notification",
  (body) => {
    expect(readEvents(body) ?? []).toEqual([]);
  },
);
