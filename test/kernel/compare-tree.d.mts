export function compareTree(target: string, format: "v0" | "v1" | "v2"): void;
