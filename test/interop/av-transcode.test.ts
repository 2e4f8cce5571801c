import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frames } from "../../src/av/frames.js";
import type { PictureOptions } from "../../src/av/picture-options.js";
import { transcode } from "../../src/av/transcode.js";
import { H264_AAC, mediaFolder } from "../support/media-files.js";
import { decoded, ffmpeg, packetsOf, trackOf } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";

const media = mediaFolder();
const { path: at } = media;
afterAll(async () => {
  await killPrograms();
  media.remove();
});

beforeAll(async () => {
  await media.make("in.mp4", 1, H264_AAC, "160x90");
  const grey = "color=c=gray:size=160x90:rate=10:duration=0.5";
  await ffmpeg([
    "-f",
    "lavfi",
    "-i",
    grey,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    at("grey.mp4"),
  ]);
  await ffmpeg([
    "-f",
    "lavfi",
    "-i",
    "color=c=red:size=20x20",
    "-frames:v",
    "1",
    at("it's a [logo], 100%.png"),
  ]);
});

async function firstPicture(
  file: string,
): Promise<{ pixel: (x: number, y: number) => number[]; data: Uint8Array }> {
  for await (const { data, width } of frames(file, { count: 1 }))
    return { data, pixel: (x, y) => [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)] };
  throw new Error("no picture");
}

describe("transcode", () => {
  it.each<[string, PictureOptions, string, string]>([
    ["a.mp4", { video: "h264", preset: "ultrafast" }, "h264", "aac"],
    ["b.mp4", { video: "hevc", preset: "ultrafast", audio: "opus" }, "hevc", "opus"],
    ["c.webm", { preset: "8" }, "vp9", "opus"],
    ["d.mkv", { video: "av1", preset: "10", audio: "mp3" }, "av1", "mp3"],
    ["e.flv", { preset: "ultrafast", audioBitrate: 64_000, audio: "aac" }, "h264", "aac"],
    ["f.avi", { preset: "ultrafast", audio: "mp3" }, "h264", "mp3"],
  ])("%s %j", async (to, options, video, audio) => {
    const { notes, videoEncoder } = await transcode(at("in.mp4"), at(to), {
      ...options,
      scale: { width: 128 },
    }).done;
    expect(notes).toEqual([]);
    expect(videoEncoder).toMatch(/^lib/);
    expect(await trackOf(at(to), "video")).toMatchObject({ codec_name: video, width: 128, height: 72 });
    expect(await trackOf(at(to), "audio")).toMatchObject({ codec_name: audio });
    expect(await decoded(at(to), "video")).toHaveLength(25);
  });

  it("crops, then scales, at the frame rate that is asked for; sound is copied where it fits", async () => {
    await transcode(at("in.mp4"), at("shape.mp4"), {
      crop: { width: 80, height: 80, x: 10, y: 4 },
      scale: { height: 40 },
      fps: 10,
      preset: "ultrafast",
    }).done;
    expect(await trackOf(at("shape.mp4"), "video")).toMatchObject({
      width: 40,
      height: 40,
      r_frame_rate: "10/1",
    });
    expect((await decoded(at("shape.mp4"), "video")).map(({ pts }) => pts)).toEqual(
      Array.from({ length: 10 }, (_, i) => i * 100_000),
    );
    const sound = async (file: string) => (await packetsOf(file, "audio")).map(({ hash }) => hash);
    expect(await sound(at("shape.mp4"))).toEqual(await sound(at("in.mp4")));
  });

  it("lays a picture over where it is told to, whatever its name", async () => {
    await transcode(at("grey.mp4"), at("logo.mp4"), {
      watermark: { path: at("it's a [logo], 100%.png"), place: "top-right" },
      preset: "ultrafast",
    }).done;
    const { pixel } = await firstPicture(at("logo.mp4"));
    const [red, green, blue] = pixel(145, 12) as [number, number, number];
    expect(red).toBeGreaterThan(180);
    expect(Math.max(green, blue)).toBeLessThan(80);
    for (const [x, y] of [
      [10, 10],
      [10, 80],
      [150, 80],
    ] as const)
      expect(Math.max(...pixel(x, y))).toBeLessThan(150);
  });

  it("lays a text over, any text", async () => {
    const text = "it's 100\\%: [a], b; %{pts} \\\\ ü 字";
    await transcode(at("grey.mp4"), at("text.mp4"), {
      text: { text, place: "center", size: 12 },
      preset: "ultrafast",
    }).done;
    const [before, after] = [await firstPicture(at("grey.mp4")), await firstPicture(at("text.mp4"))];
    // White letters, and only in the middle rows.
    expect(after.data.subarray(0, 160 * 4 * 20).every((value) => value > 100 && value !== undefined)).toBe(
      true,
    );
    const brightest = (data: Uint8Array) =>
      data
        .subarray(160 * 4 * 30, 160 * 4 * 60)
        .reduce((most, value, i) => (i % 4 === 3 ? most : Math.max(most, value)), 0);
    expect(brightest(before.data)).toBeLessThan(150);
    expect(brightest(after.data)).toBeGreaterThan(200);
  });

  it("keeps a variable frame rate", async () => {
    // Every frame but those divisible by three, each a little later than the last.
    const shift = "setpts='PTS+N*N*90/TB/90000',select='mod(n,3)'";
    await ffmpeg([
      ...["-i", at("in.mp4"), "-an", "-vf", shift, "-fps_mode", "passthrough", "-enc_time_base", "1/90000"],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-video_track_timescale", "90000", at("vfr.mp4")],
    ]);
    const before = (await decoded(at("vfr.mp4"), "video")).map(({ pts }) => pts);
    expect(new Set(before.slice(1).map((pts, i) => pts - before[i]!)).size).toBeGreaterThan(5);
    await transcode(at("vfr.mp4"), at("vfr-out.mp4"), { preset: "ultrafast" }).done;
    const after = (await decoded(at("vfr-out.mp4"), "video")).map(({ pts }) => pts);
    const first = before[0]!;
    expect(after.map((pts) => pts - after[0]!)).toEqual(before.map((pts) => pts - first));
  });

  it("tries hardware by using it, and says so where it goes on without", async () => {
    const { notes, videoEncoder } = await transcode(at("grey.mp4"), at("hw.mp4"), {
      hw: "auto",
      preset: "ultrafast",
    }).done;
    // Whatever this machine has: either it was used, or the reason is told.
    if (videoEncoder === "libx264")
      expect(notes.join()).toMatch(/no hardware encoder works here \(h264_nvenc: .*h264_vaapi: /);
    else expect(videoEncoder).toMatch(/^h264_(nvenc|vaapi)$/);
    expect(await decoded(at("hw.mp4"), "video")).toHaveLength(5);
  });

  it("refuses what cannot be", async () => {
    await expect(transcode(at("in.mp4"), at("x.webm"), { video: "h264" }).done).rejects.toThrow(
      /WebM cannot hold h264/,
    );
    await expect(transcode(at("in.mp4"), at("x.mp4"), { video: "none", audio: "none" }).done).rejects.toThrow(
      /nothing/,
    );
    const missing = { watermark: { path: at("missing.png") } };
    await expect(transcode(at("in.mp4"), at("x.mp4"), missing).done).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(
      transcode(at("in.mp4"), at("x.mp4"), { crop: { width: 4_000, height: 40 } }).done,
    ).rejects.toMatchObject({ name: "AvError" });
    expect(() => transcode(at("in.mp4"), at("x.mp4"), { crf: -1 })).toThrow(TypeError);
  });
});
