import { describe, expect, it } from "vitest";
import type { IngestResult } from "../../bench/ingest-load.js";
import type { LoadResult } from "../../bench/load.js";
import { run } from "../support/program.js";

const bench = (program: string, ...args: string[]): Promise<string> =>
  run(process.execPath, ["scripts/run-ts.mjs", `bench/${program}.ts`, ...args]).output;

describe("the benchmarks", () => {
  it("measure sluice and the floor, whose viewers get every frame of the clip whole", async () => {
    const tiny = [
      "--viewers=5",
      "--rounds=1",
      "--seconds=2",
      "--warmup=0.2",
      "--only=sluice,floor",
      "--json",
    ];
    const results = JSON.parse(await bench("run", ...tiny)) as Record<string, LoadResult[]>;
    expect(Object.keys(results)).toEqual(["sluice", "floor"]);
    for (const [result, ...more] of Object.values(results)) {
      expect(more).toEqual([]);
      expect(result).toMatchObject({ viewers: 5, faults: 0, reasons: [], gaps: 0 });
      expect(result?.videoFrames).toBeGreaterThan(0);
      expect(result?.audioFrames).toBeGreaterThan(0);
      expect(result?.lagP50Ms).toBeGreaterThan(0);
      expect(result?.leastBytes).toBeGreaterThan(0);
    }
  });

  it("measure publishers beside a read loop", async () => {
    const tiny = ["--publishers=3", "--rounds=1", "--seconds=1", "--warmup=0", "--json"];
    const results = JSON.parse(await bench("ingest", ...tiny)) as Record<string, IngestResult[]>;
    expect(Object.keys(results)).toEqual(["sluice", "floor"]);
    for (const [result] of Object.values(results)) {
      expect(result).toMatchObject({ publishers: 3, faults: 0 });
      expect(result?.kbits).toBeGreaterThan(0);
    }
  });

  it("time every step without sockets", async () => {
    const table = await bench("micro", "--time=1");
    const rows = table.split("\n").filter((line) => /^\| .* per (packet|write) /.test(line));
    expect(rows).toHaveLength(12);
    expect(table).not.toContain("NaN");
  });
});
