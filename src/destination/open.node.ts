/** What an operand means to which an image is written: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker://HOST/NAME[:TAG]`. */

import { statSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { parseReference } from "../registry/reference.ts";
import { machineRegistry } from "../registry/registry.node.ts";
import type { OpenLayout } from "../source/container.node.ts";
import type { ContainerImage } from "../source/container.ts";
import { quote } from "../source/files.node.ts";
import { DOCKER_PREFIX, parseOperand } from "../source/operand.node.ts";
import { RegistryFiles } from "../source/registry.ts";
import { ArchiveStore } from "./archive.node.ts";
import type { Destination } from "./destination.ts";
import { DirectoryStore } from "./directory.node.ts";
import { LayoutDestination } from "./layout.ts";
import { RegistryDestination } from "./registry.ts";

/**
 * Opens what an image is copied to.
 *
 * @param source what is copied: blobs of one registry need not travel
 * @throws {ComposefsError} USAGE, REGISTRY_*, SOURCE_*, IO_*
 */
export async function openDestination(operand: string, source: OpenLayout): Promise<Destination> {
  const { kind, path, reference } = parseOperand(operand);
  if (kind === "registry") {
    const to = parseReference(operand.slice(DOCKER_PREFIX.length));
    const from = source.files instanceof RegistryFiles ? source.files.reference : null;
    const isSame = from?.host === to.host && from.repository !== to.repository;
    return new RegistryDestination(machineRegistry(to.host), to, isSame ? { from: from.repository } : {});
  }
  if (kind === "oci") return new LayoutDestination(new DirectoryStore(path!), reference);
  if (kind === "oci-archive" && path !== null) return new LayoutDestination(await ArchiveStore.open(path), reference);
  const wanted = "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG]";
  throw new ComposefsError("USAGE", `expected ${wanted} to write to, got ${quote(operand)}`);
}

/**
 * The place that an image was opened from, to be written to.
 *
 * @param operand by which it was opened
 * @throws {ComposefsError} USAGE for what cannot be written to; SOURCE_*, IO_*
 */
export async function destinationOf(operand: string, { kind, files }: ContainerImage): Promise<Destination> {
  if (files instanceof RegistryFiles) return new RegistryDestination(files.registry, files.reference);
  const { path, reference } = parseOperand(operand);
  const isFile = path !== null && statSync(path, { throwIfNoEntry: false })?.isFile();
  if (kind === "oci" && path !== null) return new LayoutDestination(new DirectoryStore(path), reference);
  if (kind === "oci-archive" && isFile) return new LayoutDestination(await ArchiveStore.open(path), reference);
  const wanted = "an OCI layout, an OCI archive in a file or a registry";
  throw new ComposefsError("USAGE", `expected ${wanted} to write to, got ${quote(operand)}`);
}
