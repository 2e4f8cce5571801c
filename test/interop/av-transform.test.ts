import { readdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frames } from "../../src/av/frames.js";
import { type FrameTransform, transform } from "../../src/av/transform.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { decoded, ffmpeg, packetsOf, trackOf } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";
import { until } from "../support/until.js";

const media = mediaFolder();
const { path: at, folder } = media;
afterAll(async () => {
  await killPrograms();
  media.remove();
});

const FAST = { preset: "ultrafast", crf: 1 } as const;

beforeAll(async () => {
  await media.make("in.mp4", 2, H264_AAC, "160x90");
  // Sound from 0, the picture from 0.2 s on, at uneven times.
  const shift = "setpts='PTS+(0.2+N*N*0.0001)/TB',select='not(eq(mod(n,5),3))'";
  await ffmpeg([
    ...[
      "-i",
      at("in.mp4"),
      "-vf",
      shift,
      "-fps_mode",
      "passthrough",
      "-enc_time_base",
      "1/90000",
      "-c:a",
      "copy",
    ],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-video_track_timescale", "90000", at("vfr.mp4")],
  ]);
});

const invert: FrameTransform = ({ data }) => {
  for (let i = 0; i < data.length; i++) if (i % 4 !== 3) data[i] = 255 - data[i]!;
  return data;
};

async function pictures(file: string): Promise<{ pts: number; data: Uint8Array }[]> {
  const all: { pts: number; data: Uint8Array }[] = [];
  for await (const { pts, data } of frames(file)) all.push({ pts, data });
  return all;
}

describe("transform", () => {
  it("gives each picture to the function, and encodes what it gives, at the same time", async () => {
    const { videoEncoder } = await transform(at("vfr.mp4"), at("inverted.mp4"), invert, FAST).done;
    expect(videoEncoder).toBe("libx264");
    const [before, after] = [await pictures(at("vfr.mp4")), await pictures(at("inverted.mp4"))];
    expect(after.map(({ pts }) => pts)).toEqual(before.map(({ pts }) => pts));
    expect(before[0]?.pts).toBeGreaterThanOrEqual(200_000);
    const off = (i: number) =>
      before[i]!.data.reduce(
        (sum, value, j) => sum + (j % 4 === 3 ? 0 : Math.abs(255 - value - after[i]!.data[j]!)),
        0,
      ) / before[i]!.data.length;
    for (const i of [0, 10, before.length - 1]) expect(off(i)).toBeLessThan(12);
    // The sound is what it was, when it was.
    const sound = async (file: string) =>
      (await packetsOf(file, "audio")).map(({ pts, hash }) => `${pts} ${hash}`);
    expect(await sound(at("inverted.mp4"))).toEqual(await sound(at("vfr.mp4")));
  });

  it("keeps the shape of pixels that are not square", async () => {
    await ffmpeg(["-i", at("in.mp4"), "-t", "0.2", "-vf", "setsar=4/3", "-an", at("wide.mp4")]);
    await transform(at("wide.mp4"), at("wide-out.mp4"), ({ data }) => data, FAST).done;
    const shape = (file: string) =>
      trackOf(file, "video").then(({ sample_aspect_ratio: ratio }) => String(ratio).split(":"));
    const [width = 0, height = 0] = (await shape(at("wide-out.mp4"))).map(Number);
    expect(Math.abs(width / height - 4 / 3)).toBeLessThan(0.001);
  });

  it("takes another size, times of its own, and nothing for a picture that is left out", async () => {
    const half: FrameTransform = async ({ pts }, { index }) => {
      await new Promise((resolve) => void setImmediate(resolve));
      if (index % 2 === 1) return undefined;
      return { pts: pts * 2, width: 64, height: 36, data: new Uint8Array(64 * 36 * 4).fill(index) };
    };
    await transform(at("in.mp4"), at("half.mkv"), half, { ...FAST, audio: "none" }).done;
    expect(await trackOf(at("half.mkv"), "video")).toMatchObject({ width: 64, height: 36 });
    expect((await decoded(at("half.mkv"), "video")).map(({ pts }) => pts)).toEqual(
      Array.from({ length: 25 }, (_, i) => i * 160_000),
    );
    expect(await packetsOf(at("half.mkv"), "audio")).toEqual([]);
  });

  it.each<[string, FrameTransform, RegExp]>([
    [
      "an error",
      (frame, { index }) => {
        if (index === 5) throw new RangeError("not this one");
        return frame;
      },
      /not this one/,
    ],
    ["a promise that fails", () => Promise.reject(new Error("later")), /later/],
    ["too few pixels", () => new Uint8Array(4), /4 bytes for a picture of 160x90/],
    [
      "two sizes",
      (frame, { index }) =>
        index === 0 ? frame : { ...frame, width: 2, height: 2, data: new Uint8Array(16) },
      /2x2 after 160x90/,
    ],
    ["a time that does not rise", (frame) => ({ ...frame, pts: 7 }), /at 7 µs after one at 7 µs/],
    ["nothing at all", () => undefined, /no picture at all/],
  ])("ends at %s, and leaves the old file and nothing else", async (_, change, message) => {
    await writeFile(at("old.mp4"), "old");
    const before = await readdir(folder);
    const job = transform(at("in.mp4"), at("old.mp4"), change, { ...FAST, overwrite: true });
    await expect(job.done).rejects.toMatchObject({
      name: "AvError",
      code: "failed",
      message: expect.stringMatching(message),
    });
    expect(await readFile(at("old.mp4"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(before);
    expect(enginesLeft()).toEqual([]);
  });

  it("gives the function's own error as the cause", async () => {
    const mine = new RangeError("mine");
    const job = transform(at("in.mp4"), at("new.mp4"), () => Promise.reject(mine), FAST);
    await expect(job.done).rejects.toMatchObject({ cause: mine });
  });

  it("holds the decoder back while the function is at work, and ends with it in the middle", async () => {
    let given = 0;
    let fired = false;
    const never: FrameTransform = (frame, { signal }) => {
      given += 1;
      if (given < 3) return frame;
      signal.addEventListener("abort", () => {
        fired = true;
      });
      return new Promise(() => {});
    };
    const job = transform(at("in.mp4"), at("never.mp4"), never, FAST);
    await until(() => given === 3);
    expect(enginesLeft()).toHaveLength(2);
    job.cancel();
    await expect(job.done).rejects.toMatchObject({ code: "aborted" });
    expect([given, fired]).toEqual([3, true]);
    expect(enginesLeft()).toEqual([]);
    expect(await readdir(folder)).not.toContain("never.mp4");
  });

  it("wants a file and a function", () => {
    expect(() => transform("http://127.0.0.1/a.flv", at("x.mp4"), invert)).toThrow(TypeError);
    expect(() => transform(at("in.mp4"), at("x.mp4"), "invert" as unknown as FrameTransform)).toThrow(
      TypeError,
    );
  });
});
