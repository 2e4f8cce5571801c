import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { describe, expect, it } from "vitest";
import { type Labels, ProfileSum, type ReadSample, readSamples } from "./profile-sum.js";
import { addHeapSample, addTimeSamples, RECORDING_VALUES } from "./recording.js";

const INFO = { wallMicros: 1_700_000_000_000_000, durationMicros: 1e6, period: 1e6 } as const;

function sample(name: string, values: readonly number[], labels: Labels): ReadSample {
  return { frames: [{ name, file: "a.js", line: 1 }], values, labels };
}

async function read(sum: ProfileSum): Promise<{ profile: Profile; samples: readonly ReadSample[] }> {
  const bytes = await sum.encode({ ...INFO, periodKind: ["cpu", "nanoseconds"] });
  const profile = Profile.decode(gunzipSync(bytes));
  return { profile, samples: [...readSamples(profile)] };
}

describe("addTimeSamples", () => {
  const samples = [
    sample("f", [1, 1000, 0], { stage: "mux", stream: "live/a", at: 5, dts: 1 }),
    sample("f", [1, 1000, 0], { stage: "mux", stream: "live/a", at: 9, dts: 2 }),
    sample("g", [2, 2000, 100], { stage: "other" }),
    sample("(idle)", [4, 0, 300], { stage: "idle" }),
    sample("Non JS threads activity", [0, 0, 50], { stage: "threads" }),
  ];

  it("shares processor time out among what was not waiting, and adds up what differs in its time alone", async () => {
    const sum = new ProfileSum(RECORDING_VALUES.profile);
    addTimeSamples(sum, "profile", samples, 1000);
    const { samples: found } = await read(sum);
    expect(found.map(({ frames, values, labels }) => [frames[0]?.name, values, labels])).toEqual([
      ["f", [2, 200], { stage: "mux", stream: "live/a" }],
      ["g", [2, 200], { stage: "other" }],
      ["Non JS threads activity", [0, 50], { stage: "threads" }],
    ]);
  });

  it("gives waiting its time on the clock", async () => {
    const sum = new ProfileSum(RECORDING_VALUES.wall);
    addTimeSamples(sum, "wall", samples, 1000);
    const { samples: found } = await read(sum);
    expect(found.map(({ values, labels }) => [labels.stage, values])).toEqual([
      ["mux", [2, 2000]],
      ["other", [2, 2000]],
      ["idle", [4, 4000]],
    ]);
  });

  it("says what it is, and what to show first", async () => {
    const sum = new ProfileSum(RECORDING_VALUES.profile);
    addTimeSamples(sum, "profile", samples, 1000);
    const { profile } = await read(sum);
    const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? "";
    expect(profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`)).toEqual([
      "samples/count",
      "cpu/nanoseconds",
    ]);
    expect(text(profile.defaultSampleType)).toBe("cpu");
    expect([Number(profile.timeNanos), Number(profile.durationNanos)]).toEqual([1.7e18, 1e9]);
  });
});

describe("addHeapSample", () => {
  it.each([
    ["/x/dist/hub/packager.js", "mux"],
    ["/x/dist/media/format/flv/muxer.js", "mux"],
    ["/x/dist/hub/fan-out.js", "fan-out"],
    ["/x/dist/server/protocol/rtmp/session.js", "ingest"],
    ["/x/dist/server/net/http-server.js", "api"],
    ["node:internal/timers", "other"],
  ])("knows from %s that it was %s", async (file, stage) => {
    const sum = new ProfileSum(RECORDING_VALUES.heap);
    const frames = [
      { name: "alloc", file: "node:buffer", line: 1 },
      { name: "f", file, line: 1 },
    ];
    addHeapSample(sum, { frames, values: [1, 64], labels: {} });
    expect((await read(sum)).samples[0]?.labels.stage).toBe(stage);
  });
});
