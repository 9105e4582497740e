/** The configuration: what a file says, what stands above it, and where each mistake is. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { defaultConfig } from "../../../src/service/config.ts";
import { readConfig } from "../../../src/service/config-file.ts";
import { IMAGE_LIMITS } from "../../../src/service/image-limits.ts";

const README = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");

/** Code, line and text of what a file is refused with. */
function refusal(text: string, environment: Record<string, string> = {}) {
  try {
    readConfig(text, "config.yaml", environment);
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    const { code, message, data } = error;
    return { code, message, line: data.line };
  }
  throw new Error("it was taken");
}

test("the file of README is taken as it stands", () => {
  const chapter = README.slice(README.indexOf("## For registry operators"));
  const [, text] = /```yaml\n(sources:[^`]*)```/.exec(chapter)!;
  expect(readConfig(text!, "README.md")).toMatchObject({
    sources: [
      {
        ...{ host: "registry.example", repositories: { allow: ["team/**"], deny: ["**/cache"] } },
        ...{ tags: { allow: [], deny: ["*-debug"] }, semver: ">=1.2" },
      },
    ],
    ...{ platforms: ["linux/amd64", "linux/arm64"], algorithms: ["sha512-12"], intervalSeconds: 3600 },
    ...{ key: "/etc/composefs/key.pem", certificate: "/etc/composefs/cert.pem", parallel: 8, workers: 4 },
    limits: { ...IMAGE_LIMITS, imageBytes: 20_000_000_000, imageSeconds: 900 },
  });
});

test("an empty file is the default, with a process for each CPU", () => {
  expect(readConfig("", "config.yaml")).toEqual(defaultConfig());
  expect(defaultConfig().workers).toBe(availableParallelism());
});

test("the environment stands above the file", () => {
  const text = [
    "signing: {key: file-key, certificate: file-cert}\nstate: file\ncache: file\nlisten: file:1\nsecret: file",
    "queue: file\nparallel: 3\nworkers: 3\nlimits: {imageSeconds: 3, imageBytes: 3}\n",
  ].join("\n");
  const names = ["SIGNING_KEY", "SIGNING_CERTIFICATE", "STATE", "CACHE", "LISTEN", "SECRET_FILE", "QUEUE"];
  const environment = Object.fromEntries(names.map((name) => [`COMPOSEFS_${name}`, `env-${name}`]));
  const counts = {
    COMPOSEFS_PARALLEL: "5",
    COMPOSEFS_WORKERS: "6",
    COMPOSEFS_LIMITS: "imageSeconds=7,workerBytes=900000000",
  };
  expect(readConfig(text, "config.yaml", { ...environment, ...counts })).toMatchObject({
    ...{ key: "env-SIGNING_KEY", certificate: "env-SIGNING_CERTIFICATE", state: "env-STATE", cache: "env-CACHE" },
    ...{ listen: "env-LISTEN", secretFile: "env-SECRET_FILE", queue: "env-QUEUE", parallel: 5, workers: 6 },
    limits: { imageSeconds: 7, imageBytes: 3, workerBytes: 900_000_000, imageLayers: IMAGE_LIMITS.imageLayers },
  });
  expect(readConfig(text, "config.yaml", { COMPOSEFS_STATE: "" }).state).toBe("file");
});

test.each([
  ["COMPOSEFS_PARALLEL", "0"],
  ["COMPOSEFS_PARALLEL", "257"],
  ["COMPOSEFS_WORKERS", "many"],
  ["COMPOSEFS_WORKERS", "1.5"],
  ["COMPOSEFS_LIMITS", "imageSeconds"],
  ["COMPOSEFS_LIMITS", "imageSeconds=0"],
  ["COMPOSEFS_LIMITS", "workerBytes=255999999"],
  ["COMPOSEFS_LIMITS", "constructor=5"],
])("%s=%s is refused by name", (name, value) => {
  const { code, message } = refusal("", { [name]: value });
  expect([code, message.startsWith(`${name}: expected`) || message.startsWith(`${name}: `)]).toEqual([
    ...["SERVICE_CONFIG", true],
  ]);
});

test.each([
  [1, 1, "sauces: []", 'the field "sauces" is unknown'],
  [2, 11, "parallel: 4\nworkers: [", ""],
  [2, 1, "parallel: 4\nparallel: 5", "unique"],
  [2, 11, "prune: true\nworkers:  two", "workers: expected a number from 1 on"],
  [2, 11, "prune: true\nparallel: 0", "parallel: expected a number from 1 on"],
  [1, 8, "prune: yes please", "prune: expected true or false"],
  [
    3,
    15,
    "sources:\n  - registry: registry.example\n  - registry: http://registry.example",
    "sources[1].registry: expected HOST",
  ],
  [3, 5, "sources:\n  - registry: registry.example\n    tag: {}", 'the field "tag" is unknown'],
  [3, 21, 'sources:\n  - registry: r.example\n    tags: {semver:  "one"}', "sources[0].tags.semver:"],
  [
    3,
    27,
    "sources:\n  - registry: r.example\n    repositories: {allow: team}",
    "sources[0].repositories.allow: expected a list",
  ],
  [
    4,
    14,
    'sources:\n  - registry: r.example\n    tags:\n      deny: ["a*b*c*d*"]',
    "sources[0].tags.deny[0]: expected at most 3",
  ],
  [2, 4, "platforms:\n - linux/amd64/v8/x", "platforms[0]:"],
  [3, 4, "algorithms:\n - sha512-12\n - md5", "algorithms[1]: expected sha512-12"],
  [1, 13, "algorithms: []", "algorithms: expected one or more"],
  [1, 10, "signing: {key: a}", "signing.certificate: it is missing"],
  [2, 18, "limits:\n  imageSeconds:  0", "limits.imageSeconds: expected a number from 1 on"],
  [1, 24, "limits: {workerBytes:  1000}", "limits.workerBytes: expected a number from 256000000 on"],
  [1, 10, "limits: {toString: 5}", 'the field "toString" is unknown'],
  [2, 8, "state: &here /var\ncache: *here", "cache: aliases are not taken"],
  [1, 1, "- a list", "expected fields with values"],
] as const)("line %i, column %i: %j", (line, column, text, what) => {
  const { code, message, line: told } = refusal(text);
  expect(code).toBe("SERVICE_CONFIG");
  expect(message).toMatch(/^config\.yaml, line \d+, column \d+:/);
  expect([told, message]).toEqual([line, expect.stringContaining(what)]);
  if (what !== "" && what !== "unique") expect(message).toContain(`line ${line}, column ${column}:`);
});
