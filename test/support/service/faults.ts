/** What tests of services under faults share: chance that is the same in every run, a registry that fails, a look at the result. */
import { spawnSync } from "node:child_process";
import { Registry } from "../../../src/registry/registry.ts";
import { pathOf } from "../../src/cli/run.ts";
import type { CountingProxy } from "./counting-proxy.ts";
import type { MadeImage } from "./push-images.ts";

const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
/** Of a hundred requests so many fail, in turn by 503, 429 and a cut connection. */
const FAULTS_IN_100 = 6;

/** Numbers that look random and are the same in every run. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

/** Has some requests fail, while `isFaulty`. @returns the switch, with how many failed */
export function failSometimes(proxy: CountingProxy, random: (below: number) => number) {
  const state = { isFaulty: true, faults: 0 };
  proxy.hook = (request, response) => {
    if (!state.isFaulty || random(100) >= FAULTS_IN_100) return false;
    state.faults++;
    // What the body was is read, so that the connection can be used again.
    request.resume();
    if (state.faults % 3 === 0) response.destroy();
    else response.writeHead(state.faults % 3 === 1 ? 503 : 429, { "retry-after": "0", "content-length": 0 }).end();
    return true;
  };
  return state;
}

/** How many images have how many artifacts. */
export async function countArtifacts(
  host: string,
  repository: string,
  images: readonly MadeImage[],
): Promise<Record<number, number>> {
  const registry = new Registry(host);
  const counts = await Promise.all(
    images.map(async ({ digest }) => {
      return (await registry.referrers(repository, digest, { artifactType: SEAL_TYPE })).referrers.length;
    }),
  );
  return Object.fromEntries([...new Set(counts)].map((count) => [count, counts.filter((one) => one === count).length]));
}

/** How many images have artifacts of which algorithms: `sha256-12 sha512-12` for one of each, by what they state. */
export async function countAlgorithms(
  host: string,
  repository: string,
  images: readonly MadeImage[],
): Promise<Record<string, number>> {
  const registry = new Registry(host);
  const counts: Record<string, number> = {};
  for (const { digest } of images) {
    const { referrers } = await registry.referrers(repository, digest, { artifactType: SEAL_TYPE });
    const stated = referrers.map(async (artifact) => {
      const { bytes } = await registry.manifest(repository, artifact.digest);
      const names = new TextDecoder().decode(bytes).matchAll(/\.fsverity-(sha\d+-\d+)/g);
      return [...new Set([...names].map(([, name]) => name))].join("+");
    });
    const algorithms = (await Promise.all(stated)).sort().join(" ");
    counts[algorithms] = (counts[algorithms] ?? 0) + 1;
  }
  return counts;
}

/** Bytes of each distinct layer, by digest: what is read when each is read once. */
export function layerBytes(images: readonly MadeImage[]): Map<string, number> {
  return new Map(images.flatMap(({ layers, blobs }) => layers.map((digest) => [digest, blobs.get(digest)!.length])));
}

/** The exit code of `composefs verify`. @param args such as the certificate */
export function verify(reference: string, args: readonly string[]): number | null {
  return spawnSync(process.execPath, [pathOf("composefs"), "verify", `docker://${reference}`, ...args]).status;
}
