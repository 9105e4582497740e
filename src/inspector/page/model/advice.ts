/**
 * What a person can do about an error, by its code or the family of it.
 */

/** What can be opened. */
const KINDS =
  "Drop an OCI archive, a docker-save archive, an OCI layout folder, a layer tar, a dumpfile or an EROFS image.";

/** The first that fits counts: whole codes before families. */
const ADVICE: ReadonlyArray<readonly [code: string, advice: string]> = [
  ["SOURCE_KIND", KINDS],
  ["SOURCE_SEVERAL", "Choose the one that is meant."],
  ["SOURCE_PLATFORM", "Choose one of the platforms that the image has."],
  ["SOURCE_", "Look at the image with the tool that made it; it may have been cut short or changed on its way."],
  ["TREE_PATH", "The address may be that of another image. Choose something that is in this one."],
  ["ENGINE_MEMORY", "The tree does not fit into the memory that a page gets. A terminal has more: use the command."],
  ["ENGINE_LOAD", "Use a browser with WebAssembly SIMD, and a server that leaves the page its own security policy."],
  ["BUG", "This is a fault of the inspector, not of your image. Please report it, with the text above."],
  ["ENGINE_", "This is a fault of the inspector, not of your image. Please report it, with the code."],
  [
    "REGISTRY_AUTH",
    "The page sends no credentials. In a terminal the command uses those of docker login or podman login.",
  ],
  ["REGISTRY_MISSING", "Check the name and the tag."],
  ["REGISTRY_REFERENCE", "Write it like ghcr.io/org/app:latest, with the host in front."],
  [
    "REGISTRY_",
    "Most registries do not let other sites read them (CORS). In a terminal the command reads the image in any case.",
  ],
  ["BLOB_DIFF_ID", "A layer is not the one that the config names. Fetch the image anew, or build it again."],
  ["BLOB_", "The image was cut short or changed on its way. Fetch it anew."],
  ["DUMP_", "Correct the line that is named; composefs-dump(5) describes the format."],
  [
    "IMAGE_",
    "The image is damaged, or was made by a tool that is not known here. Hold its checksum against that of its origin.",
  ],
  ["EROFS_", "Choose another format: each has limits of its own."],
  ["TAR_", "Container tools would not all read this layer alike. Build it again, with another tool if need be."],
  ["LAYER_", "The layers do not fit together. Build the image again."],
  ["SEAL_", "What is stated of the image cannot be read. Seal it again."],
  ["CERTIFICATE_", "Certificates are X.509, as PEM or DER. Drop the one that made the signature."],
  ["SIGNATURE_", "Sign the digest again, and hold the result against fsverity-utils."],
  ["SELINUX_", "The SELinux policy in the image has a rule that cannot be used. The merged tree does not need it."],
  ["LABEL_", "The SELinux policy takes too long to be applied. The merged tree does not need it."],
  ["IO_CHANGED", "Drop the file again when nothing writes to it any more."],
  ["IO_", "Drop the file again. If it is on another machine, copy it here first."],
];

/** @param code of an error @returns a sentence or two */
export function adviceFor(code: string): string {
  const found = ADVICE.find(([key]) => (key.endsWith("_") ? code.startsWith(key) : code === key));
  return found?.[1] ?? "Try the same in a terminal; if it is refused there, too, the message says where.";
}
