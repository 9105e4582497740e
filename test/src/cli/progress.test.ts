/** The line on the terminal: never wider than it, and nothing in it can steer it. */
import { describe, expect, test } from "vitest";
import { layerProgress, progressText } from "../../../src/cli/progress.ts";

describe("progressText", () => {
  test("with and without a total", () => {
    expect(progressText("reading", 1_500_000, 3_000_000, 80)).toBe("reading 1.5 MB (50%)");
    expect(progressText("reading", 1_500_000, undefined, 80)).toBe("reading 1.5 MB");
  });

  test("a long name is cut to one column less than the terminal has", () => {
    const text = progressText(`hashing ${"n".repeat(300)}`, 1_500_000, 3_000_000, 40);
    expect(text).toBe(`hashing ${"n".repeat(15)}... 1.5 MB (50%)`);
    expect(text).toHaveLength(39);
  });

  test("a name that just fits is left whole", () => {
    const name = "n".repeat(79 - "hashing  1.5 MB (50%)".length);
    expect(progressText(`hashing ${name}`, 1_500_000, 3_000_000, 80)).toHaveLength(79);
    expect(progressText(`hashing ${name}n`, 1_500_000, 3_000_000, 80)).toContain("... 1.5 MB");
  });

  test.each([1, 2, 5, 10, 20])("%i columns", (columns) => {
    expect(progressText("hashing name", 1, 2, columns).length).toBeLessThan(columns);
  });

  test("wide characters count twice", () => {
    const text = progressText(`hashing ${"\u6f22".repeat(100)}`, 1_500_000, 3_000_000, 40);
    expect(Array.from(text, (c) => (c < "\x7f" ? 1 : 2)).reduce((a, b) => a + b, 0)).toBeLessThan(40);
  });

  test("control characters of a name are escaped", () => {
    expect(progressText("hashing a\x1b[2J\n\x9b\x7f", 1, undefined, 80)).toBe(
      "hashing a\\u001b[2J\\n\\u009b\\u007f 1 bytes",
    );
  });
});

test("layers: those that are being read, and the sum", () => {
  const shown: string[] = [];
  const line = {
    update: (verb: string, bytes: number) => void shown.push(progressText(verb, bytes, undefined, 200)),
    clear() {},
  };
  const show = layerProgress(line, 3);
  show({ layer: 0, bytes: 1000, state: "cached" });
  show({ layer: 2, bytes: 2_000_000, state: "reading" });
  show({ layer: 1, bytes: 500_000, state: "reading" });
  show({ layer: 2, bytes: 3_000_000, state: "done" });
  expect(shown).toEqual([
    "1 of 3 layers read, in all 1.0 kB",
    "1 of 3 layers read, layer 3 2.0 MB, in all 2.0 MB",
    "1 of 3 layers read, layer 3 2.0 MB, layer 2 500.0 kB, in all 2.5 MB",
    "2 of 3 layers read, layer 2 500.0 kB, in all 3.5 MB",
  ]);
});
