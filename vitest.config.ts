import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const minute = 60_000;

/** These wait for the server's patience, or for a network's: begun first, they wait beside the others' work. */
const LONG = ["abuse", "soak", "recovery", "http-connections", "workers", "av-frames", "player", "bundled"];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Tests from outside. */
const OUTSIDE = {
  // They wait for processes, sockets, and a second of video: two processors have time for five.
  maxWorkers: 5,
  // Nothing takes so long on a quiet machine. What is polled for gives up just before: it says what it was.
  testTimeout: 2 * minute,
  hookTimeout: 2 * minute,
  expect: { poll: { timeout: 1.8 * minute } },
  // For them the sources are what was built: as users have it, and nothing to translate.
  globalSetup: ["test/support/build-first.ts"],
  alias: [{ find: /^(?:\.\.\/)+src\/(.*)$/, replacement: `${import.meta.dirname}/dist/$1` }],
  server: { deps: { external: [/\/dist\//] } },
};

export default defineConfig({
  test: {
    pool: "forks",
    // A few processes take one file after another: loading all anew for each would be a third of what the suite takes.
    isolate: false,
    sequence: { sequencer: LongFirst },
    maxWorkers: 2,
    retry: 0,
    passWithNoTests: true, // scripts/test.mjs fails a project that has no tests
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "fuzz/**/*.test.ts", "test/unit/**/*.test.ts"],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts", "examples/**/*.test.ts"],
          ...OUTSIDE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          setupFiles: ["test/e2e/setup.ts"],
          ...OUTSIDE,
          // A player that does not get its processor stalls, as it should.
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
