import { defineConfig } from "vitest/config";

const minute = 60_000;

export default defineConfig({
  test: {
    include: ["test/node-av/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: minute,
    hookTimeout: minute,
  },
});
