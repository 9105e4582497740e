/** `docker://HOST/NAME[:TAG|@DIGEST]` as the machine has registries set up. */

import { parseReference } from "../registry/reference.ts";
import { machineRegistry } from "../registry/registry.node.ts";
import type { ContainerImage, Wanted } from "./container.ts";
import type { Reading } from "./document.ts";
import { DOCKER_PREFIX } from "./operand.node.ts";
import { openRemoteImage } from "./registry.ts";

/** Opens the image of an operand. @throws {ComposefsError} REGISTRY_*, SOURCE_*, BLOB_SIZE, BLOB_DIGEST */
export async function openRegistryImage(operand: string, wanted: Wanted, reading: Reading): Promise<ContainerImage> {
  const reference = parseReference(operand.slice(DOCKER_PREFIX.length));
  return openRemoteImage(machineRegistry(reference.host), reference, wanted, reading);
}
