import { configDefaults, defineConfig } from "vitest/config";

/** `--mode slow` runs test/slow, which takes minutes; otherwise everything else. */
export default defineConfig(({ mode }) => ({
  test:
    mode === "slow"
      ? { include: ["test/slow/**/*.test.ts"], testTimeout: 600_000, fileParallelism: false }
      : {
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, "test/slow/**"],
          testTimeout: 120_000,
          // By default one core is left to vitest itself, which halves a machine of two.
          maxWorkers: "100%",
        },
}));
