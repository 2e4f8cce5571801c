import { describe, expect, it } from "vitest";
import { ffmpegArguments, type MadeRendition } from "./ffmpeg-arguments.js";
import { LIVE_ENCODERS } from "./live-encoder.js";

// What FFmpeg makes of them is test/interop/made-codecs.test.ts.

const SOURCE = { hasSound: true, frameRate: 30 };
const made = (rendition: Partial<MadeRendition>, encoder = "libx264", source = SOURCE) =>
  ffmpegArguments({ name: "x", bitrate: 1_200_000, ...rendition }, encoder, source);
const value = (args: readonly string[], name: string) => args[args.indexOf(name) + 1];

describe("FFmpeg is told", () => {
  it("the rate without the sound's, and a size that is never larger than the source's", () => {
    const args = made({ width: 854 });
    expect(value(args, "-b:v")).toBe("1072000");
    expect(value(args, "-vf")).toBe("scale=w=trunc(min(854\\,iw)/2)*2:h=-2,format=yuv420p");
    expect(value(args, "-force_key_frames")).toBe("source");
    expect(value(made({ bitrate: 100_000, height: 240 }), "-b:v")).toBe("50000");
    const silent = made({ bitrate: 100_000 }, "libx264", { ...SOURCE, hasSound: false });
    expect(value(silent, "-b:v")).toBe("100000");
  });

  it("to leave frames out before they cost anything", () => {
    expect(value(made({ fps: 15, height: 240 }), "-vf")).toBe(
      "select=key+isnan(prev_selected_t)+gt(floor(t*15+0.25)\\,floor(prev_selected_t*15+0.25))," +
        "scale=w=-2:h=trunc(min(240\\,ih)/2)*2,format=yuv420p",
    );
  });

  it("a container that holds the codec", () => {
    expect(value(made({}), "-flvflags")).toBe("no_duration_filesize");
    expect(made({}).slice(-3)).toEqual(["-f", "flv", "pipe:1"]);
    for (const codec of ["hevc", "vp9", "av1"] as const)
      expect(made({ codec }, LIVE_ENCODERS[codec][0]).slice(-3)).toEqual(["-f", "nut", "pipe:1"]);
  });

  it("x265 the frames a second, which it counts by", () => {
    const fps = (frameRate: number | undefined, given?: number) =>
      /fps=(\S+)/.exec(
        value(
          ffmpegArguments({ name: "x", bitrate: 500_000, codec: "hevc", fps: given }, "libx265", {
            hasSound: false,
            frameRate,
          }),
          "-x265-params",
        ) ?? "",
      )?.[1];
    expect([
      fps(undefined),
      fps(25),
      fps(30_000 / 1001),
      fps(30, 12.5),
      fps(10, 25),
      fps(undefined, 5),
    ]).toEqual(["30000/1000", "25000/1000", "29970/1000", "12500/1000", "10000/1000", "5000/1000"]);
  });

  it("no encoder to look ahead, to reorder, or to begin a group by itself", () => {
    for (const encoder of [...Object.values(LIVE_ENCODERS).flat(), "h264_nvenc", "hevc_vaapi", "vp9_vaapi"]) {
      const args = made({}, encoder).join(" ");
      expect(args).toMatch(/-tune (zerolatency|ll)|-lag-in-frames 0|-bf 0/);
      expect(args).toContain("-g 100000");
      expect(args).toContain("-b:v 1072000 -maxrate 1072000 -bufsize 1072000");
      expect(args).not.toContain("nobuffer");
    }
    expect(made({}, "h264_nvenc").join(" ")).toContain(
      "-zerolatency 1 -delay 0 -forced-idr 1 -no-scenecut 1",
    );
  });

  it("VAAPI's device before the input, and to upload what was scaled", () => {
    const args = made({ height: 240 }, "h264_vaapi");
    expect(value(args, "-vaapi_device")).toBe("/dev/dri/renderD128");
    expect(args.indexOf("-vaapi_device")).toBeLessThan(args.indexOf("-i"));
    expect(value(args, "-vf")).toMatch(/^scale=.*,format=nv12,hwupload$/);
    expect(made({}).join(" ")).not.toContain("vaapi");
  });
});
