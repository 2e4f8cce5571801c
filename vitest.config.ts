import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const minute = 60_000;

/** These wait for the server's patience, or for a network's: begun first, they wait beside the others' work. */
const LONG = ["abuse", "soak", "recovery", "http-connections", "workers", "player"];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    pool: "forks",
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
          // Nothing here is global: a process of its own for each of so many files would be most of what they take.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts", "examples/**/*.test.ts"],
          testTimeout: minute,
          hookTimeout: minute,
          // Many wait for processes and sockets.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: minute,
          hookTimeout: minute,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
