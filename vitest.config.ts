import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const folders = ["packages", "apps"].flatMap((parent) =>
  readdirSync(parent).map((name) => ({ name: `@reseal/${name}`, root: `${parent}/${name}` })),
);

export default defineConfig({
  test: {
    // Most tests wait for processes that they started: one worker less leaves a core idle.
    maxWorkers: availableParallelism(),
    projects: [
      ...folders.map(({ name, root }) => ({
        test: {
          name,
          root,
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      })),
      // Tests of the repository as a whole: layers, packages as installed, examples.
      {
        test: {
          name: "monorepo",
          include: ["test/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxConcurrency: 3,
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**", "apps/*/src/**"],
      reporter: ["text-summary", "lcov"],
    },
  },
});
