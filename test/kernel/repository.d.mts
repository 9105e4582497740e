export function addImage(
  repo: string,
  format: "v0" | "v1" | "v2",
  hash: "sha256" | "sha512",
): Promise<{ format: string; hash: "sha256" | "sha512"; digest: string }>;
