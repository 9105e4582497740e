import { configDefaults, defineConfig } from "vitest/config";

/** Suites that need more than Node, or minutes: `--mode browser` runs test/browser, `--mode slow` test/slow, and so on. */
const APART = ["browser", "slow", "service"];

export default defineConfig(({ mode }) => ({
  test: APART.includes(mode)
    ? {
        include: [`test/${mode}/**/*.test.ts`],
        testTimeout: mode === "browser" ? 120_000 : 600_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }
    : {
        include: ["test/**/*.test.ts"],
        exclude: [...configDefaults.exclude, ...APART.map((name) => `test/${name}/**`)],
        testTimeout: 120_000,
        hookTimeout: 60_000,
        // By default one core is left to vitest itself, which halves a machine of two.
        maxWorkers: "100%",
      },
}));
