/** `docker://HOST/NAME[:TAG|@DIGEST]` as the machine has registries set up. */

import { parseReference } from "../registry/reference.ts";
import { machineRegistry } from "../registry/registry.node.ts";
import { DOCKER_PREFIX } from "./operand.node.ts";
import { RegistryFiles } from "./registry.ts";

/** Opens what an operand names. @throws {ComposefsError} REGISTRY_* */
export async function openRegistryFiles(operand: string, signal: AbortSignal | undefined): Promise<RegistryFiles> {
  const reference = parseReference(operand.slice(DOCKER_PREFIX.length));
  return RegistryFiles.open(machineRegistry(reference.host), reference, signal);
}
