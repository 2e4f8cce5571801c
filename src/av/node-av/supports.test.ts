import { describe, expect, it } from "vitest";
import type { ConvertTask, VideoTask } from "../task.js";
import { lackOf } from "./supports.js";

const source = { kind: "file", path: "a.mp4" } as const;
const remux: ConvertTask = {
  inputs: [{ source }],
  output: { kind: "file", path: "b.flv", container: "flv" },
  video: "copy",
  audio: "copy",
};
const h264: VideoTask = { codec: "h264", filters: [], hardware: "none" };
const lackOfConvert = (task: Partial<ConvertTask>) =>
  lackOf({ kind: "convert", task: { ...remux, ...task } });

describe("what node-av does", () => {
  it("probes, decodes and writes pictures", () => {
    expect(lackOf({ kind: "probe", task: { source, packets: 0 } })).toBeUndefined();
    const select = { kind: "all", limit: undefined } as const;
    expect(lackOf({ kind: "frames", task: { source, select, size: undefined } })).toBeUndefined();
    expect(
      lackOf({ kind: "image", task: { format: "png", quality: 1, width: 1, height: 1 } }),
    ).toBeUndefined();
  });

  it("remuxes and transcodes, a part too where all of it is encoded", () => {
    expect(lackOfConvert({})).toBeUndefined();
    expect(lackOfConvert({ inputs: [{ source }, { source }] })).toBeUndefined();
    expect(lackOfConvert({ video: h264, audio: { codec: "aac" } })).toBeUndefined();
    expect(
      lackOfConvert({ video: h264, audio: "none", inputs: [{ source, fromUs: 5, toUs: 9 }] }),
    ).toBeUndefined();
    expect(lackOfConvert({ video: h264, soundFrom: { source }, keepTimestamps: true })).toBeUndefined();
  });
});

describe("what node-av leaves to FFmpeg's programs", () => {
  it.each<readonly [string, Partial<ConvertTask>]>([
    ["join what it encodes", { inputs: [{ source }, { source }], video: h264 }],
    ["read cameras", { inputs: [{ source: { kind: "camera", device: "/dev/video0" } }] }],
    ["read at the speed of playing", { inputs: [{ source, realtime: true }] }],
    ["cut what cannot be read again", { inputs: [{ source: { kind: "bytes", format: "flv" }, fromUs: 5 }] }],
    ["choose among hardware encoders", { video: { ...h264, hardware: "auto" } }],
    ["encode pictures for AVI", { video: h264, output: { kind: "file", path: "b.avi", container: "avi" } }],
    ["write raw pictures", { output: { kind: "bytes", container: "rawvideo" } }],
  ])("%s", (lack, task) => {
    expect(lackOfConvert(task)).toBe(lack);
  });
});
