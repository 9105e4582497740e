/**
 * The configuration of the service, from a YAML file:
 *
 *   sources:                          # what is scanned; events of what is not meant here are left alone
 *     - registry: registry.example    # HOST[:PORT]
 *       repositories: {allow: ["team/**"], deny: ["**\/cache"]}
 *       tags: {allow: ["*"], deny: ["*-debug"], semver: ">=1.2"}
 *   platforms: [linux/amd64]          # of indexes; default: all
 *   algorithms: [sha512-12]
 *   bootable: false                   # true: an image without a bootable tree is a failure
 *   signing: {key: /etc/composefs/key.pem, certificate: /etc/composefs/cert.pem}
 *   interval: 3600                    # seconds between two scans
 *   parallel: 4                       # images at a time
 *   workers: 2                        # processes that look into images; default: one for each CPU
 *   prune: false                      # true: remove what our certificate signed and is not current
 *   state: /var/lib/composefs
 *   cache: /var/cache/composefs
 *   queue: redis://redis.example?prefix=registry   # of a fleet; or the directory of a journal, by default in the state
 *   fleet: {images: 16, layers: 8}    # of all workers together, at a time
 *   listen: 127.0.0.1:8080
 *   secret: /etc/composefs/secret     # a file
 *   limits: {imageBytes: 10000000000}
 */

import { isHost } from "../registry/reference.ts";
import { parsePlatform } from "../source/platform.ts";
import { quoteStart } from "../source/quote.ts";
import { defaultConfig, readAlgorithm, type ServiceConfig, withEnvironment } from "./config.ts";
import { ConfigNode } from "./config-node.ts";
import { IMAGE_LIMITS, type ImageLimits, lowestLimit } from "./image-limits.ts";
import { checkGlob, checkRange, type Globs, type SourceSelection } from "./selection.ts";

const FIELDS = [
  ...["sources", "platforms", "algorithms", "bootable", "signing", "interval", "parallel", "workers", "prune"],
  ...["state", "cache", "queue", "fleet", "listen", "secret", "limits"],
];
const FLEET_FIELDS = ["images", "layers", "imagesPerSecond", "layersPerSecond", "lockSeconds"] as const;
const SOURCE_FIELDS = ["registry", "repositories", "tags"];

/**
 * Reads a configuration.
 *
 * @param file for people
 * @param environment stands above the file
 * @throws {ComposefsError} SERVICE_CONFIG with the line
 */
export function readConfig(
  text: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): ServiceConfig {
  const root = ConfigNode.parse(text, file).only(FIELDS);
  const config = defaultConfig();
  config.sources = root.field("sources").items().map(readSource);
  const optional = <T>(name: string, read: (node: ConfigNode) => T, otherwise: T): T => {
    const node = root.field(name);
    return node.isPresent ? read(node) : otherwise;
  };
  const texts = (node: ConfigNode, check: (text: string) => unknown) =>
    node.items().map((item) => {
      item.checked(check);
      return item.text();
    });
  config.platforms = optional("platforms", (node) => texts(node, parsePlatform), null);
  config.algorithms = optional(
    "algorithms",
    (node) => node.items().map((item) => item.checked(readAlgorithm)),
    config.algorithms,
  );
  if (config.algorithms.length === 0) throw root.field("algorithms").error("expected one or more");
  config.bootable = optional("bootable", (node) => node.boolean(), config.bootable);
  config.prune = optional("prune", (node) => node.boolean(), config.prune);
  const signing = root.field("signing").only(["key", "certificate"]);
  if (signing.isPresent) {
    config.key = signing.field("key").text();
    config.certificate = signing.field("certificate").text();
  }
  config.intervalSeconds = optional("interval", (node) => node.number(1), config.intervalSeconds);
  config.parallel = optional("parallel", (node) => node.number(1), config.parallel);
  config.workers = optional("workers", (node) => node.number(1), config.workers);
  for (const name of ["state", "cache", "queue", "listen"] as const) {
    const node = root.field(name);
    if (node.isPresent) config[name] = node.text();
  }
  const fleet = root.field("fleet").only(FLEET_FIELDS);
  for (const name of FLEET_FIELDS) {
    if (fleet.field(name).isPresent) config.fleet[name] = fleet.field(name).number(1);
  }
  config.secretFile = optional("secret", (node) => node.text(), null);
  const limits = root.field("limits").only(Object.keys(IMAGE_LIMITS));
  for (const name of Object.keys(IMAGE_LIMITS) as (keyof ImageLimits)[]) {
    if (limits.field(name).isPresent) config.limits[name] = limits.field(name).number(lowestLimit(name));
  }
  return withEnvironment(config, environment);
}

function readSource(node: ConfigNode): SourceSelection {
  node.only(SOURCE_FIELDS);
  const host = node.field("registry").checked((text) => {
    if (!isHost(text)) throw new RangeError(`expected HOST[:PORT], got ${quoteStart(text)}`);
    return text.toLowerCase();
  });
  const tags = node.field("tags").only(["allow", "deny", "semver"]);
  const range = tags.field("semver");
  return {
    ...{ host, repository: null, reference: null },
    repositories: readGlobs(node.field("repositories").only(["allow", "deny"])),
    tags: readGlobs(tags),
    semver: range.isPresent ? range.checked(checkRange) : null,
  };
}

function readGlobs(node: ConfigNode): Globs {
  const list = (name: string) =>
    node
      .field(name)
      .items()
      .map((item) => item.checked(checkGlob));
  return { allow: list("allow"), deny: list("deny") };
}
