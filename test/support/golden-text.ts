/** Golden texts: files that are compared, and that no flag writes anew. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";

/**
 * Holds a text against a golden file.
 *
 * @param file a path, relative to `from`
 * @param from `import.meta.url` of the test
 */
export function expectGolden(text: string, file: string, from: string): void {
  expect(text).toBe(readFileSync(new URL(file, from), "utf8"));
}
