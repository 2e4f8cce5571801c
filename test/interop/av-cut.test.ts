import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { concat } from "../../src/av/concat.js";
import { cut } from "../../src/av/cut.js";
import { frames } from "../../src/av/frames.js";
import { remux } from "../../src/av/remux.js";
import { H264_AAC, mediaFolder } from "../support/media-files.js";
import { decoded, packetsOf, trackOf } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";

const media = mediaFolder();
const { path: at } = media;
afterAll(async () => {
  await killPrograms();
  media.remove();
});

beforeAll(async () => {
  await media.make("in.mp4", 6, H264_AAC, "160x90");
  for (const name of ["in.mkv", "in.flv", "in.ts"]) await remux(at("in.mp4"), at(name)).done;
});

const hashes = (packets: readonly { readonly hash: string }[]) => packets.map(({ hash }) => hash);

describe("cut", () => {
  it.each(["in.mp4", "in.mkv", "in.flv", "in.ts"])(
    "of %s begins at the key frame before, and says which",
    async (from) => {
      const { startUs } = await cut(at(from), at(`of-${from}.mkv`), { fromMs: 2_500, toMs: 4_400 }).done;
      // A key frame each second; out of an MP4 the picture begins a frame of sound later.
      expect((startUs ?? 0) - 2_000_000).toBeGreaterThanOrEqual(0);
      expect((startUs ?? 0) - 2_000_000).toBeLessThanOrEqual(24_000);
      const part = await decoded(at(`of-${from}.mkv`), "video");
      const whole = await decoded(at(from), "video");
      const first = whole.findIndex(({ hash }) => hash === part[0]?.hash);
      expect(first).toBe(50);
      expect(part[0]?.pts).toBeLessThanOrEqual(1_000);
      // To 4.4 s: 60 pictures, give or take those that are decoded ahead of their time.
      expect(part.length).toBeGreaterThanOrEqual(58);
      expect(part.length).toBeLessThanOrEqual(62);
      const shown = (end: number) => hashes(whole.slice(first, first + end));
      expect(hashes(part.slice(0, 57))).toEqual(shown(57));
      // The sound begins with the picture, and keeps up with it.
      const [video] = await packetsOf(at(`of-${from}.mkv`), "video");
      const [audio] = await packetsOf(at(`of-${from}.mkv`), "audio");
      expect(Math.abs((audio?.pts ?? 0) - (video?.pts ?? 0))).toBeLessThanOrEqual(24_000);
    },
  );

  it("at a key frame begins there, and from 0 is everything", async () => {
    const { startUs } = await cut(at("in.mp4"), at("at-key.mp4"), { fromMs: 3_000 }).done;
    expect(startUs).toBe(3_000_000);
    const whole = await packetsOf(at("in.mp4"), "video");
    expect(hashes(await packetsOf(at("at-key.mp4"), "video"))).toEqual(hashes(whole.slice(75)));
    await cut(at("in.mp4"), at("to.mp4"), { toMs: 60_000 }).done;
    expect(hashes(await packetsOf(at("to.mp4"), "video"))).toEqual(hashes(whole));
  });

  it("exactly begins with the frame that is asked for", async () => {
    const { videoEncoder } = await cut(at("in.mp4"), at("exact.mp4"), {
      fromMs: 2_520,
      toMs: 3_000,
      exact: true,
    }).done;
    expect(videoEncoder).toBe("libx264");
    const part = await decoded(at("exact.mp4"), "video");
    expect(part.map(({ pts }) => pts)).toEqual(Array.from({ length: 12 }, (_, i) => i * 40_000));
    const picture = async (file: string, atMs: number): Promise<Uint8Array> => {
      for await (const frame of frames(at(file), { atMs })) return frame.data;
      throw new Error("no picture");
    };
    const difference = (a: Uint8Array, b: Uint8Array) =>
      a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
    const ours = await picture("exact.mp4", 0);
    // Nearer to the frame at 2.52 s than to its neighbours: the picture moves.
    const [before, same, after] = [
      difference(ours, await picture("in.mp4", 2_480)),
      difference(ours, await picture("in.mp4", 2_520)),
      difference(ours, await picture("in.mp4", 2_560)),
    ] as [number, number, number];
    expect(same).toBeLessThan(before / 2);
    expect(same).toBeLessThan(after / 2);
  });

  it("exactly does so in a transport stream too, which has no index to seek by", async () => {
    await cut(at("in.ts"), at("exact-ts.mkv"), { fromMs: 2_550, toMs: 3_000, exact: true }).done;
    // The pictures' times are 23 ms more than multiples of 40, as the sound begins first: 2.583, …, 2.983 s.
    expect(await decoded(at("exact-ts.mkv"), "video")).toHaveLength(11);
  });

  it("refuses a part that is not there", async () => {
    await expect(cut(at("in.mp4"), at("no.mp4"), { fromMs: 60_000 }).done).rejects.toThrow(
      /is 6[\d.]* s long/,
    );
    expect(() => cut(at("in.mp4"), at("no.mp4"), { fromMs: 2, toMs: 1 })).toThrow(TypeError);
    expect(() => cut(at("in.mp4"), at("no.mp4"), { fromMs: -1 })).toThrow(TypeError);
  });
});

describe("concat", () => {
  it("joins what is alike without touching it", async () => {
    await cut(at("in.mp4"), at("one.mp4"), { toMs: 2_000 }).done;
    await cut(at("in.mp4"), at("it's two.mp4"), { fromMs: 3_000 }).done;
    await concat([at("one.mp4"), at("it's two.mp4")], at("joined.mp4")).done;
    const parts = [await packetsOf(at("one.mp4"), "video"), await packetsOf(at("it's two.mp4"), "video")];
    const joined = await packetsOf(at("joined.mp4"), "video");
    expect(hashes(joined)).toEqual(hashes(parts.flat()));
    // Times go on rising, without a gap of more than what a part ends by: a sound's frames, a picture out of order.
    const times = joined.map(({ dts }) => dts ?? 0);
    for (let i = 1; i < times.length; i++) {
      expect(times[i]! - times[i - 1]!).toBeGreaterThan(0);
      expect(times[i]! - times[i - 1]!).toBeLessThanOrEqual(40_000 + 47_000 + 40_000);
    }
  });

  it("says what differs, and makes it equal", async () => {
    await media.make("other.mp4", 1, [...H264_AAC, "-ar", "48000"], "96x96");
    const refused = concat([at("in.mp4"), at("other.mp4")], at("mixed.mp4"));
    await expect(refused.done).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/video size 96x96, not 160x90.*audio sample rate 48000, not 44100/),
    });
    const { durationUs } = await concat([at("in.mp4"), at("other.mp4")], at("mixed.mp4"), { reencode: true })
      .done;
    expect(await trackOf(at("mixed.mp4"), "video")).toMatchObject({
      width: 160,
      height: 90,
      codec_name: "h264",
    });
    expect(Math.abs(durationUs - 7_000_000)).toBeLessThan(100_000);
  });

  it("refuses other settings of the encoder, and sound beside none", async () => {
    await media.make("refs.mp4", 1, [...H264_AAC, "-refs", "4", "-bf", "0"], "160x90");
    await expect(concat([at("in.mp4"), at("refs.mp4")], at("x.mp4")).done).rejects.toThrow(
      /configuration|profile/,
    );
    await media.make("silent.mp4", 1, [...H264_AAC, "-an"], "160x90");
    await expect(concat([at("in.mp4"), at("silent.mp4")], at("x.mp4")).done).rejects.toThrow(
      /silent\.mp4 has none/,
    );
    await concat([at("in.mp4"), at("silent.mp4")], at("x.mp4"), { audio: "none" }).done;
    expect(await packetsOf(at("x.mp4"), "video")).toHaveLength(175);
    expect(() => concat([at("in.mp4")], at("x.mp4"))).toThrow(TypeError);
    expect(() => concat([at("in.mp4"), "http://127.0.0.1/a.mp4"], at("x.mp4"))).toThrow(TypeError);
  });
});
