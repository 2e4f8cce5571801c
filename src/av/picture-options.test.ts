import { describe, expect, it } from "vitest";
import { type PictureOptions, planPicture } from "./picture-options.js";

describe("options of the picture", () => {
  it("come to a task, its filters in their own order", () => {
    const { video, audio, files } = planPicture(
      {
        text: { text: "hi", place: "center", font: "/f.ttf" },
        scale: { height: 480 },
        watermark: { path: "/logo.png" },
        crop: { width: 100, height: 50 },
        fps: 29.97,
        bitrate: 1_200_000,
        audio: "aac",
        audioBitrate: 96_000,
        hw: "auto",
      },
      "mp4",
    );
    expect(video).toMatchObject({ codec: "h264", bitrate: 1_200_000, hardware: "auto" });
    const kinds = typeof video === "object" ? video.filters.map(({ kind }) => kind) : [];
    expect(kinds).toEqual(["crop", "fps", "scale", "watermark", "text"]);
    expect(audio).toEqual({ codec: "aac", bitrate: 96_000 });
    expect(files).toEqual(["/logo.png", "/f.ttf"]);
  });

  it("have codecs by the container where none is named", () => {
    expect(planPicture({}, "webm").video).toMatchObject({ codec: "vp9" });
    expect(planPicture({}, "mkv")).toMatchObject({ video: { codec: "h264" }, audio: "default" });
    expect(planPicture({ video: "none", audio: "copy" }, "mp4")).toMatchObject({
      video: "none",
      audio: "copy",
    });
  });

  it.each<[Partial<Record<keyof PictureOptions, unknown>>, RegExp]>([
    [{ video: "h265" }, /video must be one of h264, hevc/],
    [{ video: "copy", scale: { width: 64 } }, /scale needs a picture that is encoded/],
    [{ video: "none", crf: 20 }, /crf needs/],
    [{ audio: "copy", audioBitrate: 96_000 }, /audioBitrate needs a codec/],
    [{ audio: "flac" }, /audio must be one of/],
    [{ bitrate: 1_000_000, crf: 20 }, /one of them/],
    [{ bitrate: 1.5 }, /bitrate must be a whole number/],
    [{ crf: Number.NaN }, /crf must be a number/],
    [{ fps: 0 }, /fps must be a number/],
    [{ scale: {} }, /scale: a width/],
    [{ scale: { width: -2 } }, /scale.width/],
    [{ crop: { width: 10, height: 10, x: 1 } }, /x and y, or neither/],
    [{ crop: { width: 1e9, height: 10 } }, /crop.width/],
    [{ watermark: { path: "" } }, /watermark.path/],
    [{ watermark: { path: "a.png", place: "left" } }, /watermark.place must be one of top-left/],
    [{ text: "" }, /text must have 1 to/],
    [{ text: "x".repeat(1_001) }, /text must have/],
    [{ preset: "fast -x" }, /preset must be a word/],
    [{ hw: "cuda" }, /hw must be one of/],
    [{ toneMap: "sdr" }, /toneMap must be one of auto, always, none/],
    [{ video: "copy", toneMap: "auto" }, /toneMap needs a picture that is encoded/],
  ])("are refused by name: %j", (options, message) => {
    const plan = () => planPicture(options as PictureOptions, "mp4");
    expect(plan).toThrow(TypeError);
    expect(plan).toThrow(message);
  });

  it.each([
    [{}, ["scale", "tone-map", "watermark"]],
    [{ video: "hevc" }, ["scale", "watermark"]],
    [{ video: "hevc", toneMap: "always" }, ["scale", "tone-map", "watermark"]],
    [{ toneMap: "none" }, ["scale", "watermark"]],
  ] as const)("map HDR to SDR where the codec or the caller wants it: %j", (options, kinds) => {
    const all = { scale: { width: 64 }, watermark: { path: "a.png" }, ...options };
    const { video } = planPicture(all, "mp4", { transfer: "smpte2084", primaries: "bt2020" });
    expect(typeof video === "object" && video.filters.map(({ kind }) => kind)).toEqual(kinds);
    const sdr = planPicture(all, "mp4", { transfer: "bt709" }).video;
    expect(typeof sdr === "object" && sdr.filters.map(({ kind }) => kind)).toEqual(["scale", "watermark"]);
  });
});
